// wsc in a pipe: what goes out, what is shown where, how it ends. The words are those of wscat.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/clients/wsc.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/packets.hpp"
#include "ws/hex.hpp"

using test::frame;
using test::next_frame;
using test::Process;
using test::RawPeer;
using test::wsc;
using test::WscServer;
using namespace test::literals;

namespace {

const std::string connected = "Connected (press CTRL+C to quit)\n";

// Answers each message by itself, until the Close, which it echoes; what came, in one line.
std::string serve_echo(RawPeer& peer) {
    std::string all;
    for (;;) {
        const std::string got = next_frame(peer);
        all += (all.empty() ? "" : ", ") + got;
        if (got.starts_with("text ")) peer.send(frame(ws::Opcode::text, got.substr(5)));
        if (!got.starts_with("close ")) continue;
        const auto code = static_cast<std::uint16_t>(std::stoi(got.substr(6)));
        const char bytes[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
        peer.send(frame(ws::Opcode::close, {bytes, code == 1005 ? 0u : 2u}));
        peer.end_sending();
        return all;
    }
}

// A session against a server that echoes.
struct Session {
    test::Finished finished;
    std::string received;  // what the server got
};

Session session(std::vector<std::string> arguments, std::string_view input = "") {
    WscServer server;
    arguments.insert(arguments.end(), {"-c", server.url()});
    Process process{wsc(), arguments};
    process.write(input);
    process.close_stdin();
    RawPeer peer = server.accept();
    Session result;
    result.received = serve_echo(peer);
    result.finished.status = process.wait();
    result.finished.output = process.output_so_far();
    result.finished.errors = process.errors_so_far();
    return result;
}

// An upper limit in seconds, on a machine that may be busy.
double at_once(double seconds) {
    return test::on_this_machine(std::chrono::duration<double>{seconds}).count();
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("wsc: piped lines are kept until it is open, sent, and their answers awaited") {
    const Session result = session({}, "a\nb\n\nlast");
    CHECK(result.received == "text a, text b, text , text last, close 1000 ");
    CHECK(result.finished.output == "a\nb\n\nlast\n");
    CHECK(result.finished.errors == connected);
    CHECK(result.finished.status == 0);
}

TEST_CASE("wsc: host:port is enough, against a server of the course") {
    test::LessonServer server{"08-messages"};
    const auto result =
        test::run(wsc(), {"-c", "localhost:" + std::to_string(server.port)}, "a\nb\n");
    CHECK(result.output == "a\nb\n");
    CHECK(result.errors == connected);
    CHECK(result.status == 0);
    server.stop();
}

TEST_CASE("wsc: with nothing to send it leaves, and says so to the server") {
    const Session result = session({});
    CHECK(result.received == "close 1000 ");
    CHECK(result.finished.output.empty());
    CHECK(result.finished.status == 0);
}

TEST_CASE("wsc: an answer that is late is waited for, one that never comes is not for ever") {
    WscServer server;
    Process process{wsc(), {"-c", server.url()}};
    process.write("question\n");
    process.close_stdin();
    RawPeer peer = server.accept();
    const auto start = std::chrono::steady_clock::now();
    CHECK(next_frame(peer) == "text question");
    SUBCASE("late") {
        // A ping is no answer.
        peer.send(frame(ws::Opcode::ping, "x"));
        CHECK(next_frame(peer) == "pong x");
        peer.send(frame(ws::Opcode::text, "answer"));
        CHECK(next_frame(peer) == "close 1000 ");
        CHECK(seconds_since(start) < at_once(1.9));
        peer.send(frame(ws::Opcode::text, "afterthought"));
        peer.send("88 02 03 E8"_hex);
        peer.close();
        CHECK(process.wait() == 0);
        CHECK(process.output_so_far() == "answer\nafterthought\n");
    }
    SUBCASE("never") {
        CHECK(next_frame(peer) == "close 1000 ");
        CHECK(seconds_since(start) > 1.5);
        peer.close();
        CHECK(process.wait() == 0);
    }
    CHECK(process.errors_so_far() == connected);
}

TEST_CASE("wsc: -w says how long to wait after the last line") {
    SUBCASE("a moment") {
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "-w", "0.2"}};
        process.write("a\n");
        process.close_stdin();
        RawPeer peer = server.accept();
        CHECK(serve_echo(peer) == "text a, close 1000 ");
        CHECK(process.wait() == 0);
    }
    SUBCASE("until the server closes") {
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "-w", "-1"}};
        process.write("a\n");
        process.close_stdin();
        RawPeer peer = server.accept();
        CHECK(next_frame(peer) == "text a");
        peer.send(frame(ws::Opcode::text, "1"));
        peer.send(frame(ws::Opcode::text, "2"));
        CHECK(process.read_line() == "1");
        CHECK(process.read_line() == "2");
        peer.send("88 05 0F A0 62 79 65"_hex);
        CHECK(next_frame(peer) == "close 4000 bye");
        peer.close();
        CHECK(process.wait() == 0);
        CHECK(process.errors_so_far() ==
              connected + "Disconnected (code: 4000, reason: \"bye\")\n");
    }
}

