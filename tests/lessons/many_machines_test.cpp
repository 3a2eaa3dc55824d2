// Lesson 16, end to end: the pair, servers that share a Redis (one that a test plays), and what each says.
#include <doctest/doctest.h>
#include <signal.h>

#include "tests/lessons/peers.hpp"
#include "tests/support/fake_redis.hpp"

using namespace test;

namespace {

const std::string lesson = "16-many-machines";
const std::string client_program = "lessons/16-many-machines/client";

std::string address_of(const FakeRedis& redis) { return redis.address().to_string(); }
std::string url_of(const LessonServer& server) {
    return "ws://127.0.0.1:" + std::to_string(server.port) + "/ws";
}

// Lines until one holds this.
std::string line_with(Process& process, std::string_view part) {
    for (;;)
        if (const std::string line = process.read_line(); line.find(part) != std::string::npos) return line;
}
void error_with(Process& process, std::string_view part) {
    while (process.read_error_line().find(part) == std::string::npos) {
    }
}
std::string text_with(RawPeer& peer, std::string_view part) {
    for (;;)
        if (const std::string text = peer.receive_text(); text.find(part) != std::string::npos) return text;
}

void say(RawPeer& peer, std::string_view text) { peer.send_frame(ws::Opcode::text, text); }

}  // namespace

TEST_CASE("lesson 16: alone, in one process, and what is typed comes back") {
    LessonServer server{lesson};
    CHECK(server.listening_line == "Chat server running, its rooms in this process, at ws://localhost:8080/ws ...");
    const Finished finished =
        run(program(client_program), {"--port", std::to_string(server.port), "--user", "ada"}, "one\ntwo\n");
    CHECK(finished.status == 0);
    CHECK(finished.output.find("ada: one\n") < finished.output.find("ada: two\n"));
    CHECK(finished.output.find("ada: two\n") != std::string::npos);
    server.stop();
}

TEST_CASE("lesson 16: compressed, what is typed comes back") {
    LessonServer server{lesson, {"--compress"}};
    const std::string said(500, 'a');
    const Finished finished = run(program(client_program),
                                  {"--port", std::to_string(server.port), "--user", "ada", "--compress",
                                   "--trace"},
                                  said + '\n');
    CHECK(finished.status == 0);
    CHECK_MESSAGE(finished.output.find("ada: " + said + '\n') != std::string::npos, finished.output);
    // As it leaves, and as it comes back.
    for (const char* frame : {" → C1 ", " ← C1 "})
        CHECK_MESSAGE(finished.errors.find(frame) != std::string::npos, finished.errors);
    server.stop();
}

TEST_CASE("lesson 16: what one server's client says, another server's client hears, and may resume elsewhere") {
    const FakeRedis redis;
    LessonServer one{lesson, {"--redis", address_of(redis)}}, two{lesson, {"--redis", address_of(redis)}};
    Process ada{program(client_program), {url_of(one), "--or", url_of(two), "--user", "ada"}};
    Process bob{program(client_program), {url_of(two), "--user", "bob"}};
    line_with(ada, "In lobby");
    line_with(bob, "In lobby");
    bob.write("from the second\n");
    line_with(ada, "bob: from the second");
    one.process.signal(SIGKILL);
    bob.write("while she is away\n");
    line_with(bob, "bob: while she is away");
    line_with(ada, "bob: while she is away");
    ada.write("back\n");
    line_with(bob, "ada: back");
    for (Process* each : {&ada, &bob}) {
        each->close_stdin();
        CHECK(each->wait() == 0);
    }
    const std::string& heard = ada.output_so_far();
    CHECK(heard.find("from the second") == heard.rfind("from the second"));
    CHECK(heard.find("while she is away") == heard.rfind("while she is away"));
}

