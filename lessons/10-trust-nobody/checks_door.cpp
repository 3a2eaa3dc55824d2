// The judge of lesson 10, exercises 5 and 6: which address, and the server at its door.
// RFC 6455 §4.2.2, §10.1, §10.5, RFC 7239.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- exercise 5: which address ------------------------------------------------------------------

void expect_client(Run& run, const std::string& peer, const std::vector<std::string>& list,
                   const std::string& expected, std::string_view why) {
    const std::vector<std::string> proxies{"10.0.0.1", "10.0.0.2", "fd00::1"};
    std::string header;
    for (const std::string& entry : list) header += (header.empty() ? "" : ", ") + entry;
    expect_call(run,
                Call{"believed_client", peer, list, proxies}.as(
                    "believed_client(" + peer + ", X-Forwarded-For: " + header +
                    ")   // proxies: 10.0.0.1, 10.0.0.2, fd00::1"),
                expected, why);
}

std::string some_address(Run& run) {
    return "198.51.100." + std::to_string(run.number(1, 250));
}

const Scenario no_proxy{"no-proxy", exercise(5), "RFC 7239 §8.1",
    "from anybody else than a proxy of ours the header says nothing", [](Run& run) {
    const std::string client = some_address(run);
    const std::string why = "the caller is no proxy of ours. Anybody can write such a header, "
                            "and would choose an address that has no limit yet";
    expect_client(run, client, {"203.0.113.7"}, client, why);
    expect_client(run, client, {"203.0.113.7", "10.0.0.1"}, client, why);
    expect_client(run, client, {}, client, "there is no header at all");
}};

const Scenario one_proxy{"one-proxy", exercise(5), "RFC 7239 §8.1",
    "behind a proxy of ours the client is whom that proxy names", [](Run& run) {
    const std::string client = some_address(run);
    const std::string why = "the proxy has written for whom it speaks. Taken by the proxy's "
                            "own address, all its clients would be one";
    expect_client(run, "10.0.0.1", {client}, client, why);
    expect_client(run, "fd00::1", {client}, client, why);
    expect_client(run, "10.0.0.2", {"2001:db8::7"}, "2001:db8::7", why);
    expect_client(run, "10.0.0.1", {}, "10.0.0.1",
                  "the proxy names nobody: then it has come by itself");
}};

const Scenario forged{"forged", exercise(5), "RFC 7239 §8.1",
    "a proxy writes at the end; what stands before may be invented", [](Run& run) {
    const std::string client = some_address(run);
    const std::string why =
        "only the last entry was written by our proxy. The one before was sent by " + client +
        ", who can write there what it likes";
    expect_client(run, "10.0.0.1", {"203.0.113.7", client}, client, why);
    expect_client(run, "10.0.0.1", {"10.0.0.2", client}, client, why);
    expect_client(run, "10.0.0.1", {"203.0.113.7", "10.0.0.2", "127.0.0.1", client}, client,
                  why);
}};

const Scenario two_proxies{"two-proxies", exercise(5), "RFC 7239 §8.1",
    "behind two proxies of ours the walk goes on, one entry for each", [](Run& run) {
    const std::string client = some_address(run);
    const std::string why = "10.0.0.1 says that 10.0.0.2 called it; that is ours too, so the "
                            "entry before is believed, and no further";
    expect_client(run, "10.0.0.1", {client, "10.0.0.2"}, client, why);
    expect_client(run, "10.0.0.1", {"203.0.113.7", client, "10.0.0.2"}, client, why);
    expect_client(run, "10.0.0.1", {"203.0.113.7", client, "fd00::1", "10.0.0.2"}, client, why);
    expect_client(run, "10.0.0.1", {"10.0.0.2"}, "10.0.0.2",
                  "the list ends at a proxy: then it has come by itself");
}};

const Scenario garbage{"garbage", exercise(5), "RFC 7239 §8.1",
    "what is no address ends the walk: nothing before it is believed", [](Run& run) {
    const std::string client = some_address(run);
    for (const char* entry : {"unknown", "localhost", "198.51.100.300", "198.51.100.7:http"}) {
        const std::string why = std::string{entry} +
                                " is no address, so nobody we trust has vouched for what "
                                "stands before it; it stays with the proxy that passed it on";
        expect_client(run, "10.0.0.1", {client, entry}, "10.0.0.1", why);
        expect_client(run, "10.0.0.1", {client, entry, "10.0.0.2"}, "10.0.0.2", why);
    }
    expect_client(run, "10.0.0.1", {"unknown", client}, client,
                  "the last entry is an address, and what stands before does not matter");
    expect_client(run, "10.0.0.1", {client + ":5678"}, client,
                  "some proxies write a port after the address; it is left out");
}};

// --- the server at its door ---------------------------------------------------------------------

