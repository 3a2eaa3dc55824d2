// Command lines: what is taken, and what every mistake gets told.
#include "cli/options.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <system_error>

#include "tests/support/process.hpp"

namespace {

using Arguments = std::vector<std::string>;

void parse(cli::Options& options, const Arguments& arguments) {
    std::vector<char*> argv{const_cast<char*>("program")};
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    options.parse(static_cast<int>(argv.size()), argv.data());
}

// What a client's command line is told; empty when it is fine.
std::string complaint(const Arguments& arguments) {
    cli::Common common;
    std::uint64_t number = 5;
    std::chrono::milliseconds wait{500};
    cli::Options options{"client", "A client."};
    options.client(common, {"ws", "wss"});
    options.path(common);
    options.number("--count", number, 1, 10, "N", "a number");
    options.seconds("--wait", wait, "a duration");
    try {
        parse(options, arguments);
    } catch (const cli::UsageError& error) {
        return error.what();
    }
    return "";
}

std::function<void()> what_run_does;
int run(const std::function<void()>& body) {
    what_run_does = body;
    char name[] = "path/to/program";
    char* argv[] = {name, nullptr};
    return cli::run(1, argv, [](int, char**) {
        what_run_does();
        return 0;
    });
}

}  // namespace

TEST_CASE("options: both spellings, in any order, the later one wins") {
    cli::Common common;
    std::uint64_t number = 5;
    std::optional<std::uint64_t> maybe;
    std::string text = "old";
    std::chrono::milliseconds wait{0};
    cli::Options options{"server", "A server."};
    options.server(common);
    options.path(common);
    options.number("--count", number, 0, 10, "N", "a number");
    options.number("--maybe", maybe, 0, 10, "N", "a number");
    options.text("--text", text, "TEXT", "a text");
    options.seconds("--wait", wait, "a duration");
    parse(options, {"--port=0", "--host", "::", "--trace", "--count", "10", "--count=0",
                    "--text=", "--path", "/x", "--wait=0.25"});
    CHECK(common.port == 0);
    CHECK(common.host == "::");
    CHECK(common.trace);
    CHECK(common.path == "/x");
    CHECK(number == 0);
    CHECK_FALSE(maybe);
    CHECK(text.empty());
    CHECK(wait == std::chrono::milliseconds{250});
}

TEST_CASE("options: a client's argument is a URL, or a part of one") {
    struct Case {
        Arguments arguments;
        std::string host;
        int port;
        std::string path;
    };
    const Case cases[] = {
        {{}, "localhost", 8080, "/ws"},
        {{":9000"}, "localhost", 9000, "/ws"},
        {{"example.org"}, "example.org", 8080, "/ws"},
        {{"ws://[::1]:7000/chat?a=b"}, "::1", 7000, "/chat?a=b"},
        {{"wss://h/"}, "h", 8080, "/ws"},
        {{"--port", "1", "h:2"}, "h", 2, "/ws"},
        {{"h:2", "--port", "1"}, "h", 1, "/ws"},
    };
    for (const Case& expected : cases) {
        CAPTURE(expected.host);
        cli::Common common;
        cli::Options options{"client", "A client."};
        options.client(common, {"ws", "wss"});
        options.path(common);
        parse(options, expected.arguments);
        CHECK(common.host == expected.host);
        CHECK(common.port == expected.port);
        CHECK(common.path == expected.path);
    }
}

TEST_CASE("options: each mistake has its words") {
    CHECK(complaint({"--port", "80"}) == "");
    CHECK(complaint({"--prot", "80"}) == "unknown option '--prot'");
    CHECK(complaint({"-p", "80"}) == "unknown option '-p'");
    CHECK(complaint({"--"}) == "unknown option '--'");
    CHECK(complaint({"--port"}) == "--port needs a value: PORT");
    CHECK(complaint({"--trace=yes"}) == "--trace takes no value");
    const std::string port = "expected a number from 1 to 65535";
    for (const char* value :
         {"0", "65536", "-1", "+1", "80x", "", " 80", "0x50", "99999999999999999999"}) {
        CAPTURE(value);
        CHECK(complaint({"--port", value}) == "--port '" + std::string{value} + "': " + port);
    }
    CHECK(complaint({"--count=11"}) == "--count '11': expected a number from 1 to 10");
    CHECK(complaint({"--wait", "soon"}) == "--wait 'soon': expected seconds, from 0.001 to 86400");
    CHECK(complaint({"--wait", "nan"}) == "--wait 'nan': expected seconds, from 0.001 to 86400");
    CHECK(complaint({"--path", "ws"}) == "--path 'ws': expected a path that begins with '/', and has no '#' in it");
    CHECK(complaint({"ws://a", "ws://b"}) == "one URL only, and 'ws://b' is a second one");
    CHECK(complaint({"http://a"}) == "'http://a': this program speaks ws://, not http://");
    CHECK(complaint({"ws://a:b"}) ==
          "'ws://a:b' is not a usable URL: the port must be a number from 1 to 65535");
}

TEST_CASE("options: a duration that 0 switches off") {
    std::chrono::milliseconds wait{500};
    cli::Options options{"server", "A server."};
    options.seconds_or_off("--wait", wait, "how long");
    CHECK(options.help().find("how long; 0: off (default: 0.5 s)\n") != std::string::npos);
    parse(options, {"--wait", "0.25"});
    CHECK(wait == std::chrono::milliseconds{250});
    parse(options, {"--wait", "0"});
    CHECK(wait == std::chrono::milliseconds{0});
    for (const char* wrong : {"-1", "0.0001", "", "off"})
        CHECK_THROWS_WITH_AS(parse(options, {"--wait", wrong}),
                             ("--wait '" + std::string{wrong} +
                              "': expected seconds, from 0.001 to 86400, or 0 for off")
                                 .c_str(),
                             cli::UsageError);
    CHECK(complaint({"--wait", "0"}) == "--wait '0': expected seconds, from 0.001 to 86400");
}