TEST_CASE("wsc: -x sends its messages in order, waits and leaves without a word") {
    const Session result = session({"-x", "a", "--execute", "/ping b", "--slash", "-w", "0.1"});
    CHECK(result.received == "text a, text /ping b, close 1000 ");
    CHECK(result.finished.output == "a\n/ping b\n");
    CHECK(result.finished.errors.empty());
    CHECK(result.finished.status == 0);

    // What is piped in belongs to somebody else: `while read` loops call programs like this.
    const Session piped = session({"-x", "a", "-w", "0.1"}, "not read\n");
    CHECK(piped.received == "text a, close 1000 ");
}

TEST_CASE("wsc: slash commands send control frames, and refuse what breaks a rule") {
    const Session result =
        session({"--slash"}, "/ping hb\n/ping two words\n/pong\n/binary 00 ff\n/foo\n/ping " +
                                 std::string(126, 'x') + "\n/close 1005\n/close x\n/close 4000 " +
                                 std::string(124, 'x') + "\ntext\n/close 4001 bye  \t bye\nignored\n");
    CHECK(result.received == "ping hb, ping two words, pong , binary 00 FF, text text, close 4001 bye bye");
    CHECK(
        result.finished.errors ==
        connected +
            "error: Unrecognized slash command.\n"
            "error: a ping or pong carries at most 125 bytes, not 126 (RFC 6455 §5.5)\n"
            "error: '1005' is no close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to "
            "4999 (RFC 6455 §7.4)\n"
            "error: 'x' is no close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to "
            "4999 (RFC 6455 §7.4)\n"
            "error: the reason of a Close has at most 123 bytes, not 124 (RFC 6455 §5.5)\n"
            "Disconnected (code: 4001, reason: \"\")\n");
    CHECK(result.finished.status == 1);  // lines were refused

    CHECK(session({"--slash"}, "/close\n").received == "close 1000 ");
    CHECK(session({"--slash"}, "/close 3000\n").received == "close 3000 ");
    // Without the option they are text.
    CHECK(session({}, "/close\n").received == "text /close, close 1000 ");
}

TEST_CASE("wsc: binary messages: sent from hex, shown as hex") {
    const Session result = session({"--binary"}, "00 ff\n81 05\n\nxyz\n0\n");
    CHECK(result.received == "binary 00 FF, binary 81 05, binary , close 1000 ");
    CHECK(result.finished.errors ==
          connected +
              "error: 'xyz' is no hex: expected bytes of two digits each, such as 81 05 48\n"
              "error: '0' is no hex: expected bytes of two digits each, such as 81 05 48\n");
    CHECK(result.finished.status == 1);
    CHECK(session({"--binary", "-x", "0aff", "-w", "0"}).received == "binary 0A FF, close 1000 ");

    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "-1"}};
    process.close_stdin();
    RawPeer peer = server.accept();
    peer.send("82 03 00 41 FF"_hex);
    CHECK(process.read_line() == "00 41 FF");
}

TEST_CASE("wsc: a line that is no UTF-8 is refused, for a text must be") {
    const Session result = session({}, "good\n\xFF\n\xC3\xA4\n");
    CHECK(result.received == "text good, text \xC3\xA4, close 1000 ");
    CHECK(result.finished.errors.find("error: this line is not UTF-8") != std::string::npos);
    CHECK(result.finished.status == 1);
}

TEST_CASE("wsc: what a text holds goes through a pipe as it is, and fragments as one message") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "-1"}};
    process.close_stdin();
    RawPeer peer = server.accept();
    peer.send(frame(ws::Opcode::text, "a\nb\x1B[31m\tc"));
    peer.send(frame(ws::Opcode::text, "fr", false));
    peer.send(frame(ws::Opcode::ping, ""));
    peer.send(frame(ws::Opcode::continuation, "agment"));
    peer.send("88 00"_hex);
    CHECK(next_frame(peer) == "pong ");
    CHECK(next_frame(peer) == "close 1005 ");
    peer.close();
    CHECK(process.wait() == 0);
    CHECK(process.output_so_far() == "a\nb\x1B[31m\tc\nfragment\n");
    CHECK(process.errors_so_far() == connected + "Disconnected (code: 1005, reason: \"\")\n");
}

TEST_CASE("wsc: -P tells of pings and pongs, and a ping is answered in any case") {
    for (const bool show : {true, false}) {
        WscServer server;
        std::vector<std::string> arguments{"-c", server.url(), "-w", "-1"};
        if (show) arguments.push_back("-P");
        Process process{wsc(), arguments};
        process.close_stdin();
        RawPeer peer = server.accept();
        peer.send(frame(ws::Opcode::ping, "h\x07"));
        peer.send(frame(ws::Opcode::pong, "p"));
        peer.send("88 00"_hex);
        CHECK(next_frame(peer) == "pong h\x07");
        peer.close();
        CHECK(process.wait() == 0);
        const std::string shown = "Received ping (data: \"h\\x07\")\nReceived pong (data: \"p\")\n";
        CHECK(process.errors_so_far() ==
              connected + (show ? shown : "") + "Disconnected (code: 1005, reason: \"\")\n");
        CHECK(process.output_so_far().empty());
    }
}

