// wsc on a terminal: what is on the screen, the keys, and the terminal as it was at the end.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>

#include "tests/clients/wsc.hpp"

using test::frame;
using test::JobShell;
using test::next_frame;
using test::RawPeer;
using test::Terminal;
using test::wsc;
using test::WscServer;
using namespace test::literals;

namespace {

const std::string connected = "Connected (press CTRL+C to quit)\n> ";
constexpr tcflag_t usual_modes = ICANON | ECHO | ISIG;

std::vector<std::string> options(const WscServer& server, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--no-history", "-c", server.url()});
    return more;
}

bool restored(const Terminal& terminal) {
    return (terminal.local_modes() & usual_modes) == usual_modes;
}

// Ctrl-C, with its closing handshake; the terminal must be as it was.
void leave(Terminal& terminal, RawPeer& peer) {
    terminal.type("\x03");
    CHECK(next_frame(peer) == "close 1000 ");
    peer.send("88 02 03 E8"_hex);
    peer.end_sending();
    CHECK(terminal.wait() == 0);
    CHECK(restored(terminal));
}

}  // namespace

TEST_CASE("wsc: a session on a terminal looks as in wscat") {
    WscServer server;
    Terminal terminal{wsc(), options(server, {"--slash", "-P"})};
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    CHECK((terminal.local_modes() & (ICANON | ECHO)) == 0);
    terminal.type("hi\r");
    CHECK(next_frame(peer) == "text hi");
    terminal.expect_end("\n> hi\n> ");
    peer.send(frame(ws::Opcode::text, "there"));
    terminal.expect_end("\n> hi\n< there\n> ");
    peer.send(frame(ws::Opcode::text, ""));
    terminal.expect_end("\n< \n> ");
    // A further line of a message cannot be taken for one of ours.
    peer.send(frame(ws::Opcode::text, "a\nDisconnected"));
    terminal.expect_end("\n< a\n  Disconnected\n> ");
    peer.send("82 03 00 41 FF"_hex);
    terminal.expect_end("\n< (binary, 3 bytes) 00 41 FF\n> ");
    peer.send(frame(ws::Opcode::ping, "hb"));
    terminal.expect_end("\n< Received ping (data: \"hb\")\n> ");
    terminal.type("\r/foo\r");
    terminal.expect_end("\n> \n> /foo\nerror: Unrecognized slash command.\n> ");
    CHECK(next_frame(peer) == "pong hb");
    CHECK(next_frame(peer) == "text ");
    peer.send("88 06 0F A0 62 22 07 65"_hex);
    CHECK(terminal.wait() == 0);
    CHECK(terminal.screen().ends_with("\nDisconnected (code: 4000, reason: \"b\"\\x07e\")\n"));
    CHECK(restored(terminal));
}

TEST_CASE("wsc: what is typed before it is open leaves nothing behind on the screen") {
    const auto typed_early = [](const char* last_key, std::string_view answer) {
        WscServer server;
        Terminal terminal{wsc(), options(server)};
        RawPeer peer{server.listener};
        peer.receive_head();
        terminal.type("early");
        terminal.expect("early");
        terminal.type(last_key);
        if (!answer.empty()) peer.send(answer);
        terminal.wait();
        return terminal.screen();
    };
    CHECK(typed_early("\x03", "") == "");
    CHECK(typed_early("", "HTTP/1.1 403 Forbidden\r\n\r\n") ==
          "error: Unexpected server response: 403; HTTP/1.1 403 Forbidden; path /\n");
}

TEST_CASE("wsc: what comes in does not disturb what is being typed, and cannot draw") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.type("half a li");
    terminal.expect_end("\n> half a li");
    peer.send(frame(ws::Opcode::text, "\x1B[2Jx\r\x07\tend"));
    terminal.expect_end("\n< \\x1B[2Jx\\r\\x07\tend\n> half a li");
    terminal.type("\x1B[D\x1B[D-");
    terminal.expect_end("\n> half a -li");
    CHECK(terminal.cursor() == 10);
    peer.send(frame(ws::Opcode::text, "again"));
    terminal.expect_end("\n< again\n> half a -li");
    CHECK(terminal.cursor() == 10);
    terminal.type("\x05ne\r");
    CHECK(next_frame(peer) == "text half a -line");
    leave(terminal, peer);
}

