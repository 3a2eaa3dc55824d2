// Lesson 12, end to end: the chat server, its clients in a terminal and in a pipe, its page.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "json/parse.hpp"
#include "lessons/12-chat/rules.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/terminal.hpp"

using namespace test;
using json::Array;
using json::Object;

namespace {

const std::string lesson = "12-chat";

struct ChatServer : LessonServer {
    explicit ChatServer(std::vector<std::string> arguments = {})
        : LessonServer{lesson, std::move(arguments)} {}

    std::vector<std::string> client(const std::string& user, std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"--user", user, "--port", std::to_string(port)});
        return more;
    }
};

json::Value receive(RawPeer& peer) {
    json::Value value;
    const std::string text = peer.receive_text();
    CHECK_MESSAGE(!json::parse(text, value), text);
    return value;
}

void say(RawPeer& peer, std::string_view json) { peer.send_frame(ws::Opcode::text, json); }

std::string with_digits_as_0(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c >= '0' && c <= '9'; }, '0');
    return text;
}

// "ada: hello", "ada joined the chat", "error: ...", "lobby: ada bob | garden lobby"
std::string next(RawPeer& peer) {
    const json::Value said = receive(peer);
    const auto list = [](const json::Value& names) {
        std::string text;
        for (const json::Value& name : *names.array()) text += ' ' + *name.string();
        return text;
    };
    if (const std::string* error = said.find_string("error")) return "error: " + *error;
    if (said.find("users") != nullptr)
        return *said.find_string("room") + ':' + list(*said.find("users")) + " |" +
               list(*said.find("rooms"));
    if (said.find("rooms") != nullptr) return "|" + list(*said.find("rooms"));
    // RFC 3339: "2026-01-01T12:00:00Z".
    CHECK(with_digits_as_0(*said.find_string("time")) == "0000-00-00T00:00:00Z");
    return *said.find_string("user") + (said.find("event") == nullptr ? ": " : " ") +
           *said.find_string("text");
}

RawPeer enter(ChatServer& server, const std::string& user, const std::string& room = "lobby") {
    RawPeer peer = open_peer(server.port);
    say(peer, R"({"user":")" + user + R"(","room":")" + room + R"("})");
    CHECK(next(peer).starts_with(room + ':'));
    CHECK(next(peer) == user + " joined the chat");
    return peer;
}

std::string get(ChatServer& server, const std::string& path) {
    RawPeer peer{server.port};
    peer.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const ws::Buffer answer = peer.receive_to_end();
    return std::string{ws::as_text(answer)};
}

}  // namespace

TEST_CASE("lesson 12: a message goes to all in the room, the sender included") {
    ChatServer server;
    CHECK(server.listening_line == "Chat server running at ws://localhost:8080/ws ...");
    RawPeer ada = enter(server, "ada"), bob = enter(server, "bob");
    CHECK(next(ada) == "bob joined the chat");
    say(ada, R"({"text":"hello"})");
    CHECK(next(ada) == "ada: hello");
    CHECK(next(bob) == "ada: hello");
    bob.reset();
    CHECK(next(ada) == "bob left the chat");
    server.process.signal(SIGINT);
    ada.expect_close(1001);
    ada.send_frame(ws::Opcode::close, "\x03\xe9");
    CHECK(server.process.wait() == 0);
}

TEST_CASE("lesson 12: rooms are apart, and the list of users and rooms is right") {
    ChatServer server;
    RawPeer ada = enter(server, "ada", "tea");
    RawPeer bob = open_peer(server.port);
    say(bob, R"({"user":"bob"})");
    CHECK(next(bob) == "lobby: bob | lobby tea");
    CHECK(next(bob) == "bob joined the chat");
    say(bob, R"({"text":"anybody?"})");
    CHECK(next(bob) == "bob: anybody?");
    say(bob, R"({"room":"tea"})");
    CHECK(next(bob) == "tea: ada bob | tea");
    CHECK(next(bob) == "bob joined the chat");
    CHECK(next(ada) == "bob joined the chat");
    say(ada, R"({"rooms":true})");
    CHECK(next(ada) == "| tea");
    say(bob, R"({"room":"tea"})");
    CHECK(next(bob) == "error: you are in this room");
    say(bob, R"({"room":"garden"})");
    CHECK(next(bob) == "garden: bob | garden tea");
    CHECK(next(ada) == "bob left the chat");
}