TEST_CASE("wsc: each broken frame has wscat's words, a Close with its code, and status 255") {
    struct Case {
        ws::Buffer frames;
        std::string words;
        std::uint16_t code;
    };
    const std::string invalid = "Invalid WebSocket frame: ";
    const Case cases[] = {
        {"C1 00"_hex, invalid + "RSV1 must be clear", 1002},
        {"A1 00"_hex, invalid + "RSV2 and RSV3 must be clear", 1002},
        {"91 00"_hex, invalid + "RSV2 and RSV3 must be clear", 1002},
        {"83 00"_hex, invalid + "invalid opcode 3", 1002},
        {"8B 00"_hex, invalid + "invalid opcode 11", 1002},
        {"80 00"_hex, invalid + "invalid opcode 0", 1002},
        {"01 01 61 81 01 62"_hex, invalid + "invalid opcode 1", 1002},
        {"81 80 00 00 00 00"_hex, invalid + "MASK must be clear", 1002},
        {"09 00"_hex, invalid + "FIN must be set", 1002},
        {"89 7E 00 7E"_hex, invalid + "invalid payload length 126", 1002},
        {"88 01 03"_hex, invalid + "invalid payload length 1", 1002},
        {"88 02 03 ED"_hex, invalid + "invalid status code 1005", 1002},
        {"88 04 03 E8 FF FF"_hex, invalid + "invalid UTF-8 sequence", 1007},
        {"81 01 FF"_hex, invalid + "invalid UTF-8 sequence", 1007},
        {"81 02 68 69 81 01 FF"_hex, invalid + "invalid UTF-8 sequence", 1007},
        {"81 7E 00 01 61"_hex, invalid + "invalid payload length 1", 1002},
        {"82 7F 80 00 00 00 00 00 00 00"_hex,
         "Unsupported WebSocket frame: payload length > 2^53 - 1", 1002},
        {"82 7F 00 20 00 00 00 00 00 00"_hex,
         "Unsupported WebSocket frame: payload length > 2^53 - 1", 1009},
        {"82 7F 00 00 00 00 0C 80 00 00"_hex, "Max payload size exceeded", 1009},
    };
    for (const Case& each : cases) {
        CAPTURE(each.words);
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "-w", "-1"}};
        process.close_stdin();
        RawPeer peer = server.accept();
        peer.send(each.frames);
        peer.expect_close(each.code);
        peer.close();
        CHECK(process.wait() == 255);
        CHECK(process.errors_so_far() == connected + "error: " + each.words + "\n");
    }
}

TEST_CASE("wsc: the rule behind an error is told with --trace") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "-1", "--trace"}};
    process.close_stdin();
    RawPeer peer = server.accept();
    peer.send("81 01 FF"_hex);
    peer.expect_close(1007);
    peer.close();
    CHECK(process.wait() == 255);
    const std::string& errors = process.errors_so_far();
    CHECK(errors.find("  1 → GET / HTTP/1.1\n      Host: ") == 0);
    CHECK(errors.find("  2 ← HTTP/1.1 101 Switching Protocols\n") != std::string::npos);
    CHECK(errors.find("\n  3 ← 81 01 FF                   TEXT FIN len=1 \"\\xFF\"\n") !=
          std::string::npos);
    CHECK(errors.find("error: Invalid WebSocket frame: invalid UTF-8 sequence\n"
                      "RFC 6455 §8.1: a text message is not valid UTF-8\n") != std::string::npos);
    CHECK(errors.find("CLOSE FIN masked len=") != std::string::npos);
}

TEST_CASE("wsc: the end or a reset of TCP without a Close counts as 1006") {
    for (const bool reset : {false, true}) {
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "-w", "-1"}};
        process.close_stdin();
        RawPeer peer = server.accept();
        CHECK(process.read_error_line() + "\n" == connected);
        peer.send("81 05 48 65"_hex);  // the beginning of a frame
        reset ? peer.reset() : peer.close();
        CHECK(process.wait() == 0);
        CHECK(process.errors_so_far() == connected + "Disconnected (code: 1006, reason: \"\")\n");
        CHECK(process.output_so_far().empty());
    }
}

TEST_CASE("wsc: --status makes the exit status tell how it ended") {
    const auto status_of = [](ws::Buffer frames) {
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "-w", "-1", "--status"}};
        process.close_stdin();
        RawPeer peer = server.accept();
        peer.send(frames);
        peer.end_sending();
        peer.receive_to_end();
        return process.wait();
    };
    CHECK(status_of("88 02 03 E8"_hex) == 0);
    CHECK(status_of("88 00"_hex) == 0);
    CHECK(status_of("88 02 03 E9"_hex) == 3);
    CHECK(status_of("88 02 0F A0"_hex) == 3);
    CHECK(status_of({}) == 4);
    CHECK(status_of("C1 00"_hex) == 255);
}

TEST_CASE("wsc: Ctrl-C closes with 1000 and waits for the echo, a second one leaves at once") {
    WscServer server;
    Process process{wsc(), {"-c", server.url()}};
    RawPeer peer = server.accept();
    CHECK(process.read_error_line() + "\n" == connected);
    const auto start = std::chrono::steady_clock::now();
    process.signal(SIGINT);
    CHECK(next_frame(peer) == "close 1000 ");
    SUBCASE("the echo comes, with what was on its way") {
        peer.send(frame(ws::Opcode::text, "late"));
        peer.send("88 02 03 E8"_hex);
        peer.close();
        CHECK(process.wait() == 0);
        CHECK(process.output_so_far() == "late\n");
        CHECK(seconds_since(start) < at_once(0.9));
    }
    std::string complaint;
    SUBCASE("it does not come") {
        complaint = "error: the peer has not answered our Close within 1 s\n";
        CHECK(process.wait() == 0);
        CHECK(seconds_since(start) > 0.8);
        CHECK(seconds_since(start) < at_once(4));
    }
    SUBCASE("twice") {
        process.signal(SIGINT);
        CHECK(process.wait() == 0);
        CHECK(seconds_since(start) < at_once(0.8));
    }
    CHECK(process.errors_so_far() == connected + complaint);
}