void ask(Peer& client, const std::string& headers) {
    client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Version: 13\r\n" +
                headers + "\r\n");
}

void expect_refused(Run& run, Server& server, const std::string& headers, int status,
                    std::string_view why) {
    Peer client{run, server};
    ask(client, headers);
    client.expect_status(status, why);
}

const Scenario page_refused{"page-refused", exercise(3).needs(3).once(), "RFC 6455 §4.2.2, §10.2",
    "a foreign page gets 403, before the first frame", [](Run& run) {
    Server server{run};
    expect_refused(run, server, "Origin: https://evil.example\r\n", 403,
                   "the page is evil.example's, and it asks localhost");
    for (const char* own : {"Origin: http://localhost\r\n", ""}) {
        Peer client{run, server};
        ask(client, own);
        client.expect_status(101, *own != '\0' ? "the page is our own" : "no page, no Origin");
    }
}};

const Scenario login{"login", exercise(4).needs(2, 4).once(), "RFC 6455 §4.2.2, §10.5",
    "a user gets in by name, a stranger 401, a blocked one 403", [](Run& run) {
    Server server{run, {"--users", "lessons/10-trust-nobody/users.txt"}};
    Peer stranger{run, server};
    ask(stranger, "");
    const Head head = stranger.expect_status(401, "no credentials were presented");
    run.is_true(head.count("WWW-Authenticate") > 0,
                "401 has to say how one can log in: a WWW-Authenticate header (RFC 9110 "
                "§15.5.2)");
    const auto basic = [](std::string_view pair) {
        return "Authorization: Basic " + base64(bytes_of(pair)) + "\r\n";
    };
    expect_refused(run, server, basic("mallory:let-me-in"), 403, "mallory is blocked");
    for (const std::string& headers :
         {basic("alice:open-sesame"), std::string{"Cookie: session=open-sesame\r\n"}}) {
        Peer alice{run, server};
        alice.open("/ws", headers);
        alice.expect(text("Hello alice! Your IP is 127.0.0.1"));
    }
}};

const Scenario behind_proxy{"behind-proxy", exercise(5).needs(5).once(), "RFC 6455 §10.1",
    "a client that comes through a proxy is counted by its own address", [](Run& run) {
    Server server{
        run, {"--trusted-proxy", "127.0.0.1", "--max-connections-per-address", "1"}};
    const std::string header = "X-Forwarded-For: 203.0.113.7, ";
    Peer first{run, server}, second{run, server};
    first.open("/ws", header + "198.51.100.1\r\n");
    first.expect(text("Hello! Your IP is 198.51.100.1"));
    second.open("/ws", header + "198.51.100.2\r\n");
    second.expect(text("Hello! Your IP is 198.51.100.2"));
    expect_refused(run, server, "X-Forwarded-For: 203.0.113.8, 198.51.100.1\r\n", 429,
                   "198.51.100.1 has its one connection, whatever it writes before its own "
                   "address");
}};

// --- exercise 6: a server of one's own ----------------------------------------------------------

const Scenario places{"places", exercise(6).once(), "RFC 6455 §4.1, RFC 6585 §4",
    "beyond the limits: 503 when all places are taken, 429 for one address", [](Run& run) {
    Server small{run, {"--max-connections", "1"}};
    Peer only{run, small};
    only.open();
    expect_refused(run, small, "", 503,
                   "--max-connections 1, and one is there. A limit that is not kept is found "
                   "out when memory or descriptors are");
    Server fair{run, {"--max-connections-per-address", "1"}};
    Peer one{run, fair};
    one.open();
    expect_refused(run, fair, "", 429,
                   "--max-connections-per-address 1, and 127.0.0.1 has one already");
}};

const Scenario subprotocol{"subprotocol", exercise(6).once(), "RFC 6455 §4.2.2, §11.3.4",
    "a subprotocol is answered when both speak it, and not at all otherwise", [](Run& run) {
    Server server{run, {"--subprotocol", "superchat"}};
    constexpr auto name = "Sec-WebSocket-Protocol";
    const auto answer = [&](Peer& client, const std::string& headers) {
        ask(client, headers);
        return client.expect_status(101, "the request is right; a subprotocol that nobody "
                                         "speaks is no reason to refuse");
    };
    Peer both{run, server}, other{run, server}, none{run, server};
    both.expect_header(answer(both, "Sec-WebSocket-Protocol: chat, superchat\r\n"), name,
                       "superchat",
                       "it is the one of the two that this server speaks. A browser drops a "
                       "connection whose answer names another");
    const std::string why = "No header says \"none\". A browser drops a connection whose "
                            "answer names what was not offered, and an empty name is no name";
    other.expect_no_header(answer(other, "Sec-WebSocket-Protocol: chat\r\n"), name, why);
    none.expect_no_header(answer(none, ""), name, why);
}};

}  // namespace

}  // namespace check
