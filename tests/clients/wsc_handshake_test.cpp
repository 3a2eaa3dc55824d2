// wsc's opening handshake: what it asks for, and each way in which it fails, in wscat's words.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>

#include "tests/clients/wsc.hpp"
#include "tests/support/machine.hpp"
#include "ws/handshake.hpp"

using test::answer_to;
using test::header;
using test::next_frame;
using test::Process;
using test::RawPeer;
using test::run;
using test::wsc;
using test::WscServer;
using namespace test::literals;

namespace {

const std::string connected = "Connected (press CTRL+C to quit)\n";

void finish(Process& process, RawPeer& peer) {
    CHECK(next_frame(peer) == "close 1000 ");
    peer.send("88 02 03 E8"_hex);
    peer.close();
    CHECK(process.wait() == 0);
}

// The request that wsc sends with these options.
std::string request_with(std::vector<std::string> arguments, const std::string& answer = "") {
    WscServer server;
    arguments.insert(arguments.end(), {"-c", server.url("/path?query")});
    Process process{wsc(), arguments};
    process.close_stdin();
    RawPeer peer = server.accept(answer);
    finish(process, peer);
    CHECK(process.errors_so_far() == connected);
    return server.request;
}

// An error without the path behind it, which must be there. What follows it on further lines stays.
std::string without_path(std::string errors) {
    constexpr std::string_view path = "; path /\n";
    const std::size_t at = errors.find(path);
    CHECK_MESSAGE(at != std::string::npos, errors);
    return at == std::string::npos ? errors : errors.replace(at, path.size(), "\n");
}

// What wsc says when the request is answered so; status 255.
std::string complaint_about(const std::string& answer, std::vector<std::string> arguments = {}) {
    WscServer server;
    arguments.insert(arguments.end(), {"-c", server.url()});
    Process process{wsc(), arguments};
    RawPeer peer{server.listener};
    peer.receive_head();
    peer.send(answer);
    peer.end_sending();
    CHECK(process.wait() == 255);
    CHECK(process.output_so_far().empty());
    return without_path(process.errors_so_far());
}

// The same, for an answer that is right but for one thing.
std::string complaint_about_answer(const std::string& from, const std::string& to,
                                   std::vector<std::string> arguments = {}) {
    WscServer server;
    arguments.insert(arguments.end(), {"-c", server.url()});
    Process process{wsc(), arguments};
    RawPeer peer{server.listener};
    std::string answer = answer_to(peer.receive_head());
    const std::size_t at = answer.find(from);
    REQUIRE(at != std::string::npos);
    peer.send(answer.replace(at, from.size(), to));
    CHECK(process.wait() == 255);
    return without_path(process.errors_so_far());
}

}  // namespace