TEST_CASE("wsc: SIGTERM and SIGHUP close with 1001, and end it as signals do") {
    for (const int number : {SIGTERM, SIGHUP}) {
        WscServer server;
        Process process{wsc(), {"-c", server.url()}};
        RawPeer peer = server.accept();
        CHECK(process.read_error_line() + "\n" == connected);
        process.signal(number);
        CHECK(next_frame(peer) == "close 1001 ");
        peer.send("88 02 03 E9"_hex);
        peer.close();
        CHECK(process.wait() == 128 + number);
    }
}

TEST_CASE("wsc: the close timeout ends a session whose server never answers a Close") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--slash", "--close-timeout", "0.3"}};
    process.write("/close 4000\n");
    RawPeer peer = server.accept();
    CHECK(next_frame(peer) == "close 4000 ");
    CHECK(process.wait() == 0);
    CHECK(process.errors_so_far() == connected + "Disconnected (code: 1006, reason: \"\")\n");
}

TEST_CASE("wsc: --ping keeps a connection alive, and notices when nobody answers") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "-1", "--ping",
                            test::option(test::silence_on_this_machine(std::chrono::milliseconds{100}))}};
    process.close_stdin();
    RawPeer peer = server.accept();
    for (int i = 0; i < 4; ++i) {
        CHECK(next_frame(peer) == "ping ");
        peer.send(frame(ws::Opcode::pong, ""));
    }
    CHECK(next_frame(peer) == "ping ");
    CHECK(next_frame(peer) == "ping ");
    CHECK(next_frame(peer) == "close 1001 ");
    peer.close();
    CHECK(process.wait() == 255);
    CHECK(process.errors_so_far() ==
          connected + "error: the peer has answered none of the last 2 pings\n");
}

TEST_CASE("wsc: --json indents messages that are JSON, and leaves numbers and others alone") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "-1", "--json"}};
    process.close_stdin();
    RawPeer peer = server.accept();
    peer.send(frame(ws::Opcode::text,
                    R"( {"a":[1.10,-0,1e5,"x\"]{,:"],"b":{},"c":[ ],"d":{"e":null}} )"));
    peer.send(frame(ws::Opcode::text, "no { json"));
    peer.send(frame(ws::Opcode::text, "[1,2"));
    peer.send(frame(ws::Opcode::text, "7"));
    peer.send("88 00"_hex);
    peer.end_sending();
    CHECK(process.wait() == 0);
    CHECK(process.output_so_far() ==
          "{\n  \"a\": [\n    1.10,\n    -0,\n    1e5,\n    \"x\\\"]{,:\"\n  ],\n  \"b\": {},\n"
          "  \"c\": [],\n  \"d\": {\n    \"e\": null\n  }\n}\nno { json\n[1,2\n7\n");
}

TEST_CASE("wsc: --timestamps puts the time before each line") {
    const Session result = session({"--timestamps"}, "hi\n");
    const auto digits_hidden = [](std::string text) {
        std::ranges::replace_if(
            text, [](char c) { return c >= '0' && c <= '9'; }, 'd');
        return text;
    };
    CHECK(digits_hidden(result.finished.output) == "dddd-dd-ddTdd:dd:dd.dddZ hi\n");
    CHECK(digits_hidden(result.finished.errors) == "dddd-dd-ddTdd:dd:dd.dddZ " + connected);
}

TEST_CASE("wsc: --output writes messages to a file as they are") {
    const test::TemporaryFolder folder;
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "-1", "--output", folder.path("out")}};
    process.close_stdin();
    RawPeer peer = server.accept();
    peer.send(frame(ws::Opcode::text, "text"));
    peer.send("82 03 00 0A FF"_hex);
    peer.send("88 00"_hex);
    peer.end_sending();
    CHECK(process.wait() == 0);
    CHECK(process.output_so_far().empty());
    CHECK(test::contents_of(folder.path("out")) == std::string("text\n\0\n\xFF", 8));
}

TEST_CASE("wsc: files that cannot be had are one line and status 1") {
    const std::string none = "/nonexistent/file";
    for (const auto& [option, words] : {std::pair{"--output", "--output: cannot write"},
                                        {"--record", "--record: cannot write"},
                                        {"--pcap", "--pcap: cannot write"},
                                        {"--replay", "--replay: cannot read"}}) {
        const auto result = test::run(wsc(), {"-c", "ws://127.0.0.1:1", option, none});
        CHECK(result.status == 1);
        CHECK(result.errors ==
              std::string{"error: "} + words + " '" + none + "': No such file or directory\n");
    }
    const auto drawn = test::run(wsc(), {"-c", "ws://127.0.0.1:1", "--record", "/no\xC2\x9B/file"});
    CHECK(drawn.errors == "error: --record: cannot write '/no\\xC2\\x9B/file': No such file or directory\n");
    // A disk that is full.
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--output", "/dev/full"}};
    RawPeer peer = server.accept();
    peer.send(frame(ws::Opcode::text, "text"));
    CHECK(process.wait() == 1);
    CHECK(process.errors_so_far() ==
          connected + "error: --output: cannot write '/dev/full': No space left on device\n");
}

