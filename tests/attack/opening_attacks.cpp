// Attacks on the door: heads that never end or come a byte at a time, requests that are read in two ways,
// foreign pages, more clients than there is room for. RFC 6455 §4.2, §10, RFC 9112 §11.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>

#include "tests/attack/target.hpp"
#include "tests/conformance/cases.hpp"
#include "tests/hostile/verdict.hpp"

using namespace attack;

namespace {

const std::vector<std::string> loops{"11-event-loop", "12-chat", "13-streaming", "14-compression"};
const std::vector<std::string> servers{"10-trust-nobody", "11-event-loop", "12-chat", "13-streaming",
                                       "14-compression"};

// A blocking server has a thread for each client, and its stack.
std::uint64_t growth_for(const std::string& lesson, std::size_t clients) {
    return 16 * mebibyte + (lesson == "10-trust-nobody" ? clients * 100'000 : clients * 1'000);
}

void expect_refusal(RawPeer& peer, std::initializer_list<std::string_view> statuses) {
    const ws::Buffer bytes = peer.receive_to_end();
    const std::string_view answer = ws::as_text(bytes);
    const bool right = std::ranges::any_of(statuses, [&](std::string_view status) {
        return answer.starts_with("HTTP/1.1 " + std::string{status});
    });
    CHECK_MESSAGE(right, "answered: " << answer.substr(0, 80));
}

// The line over and over, until the server has heard enough.
void send_for_ever(RawPeer& peer, const std::string& begin, const std::string& line) {
    constexpr std::uint64_t enough = 4 * mebibyte;
    peer.send(begin);
    std::string block;
    while (block.size() < 16'384) block += line;
    for (std::uint64_t sent = 0; sent < enough && peer.try_send(ws::as_bytes(block)); sent += block.size()) {}
}

}  // namespace

TEST_CASE("attack: slow handshakes") {
    constexpr std::size_t clients = 1000;
    for (const std::string& lesson : servers)
        withstand({.name = "1 1,000 slow handshakes", .lesson = lesson, .options = {"--handshake-timeout", "2"},
                   .most_growth = growth_for(lesson, clients)},
                  [](Target& target) {
                      std::vector<RawPeer> slow;
                      for (std::size_t i = 0; i < clients; ++i) {
                          slow.emplace_back(target.port());
                          if (i % 3 == 1) slow.back().send("GET /ws HTTP/1.1\r\nHost: loc");
                      }
                      // A third of them a byte now and then, until all have been given up.
                      for (int round = 0; round < 10; ++round) {
                          for (std::size_t i = 2; i < clients; i += 3) slow[i].try_send(ws::as_bytes("G"));
                          std::this_thread::sleep_for(100ms);
                      }
                      for (RawPeer& peer : slow) expect_refusal(peer, {"408"});
                  });
}

TEST_CASE("attack: endless heads") {
    for (const std::string& lesson : servers)
        withstand({.name = "2 endless heads and header lines", .lesson = lesson}, [](Target& target) {
            const std::string line = "GET /ws HTTP/1.1\r\n";
            for (int round = 0; round < 20; ++round) {
                RawPeer headers{target.port()}, header{target.port()}, path{target.port()}, many{target.port()};
                send_for_ever(headers, line, "X-Header: value\r\n");
                expect_refusal(headers, {"431"});
                send_for_ever(header, line + "X-Header: ", "xxxxxxxxxxxxxxxx");
                expect_refusal(header, {"431"});
                send_for_ever(path, "GET /", "xxxxxxxxxxxxxxxx");
                expect_refusal(path, {"414"});
                std::string short_lines = line;
                for (int i = 0; i < 10'000; ++i) short_lines += "a:b\r\n";
                many.try_send(ws::as_bytes(short_lines + "\r\n"));
                expect_refusal(many, {"431"});
            }
        });
}

TEST_CASE("attack: a head in segments of one byte") {
    for (const std::string& lesson : servers)
        withstand({.name = "2 15 KB of head, byte by byte", .lesson = lesson}, [](Target& target) {
            std::string request = sample_request(target.port());
            request.insert(request.size() - 2, "X-Long: " + std::string(7'000, 'x') + "\r\nX-Long: " +
                                                   std::string(7'800, 'x') + "\r\n");
            RawPeer peer{target.port()};
            const int yes = 1;
            ::setsockopt(peer.socket().get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            for (const char& byte : request) peer.send(std::string_view{&byte, 1});
            CHECK(peer.receive_head() == sample_answer);
        });
}

// --- requests with two meanings, and what a request may hold ----------------------------------------

namespace {

// Every opening of the conformance suite, and the ones whose bytes should be seen nowhere.
std::vector<std::string> hostile_requests(std::uint16_t port) {
    std::vector<std::string> requests;
    for (const conformance::Group& group : conformance::all_groups())
        for (const conformance::Case& each : group.cases)
            if (each.opening && each.side == conformance::Side::servers) requests.push_back(each.opening->head);
    const std::string usual = sample_request(port);
    for (const char* nasty : {"\x1b[2J\x1b]0;owned\x07", "\x9b" "31m", "%0d%0aSet-Cookie:x=y", "<script>alert(1)</script>",
                              "\rSet-Cookie: x=y", "\x7f\x08\x08", "\xff\xfe"}) {
        std::string path = usual, protocol = usual, origin = usual;
        path.replace(path.find("/ws"), 3, std::string{"/"} + nasty);
        requests.push_back(path);
        requests.push_back(protocol.insert(protocol.size() - 2, std::string{"Sec-WebSocket-Protocol: "} + nasty + "\r\n"));
        requests.push_back(origin.insert(origin.size() - 2, std::string{"Origin: http://"} + nasty + "\r\n"));
    }
    const conformance::Values values{.host = "localhost:" + std::to_string(port)};
    for (std::string& each : requests) each = conformance::filled_in(std::move(each), values);
    return requests;
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= ' ' && c < 0x7F) || c == '\r' || c == '\n'; });
}

void expect_safe_answer(RawPeer& peer) {
    peer.end_sending();
    const ws::Buffer bytes = peer.receive_to_end();
    const std::string_view answer = ws::as_text(bytes);
    if (answer.empty()) return;  // it was no head yet
    CHECK_MESSAGE(answer.starts_with("HTTP/1.1 "), answer.substr(0, 40));
    const std::string_view head = answer.substr(0, answer.find("\r\n\r\n"));
    CHECK(is_printable(head));
    CHECK(head.find("Set-Cookie") == std::string_view::npos);
    if (!answer.starts_with("HTTP/1.1 101")) CHECK(is_printable(answer));
    // A page may be plain text that holds a path, and no HTML that does.
    if (head.find("text/html") != std::string_view::npos) CHECK(answer.find("alert(1)") == std::string_view::npos);
}

}  // namespace

TEST_CASE("attack: requests that could be read in two ways, and what must not be reflected") {
    for (const std::string& lesson : servers)
        withstand({.name = "9, 10 hostile requests", .lesson = lesson}, [](Target& target) {
            for (const std::string& request : hostile_requests(target.port())) {
                RawPeer peer{target.port()};
                peer.try_send(ws::as_bytes(request));
                expect_safe_answer(peer);
            }
            CHECK(hostile::unprintable(target.process().errors_so_far()) == "");
        });
}

TEST_CASE("attack: pages of other hosts") {
    for (const std::string& lesson : servers)
        withstand({.name = "11 pages of other hosts", .lesson = lesson}, [](Target& target) {
            for (const std::string_view origin : {"http://evil.example", "null", "http://localhost.evil.example",
                                                  "https://localhost", "http://127.0.0.1.evil.example:80"})
                for (int i = 0; i < 50; ++i) {
                    std::string request = sample_request(target.port());
                    request.insert(request.size() - 2, "Origin: " + std::string{origin} + "\r\n");
                    RawPeer peer{target.port()};
                    peer.send(request);
                    expect_refusal(peer, {"403"});
                }
        });
}

TEST_CASE("attack: random bytes before the handshake") {
    for (const std::string& lesson : servers)
        withstand({.name = "12 random bytes as a request", .lesson = lesson}, [](Target& target) {
            std::mt19937 random{1};
            for (int i = 0; i < 1'000; ++i) {
                std::string bytes(1 + random() % 400, '\0');
                for (char& byte : bytes) byte = static_cast<char>(random());
                if (i % 2 == 0) bytes += "\r\n\r\n";
                RawPeer peer{target.port()};
                peer.try_send(ws::as_bytes(bytes));
                expect_safe_answer(peer);
            }
        });
}

// --- too many ------------------------------------------------------------------------------------------

TEST_CASE("attack: connects and closes in a row") {
    for (const std::string lesson : {"10-trust-nobody", "11-event-loop"})
        withstand({.name = "8 20,000 connects and closes", .lesson = lesson}, [](Target& target) {
            const std::string request = sample_request(target.port());
            const ws::Buffer goodbye = frame("\x03\xE8", {.opcode = ws::Opcode::close});
            for (int i = 0; i < 20'000; ++i) {
                RawPeer peer{target.port()};
                if (i % 10 == 0) {
                    peer.send(request);
                    peer.send(goodbye);
                    peer.receive_to_end();
                }
                peer.reset();
            }
        });
}

TEST_CASE("attack: more clients than descriptors") {
    for (const std::string& lesson : servers)
        withstand({.name = "8 300 clients, 64 descriptors", .lesson = lesson,
                   .most_growth = growth_for(lesson, 64), .handshake = 0ms,
                   .shell = "ulimit -n 64; exec \"$0\" \"$@\""},
                  [](Target& target) {
                      std::vector<RawPeer> inside;
                      std::size_t refused = 0;
                      for (int i = 0; i < 300; ++i) {
                          RawPeer peer{target.port()};
                          peer.try_send(ws::as_bytes(sample_request(target.port())));
                          const std::string head = peer.receive_head();
                          if (head == sample_answer) {
                              inside.push_back(std::move(peer));
                              continue;
                          }
                          CHECK(head.starts_with("HTTP/1.1 503 "));
                          CHECK(head.find("\r\nRetry-After: ") != std::string::npos);
                          ++refused;
                      }
                      CHECK(inside.size() >= 8);
                      CHECK(inside.size() + refused == 300);
                      for (RawPeer& peer : inside) peer.reset();
                  });
}