TEST_CASE("options: a server takes no argument without a dash; its port may be 0") {
    cli::Common common;
    cli::Options options{"server", "A server."};
    options.server(common);
    CHECK_THROWS_WITH_AS(parse(options, {"9000"}), "unexpected '9000': this program takes options only",
                         cli::UsageError);
    CHECK_THROWS_WITH_AS(parse(options, {"--port", "x"}),
                         "--port 'x': expected a number from 0 to 65535", cli::UsageError);
    CHECK_NOTHROW(parse(options, {"--port", "0"}));
}

TEST_CASE("options: the help names every option, its value and its default") {
    cli::Common common{.port = 9000};
    std::chrono::milliseconds wait{1500};
    cli::Options options{"client", "Does this and that."};
    options.client(common, {"tcp"});
    options.seconds("--wait", wait, "how long");
    const std::string help = options.help();
    CHECK(help.starts_with("Does this and that.\n\nUsage: client [options] [URL]\n\n"));
    for (const char* part :
         {"\n  --port PORT ", "(default: 9000)", "(default: localhost)", "\n  --trace ",
          "tcp://localhost:9000", "(default: 1.5 s)", "\n  --help "})
        CHECK_MESSAGE(help.find(part) != std::string::npos, part);
}

TEST_CASE("options: --help is an answer and no mistake, a mistake is one line and status 2") {
    const std::string server = test::program("lessons/01-tcp-echo/server");
    const test::Finished help = test::run(server, {"--port", "0", "--help"});
    CHECK(help.status == 0);
    CHECK(help.output.starts_with("Sends back every byte"));
    CHECK(help.errors == "");

    const test::Finished wrong = test::run(server, {"--nonsense"});
    CHECK(wrong.status == 2);
    CHECK(wrong.output == "");
    CHECK(wrong.errors == "server: unknown option '--nonsense' (--help shows the options)\n");
    const test::Finished lines = test::run(server, {"--port", "1\n2\x1b[2J"});
    CHECK(lines.errors ==
          "server: --port '1\\n2\\x1B[2J': expected a number from 0 to 65535 (--help "
          "shows the options)\n");
    // A C1 control, no UTF-8, one that turns the order of what follows.
    for (const auto& [typed, shown] : {std::pair{"\xC2\x9B" "2J", "\\xC2\\x9B2J"}, {"\xFF", "\\xFF"}, {"\u202E1", "\\u202E1"}})
        CHECK(test::run(server, {"--port", typed}).errors ==
              "server: --port '" + std::string{shown} + "': expected a number from 0 to 65535 (--help shows the options)\n");
}

TEST_CASE("options: exit statuses") {
    const auto system = [](int error) {
        return [error] {
            throw std::system_error{error, std::generic_category(), "(a line of a test)"};
        };
    };
    CHECK(run([] {}) == 0);
    CHECK(run([] { throw cli::UsageError{"(a line of a test)"}; }) == 2);
    CHECK(run([] { throw std::runtime_error{"(a line of a test)"}; }) == 1);
    CHECK(run(system(EADDRINUSE)) == 1);
    CHECK(run(system(ECONNREFUSED)) == 1);
}

TEST_CASE("options: short names, alone, with their value, and several flags in one argument") {
    bool loud = false;
    bool fast = false;
    std::string url = "old";
    std::string maybe = "old";
    cli::Options options{"client", "A client."};
    options.short_help();
    options.flag("-L, --loud", loud, "loud");
    options.flag("-f, --fast", fast, "fast");
    options.text("-c, --connect", url, "URL", "where to");
    options.custom("--redirects", "[NUM]", "how many",
                   [&](const std::string& value) { maybe = value; });
    CHECK(options.help().find("  -c, --connect URL         where to (default: old)\n") !=
          std::string::npos);
    CHECK(options.help().find("  -h, --help ") != std::string::npos);

    SUBCASE("apart") {
        parse(options, {"-L", "-c", "a", "-f"});
        CHECK(url == "a");
    }
    SUBCASE("together") {
        parse(options, {"-Lfca"});
        CHECK(url == "a");
    }
    SUBCASE("the long ones as ever") {
        parse(options, {"--loud", "--fast", "--connect=-a"});
        CHECK(url == "-a");
    }
    SUBCASE("a value that may begin with a dash") {
        parse(options, {"-Lf", "-c", "-1"});
        CHECK(url == "-1");
    }
    CHECK(loud);
    CHECK(fast);

    parse(options, {"--redirects", "7"});
    CHECK(maybe == "7");
    parse(options, {"--redirects", "-L"});
    CHECK(maybe == "");
    maybe = "old";
    parse(options, {"--redirects"});
    CHECK(maybe == "");

    CHECK_THROWS_WITH_AS(parse(options, {"-x"}), "unknown option '-x'", cli::UsageError);
    CHECK_THROWS_WITH_AS(parse(options, {"-Lx"}), "unknown option '-x'", cli::UsageError);
    CHECK_THROWS_WITH_AS(parse(options, {"-"}), "unknown option '-'", cli::UsageError);
    CHECK_THROWS_WITH_AS(parse(options, {"-Lc"}), "-c, --connect needs a value: URL",
                         cli::UsageError);
}