TEST_CASE("wsc: a reader that leaves ends it, quietly") {
    WscServer server;
    const auto shell = "'" + wsc() + "' -c " + server.url() + " -w -1 </dev/null | head -n 1";
    Process process{"/bin/sh", {"-c", shell}};
    RawPeer peer = server.accept();
    // Until the pipe is known to be gone: the answer to that is a Close.
    while (peer.try_send(frame(ws::Opcode::text, "line"))) {
        ws::FrameHeader head;
        peer.send(frame(ws::Opcode::ping, ""));
        peer.receive_frame(head);
        if (head.opcode == ws::Opcode::close) break;
    }
    peer.close();
    CHECK(process.wait() == 0);
    CHECK(process.output_so_far() == "line\n");
    CHECK(process.errors_so_far() == connected);
}

TEST_CASE("wsc: 16 MiB in one line go there and back, while both sides write") {
    test::LessonServer server{"08-messages"};
    const std::string line(16 * 1024 * 1024 - 1, 'x');
    Process process{wsc(), {"-c", "localhost:" + std::to_string(server.port)}};
    process.write(line + "\n");
    process.close_stdin();
    CHECK(process.wait() == 0);
    CHECK(process.output_so_far() == line + "\n");
}

TEST_CASE("wsc: standard streams that are closed do no harm") {
    WscServer server;
    const auto shell = "'" + wsc() + "' -c " + server.url() + " <&- >&- 2>&-";
    Process process{"/bin/sh", {"-c", shell}};
    RawPeer peer = server.accept();
    CHECK(serve_echo(peer) == "close 1000 ");
    CHECK(process.wait() == 0);
}

TEST_CASE("wsc: a session is recorded frame by frame, and its client's side played again") {
    const test::TemporaryFolder folder;
    const std::string record = folder.path("session");
    {
        WscServer server;
        Process process{wsc(), {"-c", server.url(), "--slash", "--record", record}};
        process.write(
            "first\n/ping p\n/binary 00 01 02 03 04 05 06 07 08 09\nsecond\n/close 4000 x\n");
        RawPeer peer = server.accept();
        CHECK(next_frame(peer) == "text first");
        peer.send(frame(ws::Opcode::ping, "q"));
        peer.send(frame(ws::Opcode::text, "answer"));
        for (int i = 0; i < 5; ++i) next_frame(peer);
        peer.send("88 02 0F A0"_hex);
        peer.close();
        CHECK(process.wait() == 0);
    }
    const std::string text = test::contents_of(record);
    CAPTURE(text);
    CHECK(text.starts_with("  1 → GET / HTTP/1.1\n"));
    CHECK(text.find("TEXT FIN masked len=5 \"first\"\n      81 85 ") != std::string::npos);
    CHECK(text.find(" ← 81 06 61 6E 73 77 65 72    TEXT FIN len=6 \"answer\"\n") !=
          std::string::npos);
    CHECK(text.find("BINARY FIN masked len=10 [00 01 02 03 04 05 06 07 …]\n      82 8A ") !=
          std::string::npos);

    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--replay", record}};
    process.write("not sent\n");
    RawPeer peer = server.accept();
    CHECK(next_frame(peer) == "text first");
    CHECK(next_frame(peer) == "ping p");
    CHECK(next_frame(peer) == "binary 00 01 02 03 04 05 06 07 08 09");
    CHECK(next_frame(peer) == "text second");
    CHECK(next_frame(peer) == "close 4000 x");
    peer.send("88 02 0F A0"_hex);
    peer.close();
    CHECK(process.wait() == 0);
    CHECK(process.errors_so_far() == connected + "Disconnected (code: 4000, reason: \"\")\n");
}

