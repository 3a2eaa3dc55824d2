// Lesson 10, end to end: whom the server lets in, how it refuses the others, and what its log says
// about them. RFC 6455 §4.2.2, §10.
#include <doctest/doctest.h>
#include <signal.h>

#include <vector>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"
#include "ws/handshake.hpp"

using namespace test;

namespace {

constexpr const char* lesson = "10-trust-nobody";
constexpr const char* users = "lessons/10-trust-nobody/users.txt";

std::string request(const std::string& lines) {
    std::string head = sample_request(8080);
    return head.insert(head.size() - 2, lines);
}

// The first line of the answer to a request with these header lines.
std::string ask(std::uint16_t port, const std::string& lines) {
    RawPeer peer{port};
    peer.send(request(lines));
    const std::string head = peer.receive_head();
    return head.substr(0, head.find("\r\n"));
}

constexpr const char* let_in = "HTTP/1.1 101 Switching Protocols";
constexpr const char* unknown = "HTTP/1.1 401 Unauthorized";
constexpr const char* forbidden = "HTTP/1.1 403 Forbidden";

std::string basic(const std::string& pair) {
    return "Authorization: Basic " + ws::base64(ws::as_bytes(pair)) + "\r\n";
}

// A client that was let in; what it was greeted with.
RawPeer open(std::uint16_t port, const std::string& lines, std::string& greeting) {
    RawPeer peer{port};
    peer.send(request(lines));
    CHECK(peer.receive_head().starts_with(let_in));
    greeting = peer.receive_text();
    return peer;
}

std::string greeting(std::uint16_t port, const std::string& lines) {
    std::string text;
    open(port, lines, text);
    return text;
}

// The next line of the log, without the time.
std::string log_line(LessonServer& server) {
    const std::string line = server.process.read_error_line();
    return line.substr(line.find(' ') + 1);
}

Finished client(const LessonServer& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--port", std::to_string(server.port)});
    return run(program("lessons/10-trust-nobody/client"), arguments);
}

}  // namespace

TEST_CASE("lesson 10: §10.2 a page of another site is refused, one of this host is not") {
    LessonServer server{lesson};
    CHECK(server.listening_line == "WebSocket server at ws://localhost:8080/ws ...");
    CHECK(ask(server.port, "") == let_in);
    // The Host of the request names port 8080.
    CHECK(ask(server.port, "Origin: http://localhost:8080\r\n") == let_in);
    CHECK(ask(server.port, "Origin: http://localhost:8000\r\n") == forbidden);
    CHECK(ask(server.port, "Origin: http://evil.example\r\n") == forbidden);
    CHECK(ask(server.port, "Origin: null\r\n") == forbidden);
    server.stop();
}

TEST_CASE("lesson 10: §10.2 a list of origins") {
    LessonServer server{
        lesson, {"--allowed-origin", "https://a.test", "--allowed-origin", "http://b.test:8000"}};
    CHECK(ask(server.port, "Origin: https://a.test\r\n") == let_in);
    CHECK(ask(server.port, "Origin: http://b.test:8000\r\n") == let_in);
    CHECK(ask(server.port, "Origin: http://localhost:8080\r\n") == forbidden);
}

TEST_CASE("lesson 10: §10.5 who is known is greeted by name, others get 401 or 403") {
    LessonServer server{lesson, {"--users", users}};
    CHECK(ask(server.port, basic("mallory:let-me-in")) == forbidden);
    CHECK(ask(server.port, basic("alice:guess-me")) == unknown);
    CHECK(ask(server.port, "") == unknown);
    CHECK(greeting(server.port, basic("alice:open-sesame")) == "Hello alice! Your IP is 127.0.0.1");
    CHECK(
        greeting(server.port, "Authorization: Bearer open-sesame\r\n").starts_with("Hello alice"));
    CHECK(greeting(server.port, "Cookie: session=open-sesame\r\n").starts_with("Hello alice"));
    server.stop();
    // No secret, right or wrong, in any form, is in the log.
    const std::string& log = server.process.errors_so_far();
    for (const std::string& secret :
         {std::string{"open-sesame"}, std::string{"guess-me"}, std::string{"let-me-in"},
          ws::base64(ws::as_bytes("alice:guess-me"))})
        CHECK(log.find(secret) == std::string::npos);
    CHECK(log.find("refused with 403: these credentials do not allow this") != std::string::npos);
}

TEST_CASE("lesson 10: §4.2.2 the server's first subprotocol that the client offers") {
    LessonServer server{lesson, {"--subprotocol", "superchat", "--subprotocol", "chat"}};
    const auto chosen = [&](std::vector<std::string> offered) {
        std::vector<std::string> arguments;
        for (std::string& name : offered) {
            arguments.push_back("--subprotocol");
            arguments.push_back(std::move(name));
        }
        return client(server, arguments).output;
    };
    CHECK(chosen({"chat", "superchat"}).find("Subprotocol: superchat\n") != std::string::npos);
    CHECK(chosen({"chat"}).find("Subprotocol: chat\n") != std::string::npos);
    CHECK(chosen({"other"}).find("Subprotocol") == std::string::npos);
}