TEST_CASE("wsc: colors on a terminal, and none with --no-color, NO_COLOR or a dumb terminal") {
    const auto shown_with = [](std::vector<std::string> environment,
                               std::vector<std::string> arguments) {
        WscServer server;
        arguments = options(server, std::move(arguments));
        environment.push_back(wsc());
        environment.insert(environment.end(), arguments.begin(), arguments.end());
        Terminal terminal{"/usr/bin/env", environment};
        RawPeer peer = server.accept();
        peer.send(frame(ws::Opcode::text, "x"));
        peer.send("C1 00"_hex);
        CHECK(terminal.wait() == 255);
        return terminal.raw();
    };
    const std::string colored = shown_with({"-u", "NO_COLOR"}, {});
    CHECK(colored.find("\x1B[32mConnected (press CTRL+C to quit)\x1B[39m") != std::string::npos);
    CHECK(colored.find("\x1B[34m< x\x1B[39m") != std::string::npos);
    CHECK(colored.find("\x1B[33merror: Invalid WebSocket frame: RSV1 must be clear\x1B[39m") !=
          std::string::npos);
    for (const std::string& plain :
         {shown_with({"-u", "NO_COLOR"}, {"--no-color"}), shown_with({"NO_COLOR=1"}, {}),
          shown_with({"-u", "NO_COLOR", "TERM=dumb"}, {})}) {
        CHECK(plain.find("m< x") == std::string::npos);
        CHECK(plain.find("\x1B[3") == std::string::npos);
    }
}

TEST_CASE("wsc: with -x a terminal shows the bare messages, as wscat does") {
    WscServer server;
    Terminal terminal{wsc(), options(server, {"-x", "hi", "-w", "-1"})};
    RawPeer peer = server.accept();
    CHECK(next_frame(peer) == "text hi");
    peer.send(frame(ws::Opcode::text, "hello"));
    peer.send("C1 00"_hex);
    CHECK(terminal.wait() == 255);
    CHECK(terminal.screen() == "hello\nInvalid WebSocket frame: RSV1 must be clear\n");
}

TEST_CASE("wsc: wide characters and long lines: the cursor stays on the screen") {
    WscServer server;
    Terminal terminal{wsc(), options(server), 20};
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    // 17 columns are left: the prompt takes two, and one stays free.
    const std::string line = "一丁丂七丄丅丆万丈三上下丌不与丏丐丑丒专";
    terminal.type(line);
    terminal.expect_end("\n> " + line.substr(line.size() - 8 * 3));
    terminal.type("\x01");  // to the beginning: its part is shown
    terminal.expect_end("\n> " + line.substr(0, 8 * 3));
    CHECK(terminal.cursor() == 2);
    terminal.type("x\x1B[C");
    terminal.expect_end("\n> x" + line.substr(0, 8 * 3));
    terminal.type("\x05\x7F\x7F");
    terminal.expect_end("\n> " + line.substr(line.size() - 10 * 3, 8 * 3));
    terminal.type("\r");
    CHECK(next_frame(peer) == "text x" + line.substr(0, 18 * 3));
    leave(terminal, peer);
}

TEST_CASE("wsc: a new width is drawn at once") {
    WscServer server;
    Terminal terminal{wsc(), options(server), 40};
    RawPeer peer = server.accept();
    terminal.type("0123456789012345678901234");
    terminal.expect_end("\n> 0123456789012345678901234");
    terminal.resize(13);
    terminal.expect_end("> 5678901234");
    terminal.resize(40);
    terminal.expect_end("> 0123456789012345678901234");
    leave(terminal, peer);
}

