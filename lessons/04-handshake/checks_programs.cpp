// The judge of lesson 4: server and client over real sockets. RFC 6455 §4.1, §4.2.
#include "lessons/04-handshake/checks.hpp"

namespace check {

namespace {

const Scenario server_accepts{"server-accepts", exercise(5).needs(2, 3, 4), "RFC 6455 §4.2.2",
    "the server answers 101 with the right accept key", [](Run& run) {
    Server server{run};
    const std::string key = new_key(run);
    Peer client{run, server};
    client.send(head_of(get, with(with(good_headers(key), "Connection", "keep-alive, Upgrade"),
                                  "Origin", "http://localhost")));
    const Head head = client.expect_status(101, "a good request was refused");
    client.expect_header(head, "Upgrade", "websocket", "it names the protocol that follows");
    client.expect_header(head, "Connection", "Upgrade", "it goes with Upgrade");
    client.expect_header(head, "Sec-WebSocket-Accept", accept_key(key),
                         "it must answer the key that was sent, " + key);
    client.expect_end();
}};

const Scenario server_refuses{"server-refuses", exercise(4).needs(3), "RFC 6455 §4.2.2",
    "a bad request gets the status that says what is wrong", [](Run& run) {
    Server server{run};
    const Headers headers = good_headers(new_key(run));
    const auto refuse = [&](const std::string& start, const Headers& lines, int status,
                            std::string_view why) {
        Peer client{run, server};
        client.send(head_of(start, lines));
        const Head head = client.expect_status(status, why);
        client.expect_no_header(head, "Sec-WebSocket-Accept", "a refusal accepts nothing");
        return head;
    };
    refuse(get, with(headers, "Upgrade", std::nullopt), 426, "a request without Upgrade is no handshake");
    const Head version = refuse(get, with(headers, "Sec-WebSocket-Version", "8"), 426,
                                "version 8 is none that this server knows");
    run.is_true(version.find("Sec-WebSocket-Version") == "13",
                "the answer to another version names the right one, in Sec-WebSocket-Version: 13 (§4.4)");
    refuse(get, with(headers, "Sec-WebSocket-Key", "short"), 400, "a key that is not 16 bytes was taken");
    refuse(get, with(headers, "Content-Length", "5"), 400, "a request with a body was taken");
    refuse("GET /other HTTP/1.1", headers, 404, "there is no such path");
    refuse("POST /ws HTTP/1.1", headers, 405, "the method must be GET");
}};

const Scenario client_checks{"client-checks", exercise(6).needs(2, 3), "RFC 6455 §4.1",
    "the client connects to a right answer, and to no other", [](Run& run) {
    const auto meet = [&](bool right) {
        Host host{run};
        Client program{run, host};
        Peer server{run, host};
        const Head request = server.head("the request of your client");
        const std::string key = right ? request.find("Sec-WebSocket-Key") : "another key";
        server.send(head_of("HTTP/1.1 101 Switching Protocols", good_answer(key)));
        server.end_sending();
        const int status = program->wait();
        if (right)
            run.equal("the client's exit status", status, 0,
                      "the answer was right; the client said: " + program->errors());
        else
            run.equal("the client's exit status", status, 1,
                      "the accept key belongs to another request, and the client connected");
    };
    meet(true);
    meet(false);
}};

}  // namespace

}  // namespace check