TEST_CASE("lesson 10: the client tries what must not work") {
    LessonServer server{lesson, {"--users", users}};
    const Finished result = client(server, {"--break-each", "--user", "alice:open-sesame"});
    CHECK(result.status == 0);
    CHECK(result.output.starts_with(
        "A page of another site: Handshake failed: HTTP/1.1 403 Forbidden (pages from this Origin "
        "may not connect); path /ws\n"
        "No credentials: Handshake failed: HTTP/1.1 401 Unauthorized (credentials are missing or "
        "wrong); path /ws\n"
        "A guessed password: Handshake failed: HTTP/1.1 401 Unauthorized (credentials are missing "
        "or wrong); path /ws\n"
        "Connected! "));
    CHECK(client(server, {"--token", "open-sesame"}).status == 0);
    CHECK(client(server, {"--cookie", "session=open-sesame"}).status == 0);
    CHECK(client(server, {"--header", "Cookie: session=open-sesame"}).status == 0);
    const Finished refused = client(server, {"--origin", "http://evil.example"});
    CHECK(refused.status == 1);
    CHECK(refused.errors ==
          "client: Handshake failed: HTTP/1.1 403 Forbidden (pages from this Origin may not "
          "connect); path /ws\n");
}

TEST_CASE("lesson 10: a head that is too long, and a handshake that takes too long") {
    LessonServer server{lesson, {"--max-head-bytes", "300"}};
    CHECK(ask(server.port, "") == let_in);
    CHECK(ask(server.port, "X-Long: " + std::string(300, 'a') + "\r\n") ==
          "HTTP/1.1 431 Request Header Fields Too Large");
    LessonServer impatient{lesson, {"--handshake-timeout", "0.1"}};
    RawPeer silent{impatient.port};
    silent.send("GET /ws HTTP/1.1\r\n");
    CHECK(silent.receive_head().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST_CASE("lesson 10: beyond --max-connections 503, and a place that is left is given again") {
    LessonServer server{lesson, {"--max-connections", "1"}};
    std::string text;
    RawPeer first = open(server.port, "", text);
    // It need not even ask.
    RawPeer second{server.port};
    const std::string answer = second.receive_head();
    CHECK(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(answer.find("\r\nRetry-After: ") != std::string::npos);
    second.close();
    CHECK(log_line(server).find(" connected") != std::string::npos);
    CHECK(log_line(server).find(" refused with 503: the server has as many connections as it can "
                                "serve; try again later (RFC 9110 §15.6.4)") != std::string::npos);
    first.send_frame(ws::Opcode::close, "\x03\xe8");
    first.expect_close(1000);
    first.close();
    CHECK(log_line(server).find(" closed: 1000") != std::string::npos);
    const net::Deadline deadline = net::after(patience);
    while (ask(server.port, "") != let_in) REQUIRE(net::Clock::now() < *deadline);
}

TEST_CASE("lesson 10: beyond --max-connections-per-address 429, for whomever a proxy speaks") {
    SUBCASE("directly") {
        LessonServer server{lesson, {"--max-connections-per-address", "2"}};
        std::string text;
        const RawPeer first = open(server.port, "", text);
        const RawPeer second = open(server.port, "", text);
        CHECK(ask(server.port, "") == "HTTP/1.1 429 Too Many Requests");
    }
    SUBCASE("through a proxy") {
        LessonServer server{lesson,
                            {"--max-connections-per-address", "1", "--trusted-proxy", "127.0.0.1"}};
        std::string text;
        const RawPeer first = open(server.port, "X-Forwarded-For: 203.0.113.7\r\n", text);
        const RawPeer second = open(server.port, "X-Forwarded-For: 203.0.113.8\r\n", text);
        CHECK(ask(server.port, "X-Forwarded-For: 203.0.113.7\r\n") ==
              "HTTP/1.1 429 Too Many Requests");
        CHECK(ask(server.port, "X-Forwarded-For: 203.0.113.9\r\n") == let_in);
    }
}

TEST_CASE("lesson 10: more clients than descriptors are refused, and the others served on") {
    Process server{
        "/bin/sh",
        {"-c", "ulimit -n 64 && exec \"$0\" --port 0", program("lessons/10-trust-nobody/server")}};
    const std::uint16_t port = listening_port(server.read_line());
    // 64 less 32, at two for each.
    constexpr std::size_t places = 16;
    std::vector<RawPeer> inside;
    std::string text;
    for (std::size_t i = 0; i < places; ++i) inside.push_back(open(port, "", text));
    for (std::size_t i = 0; i < 2 * places; ++i)
        CHECK(RawPeer{port}.receive_head().starts_with("HTTP/1.1 503 "));
    for (RawPeer& peer : inside) {
        peer.send_frame(ws::Opcode::text, "still here");
        CHECK(peer.receive_text() == "still here");
    }
}

TEST_CASE("lesson 10: X-Forwarded-For is believed from the listed proxies only") {
    const std::string forged = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n";
    SUBCASE("from nobody by default") {
        LessonServer server{lesson};
        CHECK(greeting(server.port, forged) == "Hello! Your IP is 127.0.0.1");
    }
    SUBCASE("from another address") {
        LessonServer server{lesson, {"--trusted-proxy", "192.0.2.1"}};
        CHECK(greeting(server.port, forged) == "Hello! Your IP is 127.0.0.1");
    }
    SUBCASE("from a network of proxies") {
        LessonServer server{lesson, {"--trusted-proxy", "127.0.0.0/8"}};
        CHECK(greeting(server.port, forged) == "Hello! Your IP is 203.0.113.7");
    }
    SUBCASE("from the proxy, the rightmost address") {
        LessonServer server{lesson, {"--trusted-proxy", "127.0.0.1"}};
        CHECK(greeting(server.port, forged) == "Hello! Your IP is 203.0.113.7");
        CHECK(log_line(server).starts_with("203.0.113.7 connected, through the proxy 127.0.0.1:"));
        CHECK(log_line(server).starts_with("203.0.113.7 "));
        CHECK(greeting(server.port, "X-Forwarded-For: junk\r\n") == "Hello! Your IP is 127.0.0.1");
        CHECK(greeting(server.port, "") == "Hello! Your IP is 127.0.0.1");
    }
}

TEST_CASE("lesson 10: no peer writes lines into the log") {
    LessonServer server{lesson};
    std::string text;
    RawPeer peer = open(server.port, "", text);
    peer.send_frame(ws::Opcode::close,
                    "\x0f\xa0"
                    "bye\n2026-01-01T12:00:00Z 127.0.0.1:1 connected as bob\x1b[2J");
    peer.expect_close(4000);
    peer.close();
    CHECK(log_line(server).find(" connected") != std::string::npos);
    CHECK(log_line(server).find(
              " closed: 4000 (private) \"bye\\n2026-01-01T12:00:00Z 127.0.0.1:1 connected as "
              "bob\\x1B[2J\"") != std::string::npos);
    server.stop();
    CHECK(server.process.errors_so_far().find('\x1b') == std::string::npos);
}

TEST_CASE("lesson 10: a typing error in a rule ends the program, and opens no door") {
    const auto complaint = [](const std::vector<std::string>& arguments) {
        const Finished result = run(program("lessons/10-trust-nobody/server"), arguments);
        CHECK(result.status == 2);
        CHECK(result.output.empty());
        return result.errors;
    };
    CHECK(complaint({"--allowed-origin", "null"}).find("expected an origin such as") !=
          std::string::npos);
    complaint({"--allowed-origin", "*"});
    complaint({"--allowed-origin", "https://a.test/"});
    CHECK(complaint({"--trusted-proxy", "localhost"}).find("expected an address such as") !=
          std::string::npos);
    complaint({"--trusted-proxy", "10.1.2.3/8"});
    complaint({"--max-connections", "0"});
    complaint({"--max-connections-per-address", "0"});
    complaint({"--users", "/no/such/file"});
    // Nobody in it: then everybody would be let in.
    CHECK(complaint({"--users", "/dev/null"}).find("at least one user") != std::string::npos);
    // It has neither lines nor an end.
    CHECK(complaint({"--users", "/dev/zero"}).find("holds a zero byte") != std::string::npos);
    // A file that is none of ours must not be shown by the complaint about it.
    CHECK(complaint({"--users", "Makefile"}) ==
          "server: --users 'Makefile': expected a file with lines NAME:SECRET or "
          "NAME:SECRET:blocked, and no space at their ends (--help shows the options)\n");
    CHECK(run(program("lessons/10-trust-nobody/client"), {"--header", "none"}).status == 2);
}

TEST_CASE("lesson 10: a list of users from an editor of Windows names the same people") {
    const TemporaryFolder folder;
    write_file(folder.path("users"), "\xEF\xBB\xBF" "ann:first\r\n# nobody\r\n\r\nbob:last:blocked\r\n");
    LessonServer server{lesson, {"--users", folder.path("users")}};
    CHECK(ask(server.port, basic("ann:first")) == let_in);
    CHECK(ask(server.port, basic("bob:last")) == forbidden);
    CHECK(ask(server.port, basic("ann:first\r")) == unknown);
    server.stop();
}