TEST_CASE("lesson 12: two people may have one name") {
    ChatServer server;
    RawPeer ada = enter(server, "ada");
    RawPeer other = open_peer(server.port);
    say(other, R"({"user":"ada"})");
    CHECK(next(other) == "lobby: ada ada | lobby");
}

TEST_CASE("lesson 12: what makes no sense is told, and the conversation goes on") {
    ChatServer server;
    RawPeer ada = enter(server, "ada");
    const std::string text_rule = "error: " + chat::text_rule;
    const std::pair<std::string, std::string> cases[] = {
        {"hello", "error: not JSON: byte 0: a value must begin here"},
        {R"({"text":"a","text":"b"})",
         "error: not JSON: byte 12: an object has two members of this name"},
        {R"([[[[[]]]]])", "error: not JSON: byte 4: arrays and objects are nested too deep"},
        {R"([])", "error: not one of text, room, rooms"},
        {R"({"text":1})", "error: not one of text, room, rooms"},
        {R"({"text":""})", text_rule},
        {R"({"text":"   "})", text_rule},
        {R"({"text":"a\nb"})", text_rule},
        {R"({"text":"\u001b[2J"})", text_rule},
        {R"({"text":"\u009b2J"})", text_rule},
        {R"({"text":"\u202Eevil"})", text_rule},
        {R"({"text":"\u00a0\u3000\u2800"})", text_rule},
        {R"({"text":"a\u200d\u200d\u200db"})", text_rule},
        {R"({"text":")" + std::string(2001, 'x') + R"("})", text_rule},
        {R"({"room":" tea"})", "error: a room's " + chat::name_rule},
    };
    for (const auto& [said, answer] : cases) {
        say(ada, said);
        CHECK(next(ada) == answer);
    }
    ada.send_frame(ws::Opcode::binary, R"({"text":"a"})");
    CHECK(next(ada) == "error: JSON comes in text messages, not in binary ones");
    say(ada, R"({"text":")" + std::string(2000, 'x') + R"("})");
    CHECK(next(ada) == "ada: " + std::string(2000, 'x'));
    say(ada, R"({"text":"<img src=x onerror=alert(1)> \"\\"})");
    CHECK(next(ada) == R"(ada: <img src=x onerror=alert(1)> "\)");
    ws::Buffer large(40'000, 'x');
    ada.send_frame(ws::Opcode::text, ws::as_text(large));
    ada.expect_close(1009);
}

TEST_CASE("lesson 12: names and texts of any script, with the joiners that belong into them") {
    for (const std::string_view text :
         {"\U0001F469\u200D\U0001F4BB", "\U0001F468\u200D\U0001F469\u200D\U0001F467",
          "\u2764\uFE0F", "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645",
          "\u0915\u094D\u200D\u0937", "\u5F35\u5049", "A\u0301da", "\u05D3\u05D5\u05D3"}) {
        CAPTURE(text);
        CHECK(chat::is_name(text));
        CHECK(chat::is_text(text));
    }
    CHECK(chat::is_name("Ada King"));
    CHECK(chat::is_text("Ada\u00A0!"));  // as the French write
}

TEST_CASE("lesson 12: who cannot say a name is told why, and sent away with 1008") {
    ChatServer server;
    const std::pair<std::string, std::string> cases[] = {
        {R"({"text":"hello"})", R"(say first who you are: {"user":"ada"})"},
        {"ada", "not JSON: byte 0: a value must begin here"},
        {R"({"user":""})", "a user's " + chat::name_rule},
        {R"({"user":"a\u0000b"})", "a user's " + chat::name_rule},
        {R"({"user":"ada "})", "a user's " + chat::name_rule},
        // What looks like "ada", or like nobody.
        {R"({"user":"ada\u00a0"})", "a user's " + chat::name_rule},
        {R"({"user":"a\u00a0da"})", "a user's " + chat::name_rule},
        {R"({"user":"a\u00adda"})", "a user's " + chat::name_rule},
        {R"({"user":"ada\u200d"})", "a user's " + chat::name_rule},
        {R"({"user":"ada\u061c"})", "a user's " + chat::name_rule},
        {R"({"user":"\u3164"})", "a user's " + chat::name_rule},
        {R"({"user":"\u2800"})", "a user's " + chat::name_rule},
        {R"({"user":")" + std::string(33, 'x') + R"("})", "a user's " + chat::name_rule},
        {R"({"user":"ada","room":"\u2028"})", "a room's " + chat::name_rule},
    };
    for (const auto& [said, why] : cases) {
        RawPeer peer = open_peer(server.port);
        say(peer, said);
        CHECK(next(peer) == "error: " + why);
        peer.expect_close(1008);
    }
}

TEST_CASE("lesson 12: the page comes from the same port, and nothing else does") {
    ChatServer server;
    for (const auto& [path, type, file] :
         {std::array{"/", "text/html; charset=utf-8", "chat.html"},
          std::array{"/chat.css", "text/css; charset=utf-8", "chat.css"},
          std::array{"/chat.js", "text/javascript; charset=utf-8", "chat.js"}}) {
        std::ostringstream content;
        content << std::ifstream{std::string{"clients/browser/"} + file}.rdbuf();
        const std::string answer = get(server, path);
        CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(answer.find(std::string{"\r\nContent-Type: "} + type + "\r\n") != std::string::npos);
        CHECK(content.str().size() > 500);
        CHECK(answer.ends_with("\r\n\r\n" + content.str()));
    }
    for (const char* path : {"/../Makefile", "/chat.html", "/%2e%2e/Makefile", "/favicon.ico"})
        CHECK(get(server, path).starts_with("HTTP/1.1 4"));
}

TEST_CASE("lesson 12: a page from elsewhere may not chat in the name of its visitor") {
    ChatServer server;
    const auto answer_to = [](ChatServer& asked, const std::string& origin) {
        RawPeer peer{asked.port};
        std::string request = sample_request(asked.port);
        request.insert(request.find("Host:"), "Origin: " + origin + "\r\n");
        peer.send(request);
        return peer.receive_head().substr(0, 12);
    };
    CHECK(answer_to(server, "http://localhost:" + std::to_string(server.port)) == "HTTP/1.1 101");
    CHECK(answer_to(server, "http://evil.example") == "HTTP/1.1 403");
    CHECK(answer_to(server, "null") == "HTTP/1.1 403");
    ChatServer open{{"--allowed-origin", "https://example.com"}};
    CHECK(answer_to(open, "https://example.com") == "HTTP/1.1 101");
}

TEST_CASE("lesson 12: without its page the server says so in one line, and serves terminals") {
    ChatServer server{{"--page", "nowhere"}};
    CHECK(server.process.read_error_line() ==
          "server: no chat page in nowhere (--page names its folder); going on without it");
    enter(server, "ada");
}

// The page makes elements by name and fills them with text; it never turns text into elements.
TEST_CASE("lesson 12: the page has no way from a message to markup or script") {
    for (const char* file : {"chat.html", "chat.js"}) {
        std::ostringstream content;
        content << std::ifstream{std::string{"clients/browser/"} + file}.rdbuf();
        for (const char* dangerous :
             {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
              "Function(", "DOMParser", "srcdoc", "http://", "https://", "onclick="})
            CHECK_MESSAGE(content.str().find(dangerous) == std::string::npos, file << dangerous);
    }
}

TEST_CASE("lesson 12: the client in a pipe prints plain lines and says goodbye") {
    ChatServer server;
    RawPeer bob = enter(server, "bob");
    const Finished ada =
        run(program("lessons/12-chat/client"), server.client("ada"), "hello\n\nGrüße 👋\n");
    CHECK(ada.status == 0);
    const std::string url = "ws://localhost:" + std::to_string(server.port) + "/ws";
    CHECK(with_digits_as_0(ada.output) ==
          with_digits_as_0("Connecting to " + url +
                           "\nType messages and press Enter to send. Ctrl+C to exit.\n"
                           "In lobby: bob, ada\n"
                           "[00:00] ada joined the chat\n"
                           "[00:00] ada: hello\n"
                           "[00:00] ada: Grüße 👋\n"));
    CHECK(ada.errors == "Disconnected: closed: 1000 (normal closure) \"bye\"\n");
    for (const char* line :
         {"ada joined the chat", "ada: hello", "ada: Grüße 👋", "ada left the chat"})
        CHECK(next(bob) == line);
}

TEST_CASE("lesson 12: the client tells errors, and ends with 1 when it is not let in") {
    ChatServer server;
    Finished client = run(program("lessons/12-chat/client"), server.client("ada"), "\x1b[2J\n");
    CHECK(client.errors.starts_with("error: " + chat::text_rule + "\n"));
    CHECK(client.status == 0);
    client = run(program("lessons/12-chat/client"), server.client(" "), "hello\n");
    CHECK(client.errors.starts_with("error: a user's " + chat::name_rule + "\n"));
    CHECK(client.errors.find("Disconnected: closed: 1008") != std::string::npos);
    CHECK(client.status == 1);
}

TEST_CASE("lesson 12: what others have written cannot draw on the terminal") {
    net::Listener listener{"127.0.0.1", 0};
    Process client{program("lessons/12-chat/client"),
                   {":" + std::to_string(listener.port()), "--key", sample_key}};
    RawPeer server{listener};
    server.receive_head();
    server.send(sample_answer);
    const auto send = [&server](std::string_view text) {
        ws::Buffer frame;
        ws::append_frame(frame, {.opcode = ws::Opcode::text}, ws::as_bytes(text));
        server.send(frame);
    };
    client.read_line();
    client.read_line();
    send(R"({"user":"e\u001b[2Jve","text":"a\r\nb\u009b","time":"yesterday"})");
    CHECK(client.read_line() == R"([--:--] e\x1B[2Jve: a\r\nb\xC2\x9B)");
    send(R"({"room":"r\n","users":["\u0007",1]})");
    CHECK(client.read_line() == R"(In r\n: \x07)");
    send(R"({"error":"\u001b]0;title\u0007"})");
    CHECK(client.read_error_line() == R"(error: \x1B]0;title\x07)");
    send("{}");
    send("?");
    CHECK(client.read_error_line() ==
          "the server sent something else: not JSON: byte 0: a value must begin here");
}

TEST_CASE("lesson 12: on a terminal the prompt survives what comes in") {
    ChatServer server;
    RawPeer bob = enter(server, "bob");
    Terminal ada{program("lessons/12-chat/client"), server.client("ada"), 40};
    ada.expect_end("ada joined the chat\n> ");
    CHECK((ada.local_modes() & (ICANON | ECHO)) == 0);

    ada.type("half a li");
    ada.expect_end("\n> half a li");
    say(bob, R"({"text":"hello"})");
    ada.expect_end("] bob: hello\n> half a li");
    ada.type("ne\r");
    ada.expect_end("] ada: half a line\n> ");

    // Backspace takes whole characters, Ctrl-U all, ↑ goes back to an earlier line and ↓ forth again.
    ada.type("Gr\u00FC\u4E16\U0001F44B\x7F\x7F\x7F");
    ada.expect_end("\n> Gr");
    ada.type("\x1B[A");
    ada.expect_end("\n> half a line");
    ada.type("\x1B[B\x1BOP\x1B[3~\x7F");
    ada.expect_end("\n> G");
    ada.type(
        "\x15"
        "a\U0001F44B\r");
    ada.expect_end("] ada: a\U0001F44B\n> ");

    // Of a line that is too long for the screen its end is shown. A wide character counts twice.
    ada.type(std::string(50, 'x') + "yz");
    ada.expect_end("\n> " + std::string(35, 'x') + "yz");
    ada.type("\u4E16");
    ada.expect_end("\n> " + std::string(33, 'x') + "yz\u4E16");

    // Ctrl-D ends only an empty line.
    ada.type("\x04\x15\x04");
    CHECK(ada.wait() == 0);
    CHECK(ada.screen().ends_with("\nDisconnected: closed: 1000 (normal closure) \"bye\"\n"));
    for (const char* line : {"ada joined the chat", "bob: hello", "ada: half a line",
                             "ada: a\U0001F44B", "ada left the chat"})
        CHECK(next(bob) == line);
}

TEST_CASE("lesson 12: Ctrl-C on a terminal closes with 1000 bye, and the terminal is restored") {
    ChatServer server;
    Terminal ada{program("lessons/12-chat/client"), server.client("ada")};
    const auto usual = ICANON | ECHO | ISIG;
    ada.expect_end("joined the chat\n> ");
    ada.type("unsent\x03");
    ada.expect_end("Disconnected: closed: 1000 (normal closure) \"bye\"\n");
    CHECK((ada.local_modes() & usual) == usual);
    CHECK(ada.wait() == 0);
    CHECK(server.process.read_error_line().ends_with("\"ada\" joined \"lobby\""));
    CHECK(server.process.read_error_line().ends_with("closed: 1000 (normal closure) \"bye\""));

    // The same when it is the server that ends.
    Terminal bob{program("lessons/12-chat/client"), server.client("bob")};
    bob.expect_end("joined the chat\n> ");
    server.stop();
    bob.expect_end("Disconnected: closed: 1001 (going away)\n");
    CHECK((bob.local_modes() & usual) == usual);
    CHECK(bob.wait() == 0);
}