TEST_CASE("wsc: the request, and the options that change it") {
    const std::string plain = request_with({});
    CHECK(plain.starts_with("GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK(header(plain, "Sec-WebSocket-Version") == "13");
    CHECK(header(plain, "Sec-WebSocket-Extensions") ==
          "permessage-deflate; client_max_window_bits");
    CHECK(plain.find("Origin") == std::string::npos);

    const std::string full =
        request_with({"-H", "A: 1", "--header", "B:2:3", "-H", "C:", "-o", "http://page", "--host",
                      "h.example:1", "--auth", "user:pass:word", "-s", "chat", "-s", "superchat"},
                     "Sec-WebSocket-Protocol: superchat\r\n");
    CHECK(header(full, "A") == "1");
    CHECK(header(full, "B") == "2:3");
    CHECK(full.find("\r\nC: \r\n") != std::string::npos);
    CHECK(header(full, "Origin") == "http://page");
    CHECK(header(full, "Host") == "h.example:1");
    CHECK(header(full, "Authorization") == "Basic dXNlcjpwYXNzOndvcmQ=");
    CHECK(header(full, "Sec-WebSocket-Protocol") == "chat, superchat");

    CHECK(header(request_with({"-H", "host: other"}), "Host") == "other");

    // The draft before the RFC had another name for the origin.
    const std::string draft = request_with({"-p", "8", "-o", "http://page"});
    CHECK(header(draft, "Sec-WebSocket-Version") == "8");
    CHECK(header(draft, "Sec-WebSocket-Origin") == "http://page");
    CHECK(header(draft, "Origin").empty());
}

TEST_CASE("wsc: the forms of a URL") {
    const auto start_of = [](const std::string& before, const std::string& after) {
        WscServer server;
        const std::string port = std::to_string(server.listener.port());
        Process process{wsc(), {"-c", before + port + after}};
        process.close_stdin();
        RawPeer peer = server.accept();
        finish(process, peer);
        return server.request.substr(0, server.request.find("\r\n")) + '|' +
               header(server.request, "Authorization");
    };
    CHECK(start_of("ws://127.0.0.1:", "") == "GET / HTTP/1.1|");
    CHECK(start_of("http://127.0.0.1:", "/a") == "GET /a HTTP/1.1|");
    CHECK(start_of("WS://localhost:", "?q") == "GET /?q HTTP/1.1|");
    CHECK(start_of("127.0.0.1:", "/a/b") == "GET /a/b HTTP/1.1|");
    // As in every client of the course.
    CHECK(start_of("localhost:", "") == "GET /ws HTTP/1.1|");
    CHECK(start_of(":", "") == "GET /ws HTTP/1.1|");
    CHECK(start_of("localhost:", "/") == "GET / HTTP/1.1|");
    CHECK(start_of("ws://u:p%40w@localhost:", "/") == "GET / HTTP/1.1|Basic dTpwQHc=");
    CHECK(start_of("ws://user@localhost:", "/") == "GET / HTTP/1.1|Basic dXNlcjo=");
}

TEST_CASE("wsc: each refusal and each wrong answer has wscat's words") {
    CHECK(complaint_about("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") ==
          "error: Unexpected server response: 403; HTTP/1.1 403 Forbidden\n");
    CHECK(complaint_about("HTTP/1.0 200 OK\r\n\r\nbody") ==
          "error: Unexpected server response: 200; HTTP/1.0 200 OK (body)\n");
    CHECK(complaint_about("HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "b\r\nnot \x1b[2here\r\n0\r\n\r\n") ==
          "error: Unexpected server response: 404; HTTP/1.1 404 X (not \\x1B[2here)\n");
    CHECK(complaint_about("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n") ==
          "error: Unexpected server response: 302; HTTP/1.1 302 Found\n");
    CHECK(complaint_about("HTTP/1.1 302 Found\r\n\r\n", {"-L"}) ==
          "error: Unexpected server response: 302; HTTP/1.1 302 Found\n");
    CHECK(complaint_about("") == "error: socket hang up\n");
    CHECK(complaint_about("HTTP/1.1 101 Switching Pro") == "error: socket hang up\n");
    CHECK(complaint_about("garbage\r\n\r\n") ==
          "error: Parse Error: Expected HTTP/, RTSP/ or ICE/\n");
    CHECK(complaint_about("HTTP/1.1 x\r\n\r\n") == "error: Parse Error: Invalid status code\n");
    CHECK(complaint_about("HTTP/1.1 101 X\r\nA: " + std::string(20'000, 'x')) ==
          "error: Parse Error: Header overflow\n");

    CHECK(complaint_about_answer("Upgrade: websocket\r\n", "") ==
          "error: Unexpected server response: 101\n");
    CHECK(complaint_about_answer("Upgrade: websocket", "Upgrade: other") ==
          "error: Invalid Upgrade header\n");
    CHECK(complaint_about_answer("Connection: Upgrade\r\n", "") ==
          "error: Unexpected server response: 101\n");
    CHECK(complaint_about_answer("Accept: ", "Accept: x") ==
          "error: Invalid Sec-WebSocket-Accept header\n");
    CHECK(complaint_about_answer("Sec-WebSocket-Accept", "Other") ==
          "error: Invalid Sec-WebSocket-Accept header\n");
    CHECK(complaint_about_answer("\r\n\r\n", "\r\nSec-WebSocket-Extensions: foo\r\n\r\n") ==
          "error: Server indicated an extension that was not requested\n");
    CHECK(complaint_about_answer("\r\n\r\n",
                                 "\r\nSec-WebSocket-Extensions: permessage-deflate; x\r\n\r\n") ==
          "error: Invalid Sec-WebSocket-Extensions header\n");
    CHECK(complaint_about_answer("\r\n\r\n", "\r\nSec-WebSocket-Protocol: z\r\n\r\n") ==
          "error: Server sent a subprotocol but none was requested\n");
    CHECK(complaint_about_answer("\r\n\r\n", "\r\nSec-WebSocket-Protocol: z\r\n\r\n",
                                 {"-s", "a"}) == "error: Server sent an invalid subprotocol\n");
    CHECK(complaint_about_answer("", "", {"-s", "a"}) == "error: Server sent no subprotocol\n");
}

TEST_CASE("wsc: --trace adds the rule behind a failed handshake") {
    CHECK(complaint_about_answer("Accept: ", "Accept: x", {"--trace"})
              .ends_with("error: Invalid Sec-WebSocket-Accept header\nRFC 6455 §4.1: "
                         "Sec-WebSocket-Accept does not belong to the key that was sent\n"));
}

TEST_CASE("wsc: no connection: refused, a name that does not exist, a reset") {
    const test::DeafPort deaf;
    for (const char* host : {"127.0.0.1", "localhost", "[::1]"}) {
        const std::string address = std::string{host} == "[::1]" ? "::1" : "127.0.0.1";
        CHECK(run(wsc(), {"-c", std::string{"ws://"} + host + ':' + deaf.number()}).errors ==
              "error: connect ECONNREFUSED " + address + ':' + deaf.number() + '\n');
    }
    const auto unknown = run(wsc(), {"-c", "ws://no-such-host.invalid"});
    CHECK(unknown.status == 255);
    // A resolver that cannot be reached says EAI_AGAIN.
    const bool said = unknown.errors == "error: getaddrinfo ENOTFOUND no-such-host.invalid\n" ||
                      unknown.errors == "error: getaddrinfo EAI_AGAIN no-such-host.invalid\n";
    CHECK_MESSAGE(said, unknown.errors);

    WscServer server;
    Process process{wsc(), {"-c", server.url()}};
    RawPeer peer{server.listener};
    peer.receive_head();
    peer.reset();
    CHECK(process.wait() == 255);
    CHECK(process.errors_so_far() == "error: read ECONNRESET; path /\n");
}

TEST_CASE("wsc: a server that never answers is given up after the handshake timeout") {
    WscServer server;
    const auto start = std::chrono::steady_clock::now();
    Process process{wsc(), {"-c", server.url(), "--handshake-timeout", "0.3"}};
    process.write("kept\n");
    process.close_stdin();
    SUBCASE("silent") { CHECK(process.wait() == 255); }
    SUBCASE("a byte now and then") {
        RawPeer peer{server.listener};
        const std::string endless = "HTTP/1.1 101 Switching Protocols\r\nA: ";
        for (std::size_t i = 0; i < 2000 && peer.try_send(ws::as_bytes(endless.substr(i % 30, 1)));
             ++i) {
            if (process.errors_so_far() != "") break;
        }
        CHECK(process.wait() == 255);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    CHECK(taken < test::on_this_machine(std::chrono::seconds{5}));
}

TEST_CASE("wsc: Ctrl-C while it is being opened leaves at once") {
    WscServer server;
    Process process{wsc(), {"-c", server.url()}};
    RawPeer peer{server.listener};
    peer.receive_head();
    process.signal(SIGINT);
    CHECK(process.wait() == 0);
    CHECK(process.errors_so_far().empty());

    Process terminated{wsc(), {"-c", server.url()}};
    RawPeer other{server.listener};
    other.receive_head();
    terminated.signal(SIGTERM);
    CHECK(terminated.wait() == 128 + SIGTERM);
}

TEST_CASE("wsc: -L follows redirects, relative and absolute, up to a limit") {
    WscServer first;
    WscServer second;
    const auto redirect = [](RawPeer peer, const std::string& location) {
        const std::string head = peer.receive_head();
        peer.send("HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n");
        return head;
    };
    SUBCASE("relative, then to another host, which gets no password") {
        Process process{wsc(),
                        {"-L", "-c", first.url("/a/b?q"), "--auth", "u:p", "-H", "Cookie: s"}};
        process.close_stdin();
        redirect(RawPeer{first.listener}, "c?d");
        std::string head = redirect(RawPeer{first.listener}, "/e");
        CHECK(head.starts_with("GET /a/c?d HTTP/1.1\r\n"));
        CHECK(header(head, "Authorization") == "Basic dTpw");
        head = redirect(RawPeer{first.listener}, second.url("/f#g"));
        CHECK(head.starts_with("GET /e HTTP/1.1\r\n"));
        RawPeer peer = second.accept();
        CHECK(second.request.starts_with("GET /f HTTP/1.1\r\n"));
        CHECK(header(second.request, "Authorization").empty());
        CHECK(header(second.request, "Cookie").empty());
        finish(process, peer);
    }
    SUBCASE("too many") {
        Process process{wsc(), {"-L", "-c", first.url(), "--max-redirects", "2"}};
        for (int i = 0; i < 3; ++i) redirect(RawPeer{first.listener}, "/x");
        CHECK(process.wait() == 255);
        CHECK(process.errors_so_far() == "error: Maximum redirects exceeded; path /x\n");
    }
    SUBCASE("to nowhere") {
        Process process{wsc(), {"-L", "-c", first.url()}};
        redirect(RawPeer{first.listener}, "ws://[");
        CHECK(process.wait() == 255);
        CHECK(process.errors_so_far() == "error: Invalid URL: ws://[; path /\n");
    }
    SUBCASE("to a place that draws on the terminal") {
        Process process{wsc(), {"-L", "-c", first.url(), "--trace"}};
        redirect(RawPeer{first.listener}, "ws://\xC2\x9B" "2J\u202E/");
        CHECK(process.wait() == 255);
        const std::string& errors = process.errors_so_far();
        CHECK(errors.find("\nerror: Invalid URL: ws://\\xC2\\x9B2J\\u202E/; path /\n'ws://\\xC2\\x9B2J\\u202E/'") !=
              std::string::npos);
        CHECK(errors.find('\xC2') == std::string::npos);
    }
}

TEST_CASE("wsc: --proxy asks for a tunnel, with its own password") {
    WscServer proxy;
    SUBCASE("it agrees") {
        Process process{wsc(),
                        {"-c", "ws://far.example/x", "--proxy", "http://u:p@" + proxy.address()}};
        process.close_stdin();
        RawPeer peer{proxy.listener};
        const std::string head = peer.receive_head();
        CHECK(head.starts_with("CONNECT far.example:80 HTTP/1.1\r\nHost: far.example:80\r\n"));
        CHECK(header(head, "Proxy-Authorization") == "Basic dTpw");
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        const std::string request = peer.receive_head();
        CHECK(request.starts_with("GET /x HTTP/1.1\r\nHost: far.example\r\n"));
        CHECK(header(request, "Proxy-Authorization").empty());
        peer.send(answer_to(request));
        finish(process, peer);
    }
    SUBCASE("it refuses") {
        Process process{wsc(), {"-c", "ws://far.example", "--proxy", proxy.address()}};
        RawPeer peer{proxy.listener};
        CHECK(header(peer.receive_head(), "Proxy-Authorization").empty());
        peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        CHECK(process.wait() == 255);
        CHECK(process.errors_so_far() == "error: Unexpected server response: 407\n");
    }
    SUBCASE("it is not there") {
        CHECK(run(wsc(), {"-c", "ws://far.example", "--proxy", "127.0.0.1:1"}).errors ==
              "error: connect ECONNREFUSED 127.0.0.1:1\n");
    }
}

TEST_CASE("wsc: ws+unix: connects to a Unix socket") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path("socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const net::Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener.get(), 5) == 0);
    for (const auto& [url, target] :
         {std::pair{"ws+unix:" + path + ":/a?b", "/a?b"}, {"ws+unix://" + path, "/"}}) {
        Process process{wsc(), {"-c", url}};
        process.close_stdin();
        RawPeer peer{net::Fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)}};
        const std::string request = peer.receive_head();
        CHECK(
            request.starts_with("GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n"));
        peer.send(answer_to(request));
        finish(process, peer);
    }
    const auto none = run(wsc(), {"-c", "ws+unix:" + folder.path("none") + ":/"});
    CHECK(none.errors == "error: connect ENOENT " + folder.path("none") + "\n");
    CHECK(none.status == 255);
}

TEST_CASE("RFC 9110 §15.2 wsc: responses that only announce the answer are skipped") {
    WscServer server;
    Process process{wsc(), {"-c", server.url()}};
    process.close_stdin();
    RawPeer peer{server.listener};
    const std::string answer = answer_to(peer.receive_head());
    const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    peer.send("HTTP/1.1 100 Continue\r\n\r\n" + early + early + answer);
    finish(process, peer);
    CHECK(process.errors_so_far() == connected);
}

TEST_CASE("wsc: what comes glued to the answer is shown, and traced and recorded, once") {
    const test::TemporaryFolder folder;
    const std::string record = folder.path("record");
    // One frame whole, and the beginning of another, whose rest comes later.
    const ws::Buffer frames = "81 03 6F 6E 65 81 03 74 77 6F"_hex;
    for (const std::size_t glued : {frames.size(), std::size_t{7}, std::size_t{6}, std::size_t{1}}) {
        CAPTURE(glued);
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "--trace", "--record", record}};
        RawPeer peer{server.listener};
        const std::string answer = answer_to(peer.receive_head());
        peer.send(answer + std::string{ws::as_text(ws::Bytes{frames}.first(glued))});
        CHECK(process.read_error_line().find("GET / HTTP/1.1") != std::string::npos);
        peer.send(ws::Bytes{frames}.subspan(glued));
        CHECK(process.read_line() == "one");
        CHECK(process.read_line() == "two");
        process.close_stdin();
        finish(process, peer);
        for (const std::string& trace : {process.errors_so_far(), test::contents_of(record)}) {
            CAPTURE(trace);
            CHECK(trace.find("3 ← 81 03 6F 6E 65             TEXT FIN len=3 \"one\"\n") !=
                  std::string::npos);
            CHECK(trace.find("4 ← 81 03 74 77 6F             TEXT FIN len=3 \"two\"\n") !=
                  std::string::npos);
            CHECK(trace.find("5 → 88 82 ") != std::string::npos);
            CHECK(trace.find("6 ← 88 02 03 E8 ") != std::string::npos);
            CHECK(trace.find("\n  7 ") == std::string::npos);
        }
    }
}

TEST_CASE("wsc: the reason behind a refusal stands in the trace") {
    const std::string errors = complaint_about(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot you.\n", {"--trace"});
    CHECK(errors.find("  3 ← not you.") != std::string::npos);
}

TEST_CASE("wsc: the reason of a refusal may come after its head, or stay away") {
    for (const std::string_view reason : {"not you.\n", ""}) {
        CAPTURE(reason);
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "--trace"}};
        RawPeer peer{server.listener};
        peer.receive_head();
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n");
        while (process.read_error_line().find("403 Forbidden") == std::string::npos) {
        }
        peer.send(reason);
        if (reason.empty()) peer.end_sending();
        CHECK(process.wait() == 255);
        const std::string shown = reason.empty() ? "" : " (not you.)";
        CHECK(process.errors_so_far().find("error: Unexpected server response: 403; HTTP/1.1 403 Forbidden" + shown +
                                           "; path /\n") != std::string::npos);
    }
}

TEST_CASE("wsc: a port where something else listens is told by its first bytes") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--handshake-timeout", "60"}};
    RawPeer peer{server.listener};
    peer.receive_head();
    peer.send("SSH-2.0-OpenSSH_9.2");  // no line's end, and nothing more
    CHECK(process.wait() == 255);
    CHECK(process.errors_so_far() == "error: Parse Error: Expected HTTP/, RTSP/ or ICE/; path /\n");
}

TEST_CASE("wsc: a refusal names the path, and where it comes from when it was not typed") {
    WscServer server;
    const auto refused = [&](const std::string& url) {
        Process process{wsc(), {url}};
        RawPeer peer{server.listener};
        peer.receive_head();
        peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        process.wait();
        return process.errors_so_far();
    };
    CHECK(refused(server.address()) ==
          "error: Unexpected server response: 404; HTTP/1.1 404 Not Found; path /ws, which host:port stands for "
          "(host:port/ means /)\n");
    const std::string refusal = "error: Unexpected server response: 404; HTTP/1.1 404 Not Found; path ";
    CHECK(refused(server.address() + "/") == refusal + "/\n");
    CHECK(refused(server.url("/a?token=secret")) == refusal + "/a\n");
}

TEST_CASE("wsc: --resolve leads a name to an address, and SOCKS5 through a proxy") {
    WscServer server;
    const std::string port = std::to_string(server.listener.port());
    SUBCASE("--resolve") {
        Process process{wsc(), {"ws://Example.test:" + port + "/", "--resolve", "example.TEST:127.0.0.1"}};
        RawPeer peer = server.accept();
        CHECK(header(server.request, "Host") == "example.test:" + port);
        peer.reset();
        process.wait();
    }
    SUBCASE("SOCKS5") {
        Process process{wsc(), {"ws://example.test:81/", "--proxy", "socks5://u:p@127.0.0.1:" + port}};
        RawPeer peer{server.listener};
        CHECK(peer.receive(3) == "05 01 02"_hex);
        peer.send("05 02"_hex);
        CHECK(peer.receive(5) == "01 01 75 01 70"_hex);
        peer.send("01 00"_hex);
        ws::Buffer request = "05 01 00 03 0C"_hex;
        ws::append(request, ws::as_bytes("example.test"));
        ws::append(request, "00 51"_hex);
        CHECK(peer.receive(request.size()) == request);
        SUBCASE("it connects") {
            peer.send("05 00 00 01 7F 00 00 01 00 51"_hex);
            const std::string head = peer.receive_head();
            CHECK(header(head, "Host") == "example.test:81");
            peer.send(test::answer_to(head));
            CHECK(process.read_error_line() == "Connected (press CTRL+C to quit)");
        }
        SUBCASE("it refuses") {
            peer.send("05 05 00 01 00 00 00 00 00 00"_hex);
            CHECK(process.wait() == 255);
            CHECK(process.errors_so_far() ==
                  "error: the proxy cannot connect to example.test:81 (SOCKS5 answer 5)\n");
        }
    }
}

namespace {

// What wsc first says to whom it connects with such variables, a proxy or the server itself.
std::string first_bytes(std::vector<std::string> variables, const std::string& url, std::size_t count) {
    WscServer either;
    const std::string port = std::to_string(either.listener.port());
    std::vector<std::string> arguments;
    for (const std::string variable : {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}) {
        arguments.insert(arguments.end(), {"-u", variable});
        std::string capitals;
        for (const char c : variable) capitals += static_cast<char>(c == '_' ? c : c - 32);
        arguments.insert(arguments.end(), {"-u", capitals});
    }
    for (std::string& text : variables) {
        if (const std::size_t at = text.find("PORT"); at != std::string::npos) text.replace(at, 4, port);
        arguments.push_back(std::move(text));
    }
    arguments.insert(arguments.end(), {wsc(), url, "--resolve", "far.example:127.0.0.1"});
    std::string& target = arguments[arguments.size() - 3];
    if (const std::size_t at = target.find("PORT"); at != std::string::npos) target.replace(at, 4, port);
    Process process{"/usr/bin/env", arguments};
    RawPeer peer{either.listener};
    const ws::Buffer bytes = peer.receive(count);
    peer.reset();
    process.wait();
    return std::string{ws::as_text(bytes)};
}

}  // namespace

TEST_CASE("wsc: the variables that name a proxy are gone by, and their exceptions") {
    const std::string plain = "ws://far.example:PORT/x";
    const auto asks = [](std::vector<std::string> variables, const std::string& url) {
        return first_bytes(std::move(variables), url, 4);
    };
    CHECK(asks({}, plain) == "GET ");
    CHECK(asks({"http_proxy=http://127.0.0.1:PORT"}, plain) == "CONN");
    CHECK(asks({"all_proxy=127.0.0.1:PORT"}, plain) == "CONN");
    CHECK(asks({"ALL_PROXY=127.0.0.1:PORT"}, plain) == "CONN");
    CHECK(asks({"http_proxy=http://127.0.0.1:PORT", "all_proxy=127.0.0.1:1"}, plain) == "CONN");
    CHECK(first_bytes({"https_proxy=127.0.0.1:PORT", "http_proxy=127.0.0.1:1"}, "wss://far.example/", 23) ==
          "CONNECT far.example:443");
    CHECK(first_bytes({"all_proxy=socks5h://127.0.0.1:PORT"}, plain, 3) == std::string{"\x05\x01\0", 3});
    // A header `Proxy:` of a request would be this variable in a CGI program.
    CHECK(asks({"HTTP_PROXY=127.0.0.1:1"}, plain) == "GET ");
    for (const char* list : {"far.example", ".example", "example", "a.test, FAR.example", "*"}) {
        CAPTURE(list);
        CHECK(asks({"http_proxy=127.0.0.1:1", std::string{"no_proxy="} + list}, plain) == "GET ");
    }
    CHECK(asks({"http_proxy=127.0.0.1:1", "NO_PROXY=far.example"}, plain) == "GET ");
    for (const char* list : {"ar.example", "far.example.org", ","})
        CHECK(asks({"http_proxy=127.0.0.1:PORT", std::string{"no_proxy="} + list}, plain) == "CONN");
    // This machine is never asked for through a proxy.
    for (const char* here : {"ws://127.0.0.1:PORT/", "ws://localhost:PORT/"})
        CHECK(asks({"http_proxy=127.0.0.1:1"}, here) == "GET ");
    const auto wrong = run("/usr/bin/env", {"http_proxy=ftp://x", wsc(), "ws://far.example/"});
    CHECK(wrong.status == 2);
    CHECK(wrong.errors.starts_with("error: the variable for a proxy, 'ftp://x': expected a proxy such as"));
}

TEST_CASE("RFC 1928 wsc: what a SOCKS5 proxy may answer, and what it may not") {
    const auto told = [](std::initializer_list<const char*> answers, std::vector<std::size_t> asked) {
        WscServer proxy;
        Process process{wsc(), {"ws://far.example/", "--proxy", "socks5://" + proxy.address()}};
        RawPeer peer{proxy.listener};
        std::size_t i = 0;
        for (const char* answer : answers) {
            peer.receive(asked[i++]);
            peer.send(test::from_hex(answer));
        }
        peer.end_sending();
        CHECK(process.wait() == 255);
        return process.errors_so_far();
    };
    constexpr std::size_t hello = 3, connect = 18;
    CHECK(told({"05 FF"}, {hello}) ==
          "error: the proxy wants another kind of authentication, or speaks no SOCKS5\n");
    CHECK(told({"48 54"}, {hello}) ==
          "error: the proxy wants another kind of authentication, or speaks no SOCKS5\n");
    CHECK(told({"05"}, {hello}) == "error: socket hang up\n");
    CHECK(told({"05 00", "05 04 00 01 00"}, {hello, connect}) ==
          "error: the proxy cannot connect to far.example:80 (SOCKS5 answer 4)\n");
    // Its own address has one of three forms; after each of them stands the server's answer.
    for (const char* form : {"05 00 00 01 7F 00 00 01 00 50", "05 00 00 03 01 78 00 50",
                             "05 00 00 04 00000000 00000000 00000000 00000001 00 50"})
        CHECK(told({"05 00", form, "485454502F312E31 20 34303420 58 0D0A0D0A"}, {hello, connect, 4}) ==
              "error: Unexpected server response: 404; HTTP/1.1 404 X; path /\n");
}

TEST_CASE("wsc: -l on a Unix socket, also where an earlier one was left behind") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path("socket");
    for (int run = 0; run < 2; ++run) {
        Process server{wsc(), {"-l", path}};
        CHECK(server.read_error_line() == "Listening on " + path + " (press CTRL+C to quit)");
        Process client{wsc(), {"ws+unix:" + path}};
        client.write("through a socket\n");
        CHECK(server.read_line() == "through a socket");
        client.close_stdin();
        CHECK(client.wait() == 0);
        server.signal(run == 0 ? SIGKILL : SIGINT);  // the first one leaves its name
        server.wait();
    }
    CHECK(run(wsc(), {"-l", folder.path("none") + "/socket"}).status == 255);
}