TEST_CASE("wsc: the history outlives a run, in a file of its owner's") {
    const test::TemporaryFolder folder;
    const std::string state = folder.path("new/state");
    const auto start = [&](const WscServer& server, std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"XDG_STATE_HOME=" + state, wsc(), "-c", server.url()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    };
    const std::string file = state + "/wsc/history";
    for (const char* line : {"one", "two"}) {
        WscServer server;
        Terminal terminal{"/usr/bin/env", start(server)};
        RawPeer peer = server.accept();
        terminal.expect_end(connected);
        terminal.type(std::string{line} + "\r secret\r" + line + "\r\r");
        for (const std::string& sent : {std::string{line}, std::string{" secret"}})
            CHECK(next_frame(peer) == "text " + sent);
        CHECK(next_frame(peer) == std::string{"text "} + line);
        CHECK(next_frame(peer) == "text ");
        terminal.signal(SIGKILL);  // each line was written when it was typed
        CHECK(terminal.wait() == 128 + SIGKILL);
    }
    CHECK(test::contents_of(file) == "one\ntwo\n");
    struct stat info {};
    REQUIRE(::stat(file.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    REQUIRE(::stat((state + "/wsc").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);

    {
        WscServer server;
        Terminal terminal{"/usr/bin/env", start(server)};
        RawPeer peer = server.accept();
        terminal.type("begun\x1B[A");
        terminal.expect_end("\n> two");
        terminal.type("\x1B[A");
        terminal.expect_end("\n> one");
        terminal.type("\x1B[B\x1B[B");
        terminal.expect_end("\n> begun");
        leave(terminal, peer);
    }
    // No more than a thousand lines are kept.
    std::string many;
    for (int i = 0; i < 1500; ++i) many += std::to_string(i) + '\n';
    test::write_file(file, many);
    {
        WscServer server;
        Terminal terminal{"/usr/bin/env", start(server)};
        RawPeer peer = server.accept();
        terminal.type("\x1B[A");
        terminal.expect_end("\n> 1499");
        leave(terminal, peer);
    }
    CHECK(test::contents_of(file) == many.substr(many.find("\n500\n") + 1));
    // An editor of Windows has been at it.
    test::write_file(file, "\xEF\xBB\xBFone\r\n");
    {
        WscServer server;
        Terminal terminal{"/usr/bin/env", start(server)};
        RawPeer peer = server.accept();
        terminal.type("\x1B[A\r");
        CHECK(next_frame(peer) == "text one");
        leave(terminal, peer);
    }
    // One that cannot be written is said once, and no reason to end.
    WscServer server;
    Terminal terminal{"/usr/bin/env", start(server, {"--history", "/dev/full"})};
    RawPeer peer = server.accept();
    terminal.type("a\rb\r");
    CHECK(next_frame(peer) == "text a");
    CHECK(next_frame(peer) == "text b");
    terminal.expect("error: cannot keep the history in '/dev/full': No space left on device\n");
    leave(terminal, peer);
    const std::string screen = terminal.screen();
    CHECK(screen.find("error:") == screen.rfind("error:"));
}

TEST_CASE("wsc: Ctrl-D leaves on an empty line, with a closing handshake and without a word") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    terminal.type("x\x04\x7F\x04");
    CHECK(next_frame(peer) == "close 1000 ");
    peer.send("88 02 03 E8"_hex);
    peer.end_sending();
    CHECK(terminal.wait() == 0);
    CHECK(terminal.screen() == "Connected (press CTRL+C to quit)\n");
    CHECK(restored(terminal));
}

TEST_CASE("wsc: the terminal is restored however it ends") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    SUBCASE("its server is killed") {
        peer.reset();
        CHECK(terminal.wait() == 0);
        CHECK(terminal.screen().ends_with("Disconnected (code: 1006, reason: \"\")\n"));
    }
    SUBCASE("SIGTERM") {
        terminal.signal(SIGTERM);
        CHECK(next_frame(peer) == "close 1001 ");
        peer.close();
        CHECK(terminal.wait() == 128 + SIGTERM);
    }
    SUBCASE("SIGQUIT") {
        terminal.signal(SIGQUIT);
        CHECK(next_frame(peer) == "close 1001 ");
        peer.close();
        CHECK(terminal.wait() == 128 + SIGQUIT);
    }
    SUBCASE("a broken frame") {
        peer.send("C1 00"_hex);
        CHECK(terminal.wait() == 255);
    }
    SUBCASE("two times Ctrl-C, with a server that answers nothing") {
        terminal.type("\x03\x03");
        CHECK(terminal.wait() == 0);
    }
    CHECK(restored(terminal));
}

TEST_CASE("wsc: a closed window ends it, and the server is told") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    terminal.hang_up();
    // The signal or the end of the terminal's input, whichever is seen first.
    const std::string told = next_frame(peer);
    CHECK_MESSAGE((told == "close 1001 " || told == "close 1000 "), told);
    peer.close();
    const int status = terminal.wait();
    CHECK_MESSAGE((status == 128 + SIGHUP || status == 0), status);
}