// Not even freed memory: the sanitizer keeps that for a while, and so counts what is allocated for each.
TEST_CASE("§5.5.3 wsc: an endless flood of pings costs no memory, although nobody reads its answers") {
    for (const bool as_server : {false, true}) {
        CAPTURE(as_server);
        WscServer server;
        Process process{wsc(), as_server ? std::vector<std::string>{"-l", "0"}
                                         : std::vector<std::string>{"-c", server.url()}};
        RawPeer peer = [&] {
            if (!as_server) return server.accept();
            const std::string line = process.read_error_line();
            return test::open_peer(static_cast<std::uint16_t>(std::stoi(line.substr(18))));
        }();
        process.read_error_line();  // it is connected
        const std::size_t before = test::peak_memory(process.pid());
        const ws::Buffer ping = as_server ? "89 80 00 00 00 00"_hex : "89 00"_hex;
        ws::Buffer pings;
        for (int i = 0; i < 10'000; ++i) ws::append(pings, ping);
        // Nobody reads the pongs.
        for (int i = 0; i < 60; ++i) peer.send(pings);
        peer.send(as_server ? "81 82 00 00 00 00 6F 6B"_hex : "81 02 6F 6B"_hex);
        CHECK(process.read_line() == "ok");
        CHECK(test::peak_memory(process.pid()) - before < 16u << 20);
    }
}

TEST_CASE("wsc: what follows a broken frame costs no memory where a record is kept") {
    const test::TemporaryFolder folder;
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--record", folder.path("record")}};
    RawPeer peer = server.accept();
    // A frame of 2^62 bytes is refused; it comes all the same.
    peer.send("82 7F 40 00 00 00 00 00 00 00"_hex);
    CHECK(next_frame(peer).starts_with("close 1009 "));
    const ws::Buffer more(1 << 20, 'x');
    for (int i = 0; i < 16 && peer.try_send(more); ++i) continue;
    peer.close();
    CHECK(process.wait() == 255);
    CHECK(test::contents_of(folder.path("record")).size() < 1 << 20);
}

TEST_CASE("wsc: a byte order mark is data, in a file that is sent and in a pipe") {
    const test::TemporaryFolder folder;
    test::write_file(folder.path("file"), "\xEF\xBB\xBF" "a\r\n");
    WscServer server;
    for (const bool from_file : {true, false}) {
        Process process{wsc(), from_file ? std::vector<std::string>{"-c", server.url(), "--send", folder.path("file")}
                                         : std::vector<std::string>{"-c", server.url()}};
        if (!from_file) process.write(test::contents_of(folder.path("file")));
        RawPeer peer = server.accept();
        CHECK(next_frame(peer) == (from_file ? "text \xEF\xBB\xBF" "a\r\n" : "text \xEF\xBB\xBF" "a"));
    }
}

TEST_CASE("wsc: --pcap writes what crosses as packets that follow one another") {
    const test::TemporaryFolder folder;
    const std::string file = folder.path("packets");
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--pcap", file}};
    const std::string large(100'000, 'x');
    RawPeer peer = server.accept();
    process.write("first\n" + large + "\n");
    CHECK(next_frame(peer) == "text first");
    CHECK(next_frame(peer) == "text " + large);
    peer.send(frame(ws::Opcode::text, "answer"));
    CHECK(process.read_line() == "answer");
    process.close_stdin();
    CHECK(next_frame(peer) == "close 1000 ");
    peer.send("88 02 03 E8"_hex);
    peer.close();
    CHECK(process.wait() == 0);

    std::string streams[2];
    std::uint32_t next[2]{};
    const std::vector<test::Packet> packets = test::packets_of(test::contents_of(file));
    for (const test::Packet& packet : packets) {
        const int side = packet.from_client ? 0 : 1;
        CHECK(packet.number == next[side]);
        if ((packet.flags & 0b0001'0000) != 0) CHECK(packet.acknowledged == next[1 - side]);
        const bool counted = (packet.flags & 0b0000'0011) != 0;
        next[side] += static_cast<std::uint32_t>(packet.payload.size()) + (counted ? 1 : 0);
        streams[side] += packet.payload;
    }
    REQUIRE(packets.size() > 6);
    CHECK(packets[0].flags == 0b0000'0010);                 // SYN
    CHECK((packets.back().flags & 0b0000'0101) == 0);       // the last acknowledgement
    CHECK(streams[0].starts_with("GET / HTTP/1.1\r\n"));
    CHECK(streams[0].size() > large.size());
    CHECK(streams[1].starts_with("HTTP/1.1 101 "));
    CHECK(streams[1].ends_with("\x81\x06" "answer\x88\x02\x03\xE8"));
    // A head may hold a password.
    CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms{0077}) ==
          std::filesystem::perms::none);
}

TEST_CASE("wsc: a replay waits for the answers that the record has, but not for ever") {
    const test::TemporaryFolder folder;
    const std::string record = folder.path("session");
    // Masked with a key of zeros, so that it can be read here.
    test::write_file(record,
                     "  1 → 81 81 00 00 00 00 61       TEXT FIN masked len=1 \"a\"\n"
                     "  2 ← 81 01 41                   TEXT FIN len=1 \"A\"\n"
                     "  3 → 81 81 00 00 00 00 62       TEXT FIN masked len=1 \"b\"\n"
                     "  4 ← 81 01 42                   TEXT FIN len=1 \"B\"\n");
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--replay", record, "-w", "0.5"}};
    process.close_stdin();
    RawPeer peer = server.accept();
    CHECK(next_frame(peer) == "text a");
    const auto start = std::chrono::steady_clock::now();
    SUBCASE("the answer comes") {
        peer.send(frame(ws::Opcode::text, "A"));
        CHECK(next_frame(peer) == "text b");
        CHECK(seconds_since(start) < at_once(0.4));
        peer.send(frame(ws::Opcode::text, "B"));
    }
    SUBCASE("it does not") {
        CHECK(next_frame(peer) == "text b");
        CHECK(seconds_since(start) > 0.3);
    }
    CHECK(next_frame(peer) == "close 1000 ");
    peer.close();
    CHECK(process.wait() == 0);
}

TEST_CASE("wsc: a replay sends fragments as fragments, and a ping between them") {
    const test::TemporaryFolder folder;
    const std::string record = folder.path("session");
    test::write_file(record,
                     "  1 → 01 82 00 00 00 00 67 72    TEXT masked len=2 \"gr\"\n"
                     "  2 → 89 81 00 00 00 00 70       PING FIN masked len=1 \"p\"\n"
                     "  3 → 80 81 00 00 00 00 FC       CONT FIN masked len=1\n"
                     "  4 → 02 81 00 00 00 00 00       BINARY masked len=1 [00]\n"
                     "  5 → 80 80 00 00 00 00          CONT FIN masked len=0\n");
    const auto refused = test::run(wsc(), {"-c", "ws://127.0.0.1:1", "--replay", record});
    CHECK(refused.status == 1);  // FC alone is no UTF-8
    std::string text = test::contents_of(record);
    text.replace(text.find("FC "), 2, "21");
    test::write_file(record, text);
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--replay", record}};
    process.close_stdin();
    RawPeer peer = server.accept();
    ws::FrameHeader head;
    for (const auto& [opcode, fin, payload] :
         {std::tuple{ws::Opcode::text, false, "gr"}, std::tuple{ws::Opcode::ping, true, "p"},
          std::tuple{ws::Opcode::continuation, true, "!"}}) {
        CHECK(ws::as_text(peer.receive_frame(head)) == payload);
        CHECK(head.opcode == opcode);
        CHECK(head.fin == fin);
    }
    CHECK(next_frame(peer) == "binary 00");
    CHECK(next_frame(peer) == "continuation ");
    CHECK(next_frame(peer) == "close 1000 ");
    peer.close();
    CHECK(process.wait() == 0);
}

TEST_CASE("wsc: what is no record, or would break a rule, is refused before anything is sent") {
    const test::TemporaryFolder folder;
    const std::string record = folder.path("session");
    const std::pair<const char*, const char*> cases[] = {
        {"hello\n", "line 1: expected a line such as '  2 → 81 05 ...'"},
        {"  1 → 81 85 37 FA 21 3D 7F 9F …  TEXT FIN masked len=5 \"Hello\"\n",
         "line 1: the bytes of the frame before it are missing"},
        {"  1 → 81 00                      TEXT FIN len=0\n",
         "line 1: the frame before it breaks a rule: a frame from a client must be masked"},
        {"  1 → 80 80 00 00 00 00          CONT FIN masked len=0\n",
         "line 1: the frame before it breaks a rule: a continuation frame came, and there is no "
         "message to continue"},
        {"  1 → 81 81 00 00 00 00 FF       TEXT FIN masked len=1\n",
         "line 1: the frame before it breaks a rule: a text message is not valid UTF-8"},
        {"  1 → 88 82 00 00 00 00 03 ED    CLOSE FIN masked len=2\n",
         "line 1: the frame before it breaks a rule: this close code must not be sent"}};
    for (const auto& [text, words] : cases) {
        test::write_file(record, text);
        const auto result = test::run(wsc(), {"-c", "ws://127.0.0.1:1", "--replay", record});
        CHECK(result.status == 1);
        CHECK(result.errors == "error: --replay: '" + record + "' " + words +
                                   "; only what --record wrote can be replayed\n");
    }
    // Such a file has neither lines nor an end.
    const auto endless = test::run(wsc(), {"-c", "ws://127.0.0.1:1", "--replay", "/dev/zero"});
    CHECK(endless.status == 1);
    CHECK(endless.errors == "error: --replay: '/dev/zero' is no text; only what --record wrote can be replayed\n");
    test::write_file(record, "");
    for (const auto& [path, words] : {std::pair{record, "it is empty"},
                                      std::pair{folder.path(), "Is a directory"}}) {
        const auto result = test::run(wsc(), {"-c", "ws://127.0.0.1:1", "--replay", path});
        CHECK(result.status == 1);
        CHECK(result.errors == "error: --replay: cannot read '" + path + "': " + words + "\n");
    }
}

TEST_CASE("wsc: messages that were not sent are counted, and the status tells") {
    WscServer server;
    const std::string line(2000, 'x');
    std::string input;
    for (int i = 0; i < 12'000; ++i) input += line + '\n';
    test::TemporaryFolder folder;
    test::write_file(folder.path("input"), input);
    Process process{"/bin/sh", {"-c", "exec \"$0\" -c \"$1\" <\"$2\"", wsc(), server.url(),
                                folder.path("input")}};
    RawPeer peer = server.accept();
    SUBCASE("the peer has gone") { peer.reset(); }
    SUBCASE("the peer has closed") {
        peer.send("88 02 03 E8"_hex);
        peer.end_sending();
    }
    CHECK(process.wait() == 1);
    CHECK(process.errors_so_far().find(" messages were not sent: the connection has ended\n") !=
          std::string::npos);
}

TEST_CASE("wsc: a message that the peer refuses as too big is no success") {
    WscServer server;
    Process process{wsc(), {"-c", server.url()}};
    process.write("too big\n");
    process.close_stdin();
    RawPeer peer = server.accept();
    CHECK(next_frame(peer) == "text too big");
    peer.send("88 02 03 F1"_hex);
    CHECK(next_frame(peer) == "close 1009 ");
    peer.close();
    CHECK(process.wait() == 1);
    CHECK(process.errors_so_far().ends_with("error: the peer has refused a message as too big (1009)\n"));
}

TEST_CASE("wsc: when something of this machine fails, the peer gets a Close all the same") {
    WscServer server;
    Process process{"/bin/sh",
                    {"-c", "exec \"$0\" -c \"$1\" -w -1 >/dev/full", wsc(), server.url()}};
    RawPeer peer = server.accept();
    peer.send(frame(ws::Opcode::text, "lost"));
    CHECK(next_frame(peer) == "close 1001 ");
    peer.close();
    CHECK(process.wait() == 1);
    CHECK(process.errors_so_far().ends_with(
        "error: cannot write to standard output: No space left on device\n"));
}

TEST_CASE("wsc: whoever reads neither messages nor trace any more ends it") {
    WscServer server;
    Process process{"/bin/sh", {"-c", "\"$0\" -c \"$1\" -w -1 --trace 2>&1 | head -1; echo done",
                                wsc(), server.url()}};
    RawPeer peer = server.accept();
    CHECK(process.read_line().starts_with("  1 "));
    for (int i = 0; i < 3; ++i) peer.try_send(frame(ws::Opcode::ping, "x"));
    ws::FrameHeader header;
    do peer.receive_frame(header);
    while (header.opcode != ws::Opcode::close);
    peer.close();
    CHECK(process.read_line() == "done");
}

TEST_CASE("wsc: a peer that takes nothing, or answers no Close, is said to") {
    WscServer server;
    SUBCASE("takes nothing") {
        Process process{wsc(), {"-c", server.url(), "--write-timeout", "0.2"}};
        RawPeer peer = server.accept();
        const std::string line = std::string(1 << 20, 'x') + '\n';
        for (int i = 0; i < 64 && process.try_write(line); ++i) continue;
        process.close_stdin();
        CHECK(process.wait() == 255);
        CHECK(process.errors_so_far().find("error: the peer has taken no byte for 0.2 s\n") !=
              std::string::npos);
    }
    SUBCASE("answers no Close") {
        Process process{wsc(), {"-c", server.url(), "--close-timeout", "0.1"}};
        process.close_stdin();
        RawPeer peer = server.accept();
        CHECK(next_frame(peer) == "close 1000 ");
        CHECK(process.wait() == 0);
        CHECK(process.errors_so_far() ==
              connected + "error: the peer has not answered our Close within 0.1 s\n");
    }
}

TEST_CASE("wsc: lines of a Windows file lose their CR, and JSON with any number is indented") {
    CHECK(session({}, "a\r\nb\r\n").received == "text a, text b, close 1000 ");
    const Session result = session({"--json"}, "[1e400,-12345678901234567890]\n[01]\n[1.]\n\"1\"\n");
    CHECK(result.finished.output ==
          "[\n  1e400,\n  -12345678901234567890\n]\n[01]\n[1.]\n\"1\"\n");
}

TEST_CASE("wsc: a record that went through an editor of Windows is played all the same") {
    const test::TemporaryFolder folder;
    test::write_file(folder.path("record"), "\xEF\xBB\xBF"
                     "  1 → 81 82 00 00 00 00 68 69    TEXT FIN masked len=2 \"hi\"\r\n");
    CHECK(session({"--replay", folder.path("record"), "-w", "0"}).received == "text hi, close 1000 ");
}

// Its own pongs, which nobody takes, do not keep it from seeing that its input is over. (Lines that are
// left have the write timeout.)
TEST_CASE("wsc: the end of the input is seen while the server pings without end and reads nothing") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "-w", "0.1", "--close-timeout", "0.2",
                            "--write-timeout", "3600"}};
    RawPeer peer = server.accept();
    ws::Buffer pings;
    for (int i = 0; i < 100'000; ++i) ws::append(pings, frame(ws::Opcode::ping, "x"));
    // Its pongs lie here unread; when no more come, although it has read more pings than a backlog holds
    // answers, it waits for us.
    int before = -1;
    for (int unread = 0, same = 0; same < 4; same = unread == before ? same + 1 : 0, before = unread) {
        peer.send(pings);
        ::ioctl(peer.socket().get(), FIONREAD, &unread);
        if (unread == 0) before = -1;
    }
    std::jthread flood{[&peer, &pings] {
        while (net::send_all(peer.socket(), pings, net::after(std::chrono::seconds{30}))) continue;
    }};
    process.close_stdin();
    CHECK(process.wait() == 0);
    flood.join();
    CHECK(process.errors_so_far() ==
          connected + "error: the peer has not answered our Close within 0.2 s\n");
}

TEST_CASE("wsc: --raw, -0 and --send make one message of many lines") {
    CHECK(session({"--raw"}, "a\nb\r\n").received == "text a\nb\r\n, close 1000 ");
    CHECK(session({"--raw", "--binary"}, {"\xFF\n\0", 3}).received == "binary FF 0A 00, close 1000 ");
    CHECK(session({"-0"}, {"a\nb\0\0c", 6}).received == "text a\nb, text , text c, close 1000 ");
    const test::TemporaryFolder folder;
    test::write_file(folder.path("text"), "two\nlines\n");
    test::write_file(folder.path("bytes"), "\xFF");
    CHECK(session({"--send", folder.path("text"), "--send", folder.path("bytes"), "-w", "0"}).received ==
          "text two\nlines\n, binary FF, close 1000 ");
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--send", folder.path("none")}};
    RawPeer peer = server.accept();
    CHECK(next_frame(peer) == "close 1001 ");
    peer.close();
    CHECK(process.wait() == 1);
    CHECK(process.errors_so_far() == "error: --send: cannot read '" + folder.path("none") +
                                         "': No such file or directory\n");
}

TEST_CASE("wsc: --reconnect comes back to a server that was lost, --quiet says nothing of it") {
    WscServer server;
    Process process{wsc(), {"-c", server.url(), "--reconnect", "--quiet"}};
    server.accept().reset();
    RawPeer again = server.accept();
    process.write("still here\n");
    CHECK(next_frame(again) == "text still here");
    again.send(frame(ws::Opcode::text, "yes"));
    CHECK(process.read_line() == "yes");
    again.send("88 02 03 E8"_hex);
    CHECK(next_frame(again) == "close 1000 ");
    again.close();
    CHECK(process.wait() == 0);
    CHECK(process.errors_so_far() == "");
}