TEST_CASE("lesson 16: a server that is ended says 1001 and why, and its clients go on elsewhere") {
    const FakeRedis redis;
    LessonServer one{lesson, {"--redis", address_of(redis)}}, two{lesson, {"--redis", address_of(redis)}};
    Process ada{program(client_program), {url_of(one), "--or", url_of(two), "--user", "ada"}};
    line_with(ada, "In lobby");
    one.process.signal(SIGTERM);
    CHECK(one.process.wait() == 0);
    std::string line = ada.read_error_line();
    // It may have come before its server had found Redis.
    while (line.starts_with("The rooms' store")) line = ada.read_error_line();
    CHECK(line == "Disconnected: closed: 1001 (going away) \"this server is being replaced: connect again\"");
    line_with(ada, "Connected to " + url_of(two));
    ada.write("still here\n");
    line_with(ada, "ada: still here");
}

TEST_CASE("lesson 16: while Redis is away a message is refused with its key, and said so to all") {
    FakeRedis redis;
    LessonServer server{lesson, {"--redis", address_of(redis)}};
    RawPeer ada = open_peer(server.port);
    say(ada, R"({"user":"ada"})");
    text_with(ada, R"("id":)");
    redis.stop();
    text_with(ada, R"({"store":"away","why":)");
    // Further attempts to find it, each with a reason of its own, are for the server's log.
    error_with(server.process, "server: the rooms' store is away: 127.0.0.1:");
    error_with(server.process, ": Connection refused");
    say(ada, R"({"text":"hi","key":"0123456789abcdef"})");
    CHECK(ada.receive_text() == R"({"refused":"0123456789abcdef","error":"the rooms' store is away"})");
    redis.start();
    text_with(ada, R"({"store":"back"})");
    say(ada, R"({"text":"hi","key":"0123456789abcdef"})");
    text_with(ada, R"("accepted":"0123456789abcdef")");
}

TEST_CASE("lesson 16: what makes no sense is answered by a sentence") {
    LessonServer server{lesson};
    RawPeer ada = open_peer(server.port);
    say(ada, R"({"user":"ada","after":"yesterday"})");
    CHECK(ada.receive_text() ==
          R"({"error":"after has the id of the last message that you saw, as it came"})");
    ada.expect_close(1008);
    RawPeer bob = open_peer(server.port);
    say(bob, R"({"user":"bob"})");
    text_with(bob, R"("id":"0-0/0")");
    say(bob, R"({"text":"hi","key":"}\r\n"})");
    text_with(bob, "a key has 16 to 64 letters, digits and hyphens");
    say(bob, R"({"room":"lobby"})");
    text_with(bob, "you are in this room");
    say(bob, R"({"rooms":true})");
    text_with(bob, R"({"rooms":["lobby"]})");
    say(bob, R"({"text":"without a key"})");
    text_with(bob, R"("text":"without a key")");
}

TEST_CASE("lesson 16: a name that is refused ends the client, and does not bring it back") {
    LessonServer server{lesson};
    const Finished finished =
        run(program(client_program), {"--port", std::to_string(server.port), "--user", ""}, "one\n");
    CHECK(finished.errors.find("error: a user's name has 1 to 32 characters") != std::string::npos);
    CHECK(finished.errors.find("1008") != std::string::npos);
}

TEST_CASE("lesson 16: what it cannot connect to is shown, and steers no terminal") {
    Process client{program(client_program), {"--host", "\u202E"}};
    CHECK(client.read_error_line().starts_with("Cannot connect: 'ws://\\u202E:8080/ws' is not a usable URL"));
    client.signal(SIGINT);
    CHECK(client.wait() == 0);
}

TEST_CASE("lesson 16: a password that cannot be read is one line") {
    const Finished finished = run(program("lessons/16-many-machines/server"),
                                  {"--redis", "127.0.0.1:1", "--redis-auth", "/nowhere"});
    CHECK(run(program("lessons/16-many-machines/server"),
              {"--redis", "127.0.0.1:1", "--redis-auth", "/dev/zero"}).errors == finished.errors);
    CHECK(finished.status == 2);
    CHECK(finished.errors.find("--redis-auth: a file with one line, USER:PASSWORD or PASSWORD") !=
          std::string::npos);
}