TEST_CASE("wsc: Ctrl-Z stops the whole job, as behind make, and fg goes on with it") {
    WscServer server;
    JobShell shell;
    Terminal& terminal = shell.terminal;
    terminal.type("sh -c '" + wsc() + " --no-history -c " + server.url() + "; echo over'\r");
    SUBCASE("connected") {
        RawPeer peer = server.accept();
        terminal.expect_end(connected);
        terminal.type("half");
        terminal.expect_end("> half");
        shell.stop_job();
        CHECK(restored(terminal));
        peer.send(frame(ws::Opcode::text, "meanwhile"));
        terminal.type("fg\r");
        terminal.expect_end("< meanwhile\n> half");
        CHECK((terminal.local_modes() & (ICANON | ECHO)) == 0);
        terminal.type("\x03");
        CHECK(next_frame(peer) == "close 1000 ");
        peer.end_sending();
        terminal.expect_end("shell# ");
    }
    SUBCASE("shaking hands") {
        RawPeer peer{server.listener};
        peer.receive_head();
        shell.stop_job();
        peer.send("HTTP/1.1 403 Forbidden\r\n\r\n");
        terminal.type("fg\r");
        terminal.expect("error: Unexpected server response: 403");
        terminal.expect("\nover\n");
    }
}

TEST_CASE("wsc: SIGTSTP from elsewhere stops it, too") {
    WscServer server;
    JobShell shell;
    Terminal& terminal = shell.terminal;
    // Without a shell around it, which would stop by itself.
    terminal.type(wsc() + " --no-history -c " + server.url() + "\r");
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    terminal.signal_job(SIGTSTP);
    terminal.expect("Stopped ");
    CHECK(restored(terminal));
}

TEST_CASE("wsc: where nobody could continue it, nothing stops it") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    SUBCASE("connected") {
        RawPeer peer = server.accept();
        terminal.expect_end(connected);
        SUBCASE("Ctrl-Z") { terminal.type("\x1A"); }
        SUBCASE("SIGTSTP") { terminal.signal(SIGTSTP); }
        peer.send(frame(ws::Opcode::text, "still here"));
        terminal.expect_end("< still here\n> ");
        CHECK((terminal.local_modes() & (ICANON | ECHO)) == 0);
        leave(terminal, peer);
    }
    SUBCASE("shaking hands") {
        RawPeer peer{server.listener};
        const std::string request = peer.receive_head();
        terminal.type("\x1A");
        terminal.expect("^Z");
        peer.send(test::answer_to(request));
        terminal.expect_end(connected);
        leave(terminal, peer);
    }
}

TEST_CASE("wsc: a terminal that something else has changed is taken again with SIGCONT") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.expect_end(connected);
    terminal.signal(SIGSTOP);
    terminal.wait_for_stop();
    terminal.set_local_modes(terminal.local_modes() | ICANON | ECHO);  // as a shell does
    terminal.signal(SIGCONT);
    peer.send(frame(ws::Opcode::text, "x"));
    terminal.expect_end("< x\n> ");
    CHECK((terminal.local_modes() & (ICANON | ECHO)) == 0);
    leave(terminal, peer);
}

TEST_CASE("wsc: several pasted lines are several messages, and a tab stays a tab") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.type("one\rtwo\tthree\rfour");
    CHECK(next_frame(peer) == "text one");
    CHECK(next_frame(peer) == "text two\tthree");
    terminal.expect_end("\n> one\n> two\\tthree\n> four");
    leave(terminal, peer);
}

TEST_CASE("wsc: lines of a Windows file that are pasted have no empty ones between them") {
    WscServer server;
    Terminal terminal{wsc(), options(server)};
    RawPeer peer = server.accept();
    terminal.expect_end("> ");  // the terminal is its own from now on
    terminal.type("one\r\ntwo\r\nthree");
    CHECK(next_frame(peer) == "text one");
    CHECK(next_frame(peer) == "text two");
    terminal.expect_end("\n> one\n> two\n> three");
    leave(terminal, peer);
}
