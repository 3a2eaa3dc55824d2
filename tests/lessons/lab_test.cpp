// The frame lab of lessons 5 to 14: each server serves its pages, and shows a conversation to whom
// has its token, as it crossed the wire.

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lab/lab.hpp"
#include "tests/lessons/peers.hpp"

using namespace test;
using namespace test::literals;

namespace {

struct Lesson {
    std::string folder;
    std::vector<std::string> arguments{};
    std::string index = "echo.html";
};

const std::vector<Lesson> lessons{
    {"05-frames"},     {"06-native-echo"},  {"07-hello", {"--echo"}}, {"08-messages"},
    {"09-keep-alive"}, {"10-trust-nobody"}, {"11-event-loop"},        {"12-chat", {}, "chat.html"},
    {"13-streaming"},  {"14-compression"},  {"16-many-machines", {}, "chat.html"}};

const std::string token = "00112233445566778899aabbccddeeff";

std::string get(std::uint16_t port, const std::string& path) {
    RawPeer peer{port};
    peer.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return std::string{ws::as_text(peer.receive_to_end())};
}

std::string content_of(const std::string& name) {
    std::ostringstream content;
    content << std::ifstream{"clients/browser/" + name}.rdbuf();
    return content.str();
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// A client that looks on, past "ready".
RawPeer open_trace(std::uint16_t port) {
    RawPeer trace = open_peer(port, "/lab/trace?lab=" + token);
    ws::FrameHeader header;
    REQUIRE(ws::as_text(trace.receive_frame(header)) == "=");
    REQUIRE(header.opcode == ws::Opcode::binary);
    return trace;
}

// What a trace says next of one direction, until it has `size` bytes. The other one's goes to
// `other`: which of the two comes first is the server's affair.
std::string traced(RawPeer& trace, char mark, std::size_t size, std::string& other) {
    std::string text;
    while (text.size() < size) {
        ws::FrameHeader header;
        const ws::Buffer message = trace.receive_frame(header);
        REQUIRE(header.opcode == ws::Opcode::binary);
        REQUIRE_FALSE(message.empty());
        (message[0] == mark ? text : other) += ws::as_text(ws::Bytes{message}.subspan(1));
    }
    return text;
}

struct Page {
    std::string path, type, file;
};

}  // namespace

TEST_CASE("lab: every server from lesson 5 on serves its pages, and nothing else") {
    for (const Lesson& lesson : lessons) {
        CAPTURE(lesson.folder);
        LessonServer server{lesson.folder, lesson.arguments};
        const Page pages[]{{"/", "text/html", lesson.index},
                           {"/lab", "text/html", "lab.html"},
                           {"/lab.css", "text/css", "lab.css"},
                           {"/frame.js", "text/javascript", "frame.js"},
                           {"/deflate.js", "text/javascript", "deflate.js"},
                           {"/dump.js", "text/javascript", "dump.js"}};
        for (const Page& page : pages) {
            CAPTURE(page.path);
            const std::string content = content_of(page.file);
            const std::string answer = get(server.port, page.path);
            CHECK(content.size() > 500);
            CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
            CHECK(answer.ends_with("\r\n\r\n" + content));
            for (const std::string& header :
                 {"Content-Type: " + page.type + "; charset=utf-8",
                  "Content-Length: " + std::to_string(content.size()),
                  std::string{"Connection: close"}, std::string{"X-Content-Type-Options: nosniff"},
                  std::string{"Content-Security-Policy: default-src 'none'; script-src 'self'; "}})
                CHECK_MESSAGE(contains(answer, "\r\n" + header), header);
        }
        for (const char* path : {"/../Makefile", "/%2e%2e/Makefile", "/lab/../../Makefile",
                                 "/lab.html", "/lab/trace", "/favicon.ico"})
            CHECK_MESSAGE(get(server.port, path).starts_with("HTTP/1.1 404 Not Found\r\n"), path);
        CHECK(get(server.port, "/ws").starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
        RawPeer lost{server.port};
        lost.send(sample_request(server.port, "/lab"));
        CHECK(lost.receive_head().starts_with("HTTP/1.1 404"));
        lost.close();
        server.stop();
    }
}

TEST_CASE("lab: a conversation is shown byte by byte, from the answer 101 on") {
    for (const Lesson& lesson : lessons) {
        CAPTURE(lesson.folder);
        LessonServer server{lesson.folder, lesson.arguments};
        RawPeer trace = open_trace(server.port);
        RawPeer peer{server.port};
        std::string request = sample_request(server.port, "/ws?lab=" + token);
        request.insert(request.find("Host:"), "Cookie: secret=1\r\n");
        const ws::Buffer hello = "81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex;
        // The first frame comes glued to the request.
        peer.send(request + std::string{ws::as_text(hello)});
        peer.send("88 82 37 fa 21 3d 34 12"_hex);
        const std::string received{ws::as_text(peer.receive_to_end())};
        CHECK(received.starts_with("HTTP/1.1 101 "));

        std::string from_server;
        const std::string from_client = traced(trace, '>', hello.size() + 8, from_server);
        CHECK((from_client == std::string{ws::as_text(hello)} +
                                  std::string{ws::as_text("88 82 37 fa 21 3d 34 12"_hex)}));
        std::string none;
        if (from_server.size() < received.size())
            from_server += traced(trace, '<', received.size() - from_server.size(), none);
        CHECK((from_server == received));
        CHECK(none.empty());
        CHECK_FALSE(contains(from_client + from_server, "secret"));

        trace.send_frame(ws::Opcode::close, "\x03\xe8");
        trace.expect_close(1000);
        trace.close();
        peer.close();
        server.stop();
    }
}

TEST_CASE("lab: a trace needs a token that nobody else reads") {
    for (const Lesson& lesson : lessons) {
        CAPTURE(lesson.folder);
        LessonServer server{lesson.folder, lesson.arguments};
        open_peer(server.port, "/lab/trace").expect_close(1008);
        open_peer(server.port, "/lab/trace?lab=short").expect_close(1008);
        RawPeer trace = open_trace(server.port);
        open_peer(server.port, "/lab/trace?lab=" + token).expect_close(1008);
        // Ctrl-C while somebody looks on: a Close comes, and an answer is all that is waited for.
        server.process.signal(SIGINT);
        ws::FrameHeader header;
        trace.receive_frame(header);
        CHECK(header.opcode == ws::Opcode::close);
        trace.send_frame(ws::Opcode::close, "\x03\xe9");
        trace.close();
        CHECK(server.process.wait() == 0);
    }
}

TEST_CASE("lab: a reader that takes nothing is dropped, and the conversation does not wait") {
    // Lesson 12 talks JSON, 5 and 7 are as 6.
    for (const Lesson& lesson :
         {Lesson{"06-native-echo"}, Lesson{"08-messages"}, Lesson{"11-event-loop"}}) {
        CAPTURE(lesson.folder);
        LessonServer server{lesson.folder, lesson.arguments};
        RawPeer trace = open_trace(server.port);
        RawPeer peer = open_peer(server.port, "/ws?lab=" + token);
        const std::string large(256 * 1024, 'x');
        for (int i = 0; i < 40; ++i) {
            peer.send_frame(ws::Opcode::text, large);
            CHECK((peer.receive_text() == large));
        }
        // Its place is free again while it still reads nothing.
        for (const net::Deadline deadline = net::after(patience);;) {
            RawPeer next{server.port};
            next.send(sample_request(server.port, "/lab/trace?lab=" + token));
            next.receive_head();
            ws::FrameHeader header;
            next.receive_frame(header);
            if (header.opcode == ws::Opcode::binary) break;
            REQUIRE(net::Clock::now() < *deadline);
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
        }
        // Far less was kept for it than was said, and then it ended.
        CHECK(trace.receive_to_end().size() < 10u * 1024 * 1024);
        peer.send_frame(ws::Opcode::text, "still here");
        CHECK(peer.receive_text() == "still here");
        peer.close();
        trace.close();
        server.stop();
    }
}

TEST_CASE("§10.2 lab: on no server may a foreign page look on, or talk") {
    for (const Lesson& lesson : lessons) {
        CAPTURE(lesson.folder);
        LessonServer server{lesson.folder, lesson.arguments};
        const auto answer_to = [&](const std::string& origin, const std::string& path) {
            RawPeer peer{server.port};
            std::string request = sample_request(server.port, path);
            request.insert(request.find("Host:"), "Origin: " + origin + "\r\n");
            peer.send(request);
            return peer.receive_head().substr(0, 12);
        };
        const std::string own = "http://localhost:" + std::to_string(server.port);
        for (const std::string& path : {"/lab/trace?lab=" + token, std::string{"/ws"}}) {
            CHECK(answer_to("http://evil.example", path) == "HTTP/1.1 403");
            CHECK(answer_to("null", path) == "HTTP/1.1 403");
            CHECK(answer_to(own, path) == "HTTP/1.1 101");
        }
    }
}

TEST_CASE("§10.2 with --allowed-origin pages from there may talk, and no others") {
    for (const char* folder : {"10-trust-nobody", "11-event-loop", "12-chat", "13-streaming",
                               "14-compression", "16-many-machines"}) {
        CAPTURE(folder);
        LessonServer server{folder, {"--allowed-origin", "https://a.test", "--allowed-origin",
                                     "http://b.test:8000"}};
        const auto answer_to = [&](const std::string& origin) {
            RawPeer peer{server.port};
            std::string request = sample_request(server.port, "/ws");
            request.insert(request.find("Host:"), "Origin: " + origin + "\r\n");
            peer.send(request);
            return peer.receive_head().substr(0, 12);
        };
        CHECK(answer_to("https://a.test") == "HTTP/1.1 101");
        CHECK(answer_to("http://b.test:8000") == "HTTP/1.1 101");
        CHECK(answer_to("http://localhost:" + std::to_string(server.port)) == "HTTP/1.1 403");
        const Finished wrong = run(program("lessons/" + std::string{folder} + "/server"),
                                   {"--allowed-origin", "https://a.test/page"});
        CHECK(wrong.status == 2);
        CHECK(contains(wrong.errors, "without a path"));
    }
}

TEST_CASE("lab: no page has a way from a message to markup or script, or to another host") {
    for (const char* file : {"lab.html", "lab.js", "frame.js", "dump.js", "deflate.js", "echo.html", "echo.js"}) {
        const std::string content = content_of(file);
        REQUIRE(content.size() > 500);
        for (const char* dangerous :
             {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
              "Function(", "DOMParser", "srcdoc", "http://", "https://", "onclick=", "style=\""})
            CHECK_MESSAGE(!contains(content, dangerous), file << ": " << dangerous);
    }
}
