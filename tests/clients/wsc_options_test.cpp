// wsc's command line: every mistake gets one line and status 2; help, man page and completion name
// the same options.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/clients/wsc.hpp"

using test::contents_of;
using test::run;
using test::wsc;

namespace {

// Long and short names: "--connect", "-c".
std::set<std::string> names_in(const std::string& text, const std::string& line_start) {
    std::set<std::string> names;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(line_start)) continue;
        std::erase(line, '\\');
        line = line.substr(line_start.size());
        // "-c, --connect URL  what it does": the first words that begin with a dash.
        std::istringstream words{line};
        for (std::string word; words >> word && word.starts_with('-');)
            names.insert(word.substr(0, word.find_first_of(",")));
    }
    return names;
}

std::string list(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + ' ';
    return text;
}

}  // namespace

TEST_CASE("wsc: each wrong command line is one line, and status 2") {
    const std::string url = "ws://127.0.0.1:1";
    struct Case {
        std::vector<std::string> arguments;
        std::string words;
    };
    const Case cases[] = {
        {{"--x"}, "unknown option '--x'"},
        {{"-x"}, "-x, --execute needs a value: MESSAGE"},
        {{"-c"}, "-c, --connect needs a value: URL"},
        {{"-c", url, "more"}, "'more': expected one URL only"},
        {{"-c", url, "-l", "1"}, "use either --listen or --connect"},
        {{"-c", "ftp://host"}, "-c, --connect 'ftp://host': expected a URL"},
        {{"-c", "ws://"}, "-c, --connect 'ws://': expected a URL"},
        {{"-c", "ws:/host:80"}, "'ws:/host:80': two slashes belong behind 'ws:'"},
        {{"-c", "WSS:host"}, "two slashes belong behind 'wss:'"},
        {{"-c", "ws://host:99999"}, "the port must be a number from 1 to 65535"},
        {{"-c", "ws://host/#part"}, "a fragment"},
        {{"-c", "ws://a b"}, "a space"},
        {{"-c", "ws://::1"}, "brackets"},
        {{"-c", "ws://h\x1B[31m/"}, "expected a URL"},
        {{"-c", "ws+unix:"}, "names no socket"},
        {{"-c", "ws+unix:/a:b"}, "must be a path"},
        {{"-l", "65536"}, "-l, --listen '65536': expected a number from 0 to 65535"},
        {{"-l", "http"}, "expected a number from 0 to 65535"},
        {{"-l", "0", "-x", "a"}, "-x works with --connect only"},
        {{"-l", "0", "-s", "a"}, "-s works with --connect only"},
        {{"-c", url, "-H", "no colon"}, "expected a header such as 'X-Name: value'"},
        {{"-c", url, "-H", ": value"}, "expected a header such as"},
        {{"-c", url, "-H", "a b: c"}, "expected a header such as"},
        {{"-c", url, "-H", "a: b\r\nInjected: c"}, "expected a value without line feeds"},
        {{"-c", url, "-H", "Upgrade: h2c"}, "a header that the handshake does not decide about"},
        {{"-c", url, "-H", "sec-websocket-protocol: a"}, "subprotocols are given with -s"},
        {{"-c", url, "-H", "Host: a b"}, "expected a host such as example.com"},
        {{"-c", url, "-s", "a,b"}, "-s, --subprotocol 'a,b': expected a name"},
        {{"-c", url, "-s", "a", "-s", "a"}, "each subprotocol once"},
        {{"-c", url, "-s", ""}, "expected a name"},
        {{"-c", url, "-o", "a\nb"}, "expected an origin"},
        {{"-c", url, "-p", "7"}, "-p, --protocol '7': expected 13 or 8"},
        {{"-c", url, "--host", "a b"}, "expected a host such as example.com"},
        {{"-c", url, "--auth", "a\nb"}, "expected a name and a password"},
        {{"-c", url, "--max-redirects", "many"}, "expected a number from 0 to 1000"},
        {{"-c", url, "--proxy", "https://host"}, "only http:// proxies are known"},
        {{"-c", url, "--proxy", "host:x"}, "expected a proxy such as"},
        {{"-c", url, "--key", "key.pem"}, "--key needs the certificate"},
        {{"-c", url, "-w", "-2"}, "seconds from 0 to 86400, or -1"},
        {{"-c", url, "-w", "soon"}, "seconds from 0 to 86400, or -1"},
        {{"-c", url, "--ping", "0"}, "seconds, from 0.001 to 86400"},
        {{"-c", url, "--handshake-timeout", "x"}, "seconds, from 0.001 to 86400"},
        {{"-c", url, "--max-message-bytes", "0"}, "expected a number from 1"},
        {{"-c", url, "--binary", "-x", "xy"}, "-x 'xy': expected bytes of two hex digits each"},
        {{"-c", url, "-x", "\xFF"}, "-x '\\xFF': expected UTF-8"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.words);
        const auto result = run(wsc(), each.arguments);
        CHECK(result.status == 2);
        CHECK(result.output.empty());
        CHECK(result.errors.starts_with("error: "));
        CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
        CHECK(result.errors.find('\x1B') == std::string::npos);
        CHECK_MESSAGE(result.errors.find(each.words) != std::string::npos, result.errors);
    }
}

TEST_CASE("wsc: help and version, and the help for nothing at all") {
    const auto help = run(wsc(), {"--help"});
    CHECK(help.status == 0);
    CHECK(help.output.starts_with("A WebSocket client for the terminal"));
    CHECK(run(wsc(), {"-h"}).output == help.output);
    const auto nothing = run(wsc());
    CHECK(nothing.status == 0);
    CHECK(nothing.output == help.output);
    CHECK(run(wsc(), {"-V"}).output == "1.0.0\n");
    CHECK(run(wsc(), {"--version"}).output == "1.0.0\n");
    std::istringstream lines{help.output};
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
}

TEST_CASE("wsc: help, man page and completion name the same options") {
    const auto in_help = names_in(run(wsc(), {"--help"}).output, "  ");
    CHECK(in_help.size() > 40);
    const auto in_page = names_in(contents_of("clients/wsc/wsc.1"), ".B ");
    CHECK(list(in_page) == list(in_help));

    const std::string script = contents_of("clients/wsc/completion.bash");
    const auto completed = run(
        "/bin/bash",
        {"-c",
         script + "\nCOMP_LINE='wsc -'; COMP_POINT=5; _wsc; printf '%s\\n' \"${COMPREPLY[@]}\""});
    std::istringstream words{completed.output};
    std::set<std::string> in_completion;
    for (std::string word; words >> word;) in_completion.insert(word);
    CHECK(list(in_completion) == list(in_help));
}

TEST_CASE("wsc: the completion completes files where a file belongs, and values it knows") {
    const test::TemporaryFolder folder;
    test::write_file(folder.path("certificate.pem"), "");
    const auto complete = [&](const std::string& before, const std::string& word) {
        return run("/bin/bash",
                   {"-c",
                    "cd " + folder.path() + "; . \"$1\"; COMP_LINE=\"wsc " + before + (before.empty() ? "" : " ") + word +
                        "\"; COMP_POINT=${#COMP_LINE}; _wsc; "
                        "printf '%s\\n' \"${COMPREPLY[@]}\"",
                    "bash", std::string{::getenv("PWD")} + "/clients/wsc/completion.bash"})
            .output;
    };
    CHECK(complete("--ca", "cert") == "certificate.pem\n");
    CHECK(complete("--record", "cert") == "certificate.pem\n");
    CHECK(complete("-p", "") == "13\n8\n");
    CHECK(complete("-c", "ws") == "ws://\nwss://\nws+unix:\n");
    CHECK(complete("", "--max-m") == "--max-message-bytes\n");
    // bash has cut the URL at its colon, and puts the answer behind it.
    CHECK(complete("-c", "wss:") == "//\n");
    CHECK(contents_of("clients/wsc/completion.bash").find("COMP_WORDBREAKS=") == std::string::npos);
}

TEST_CASE("wsc: the man page can be read, and names each exit status") {
    const std::string page = contents_of("clients/wsc/wsc.1");
    for (const char* part : {".TH WSC 1", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS",
                             ".SH EXIT STATUS", ".SH FILES", ".SH EXAMPLES"})
        CHECK_MESSAGE(page.find(part) != std::string::npos, part);
    for (const char* status : {".B 0\n", ".B 1\n", ".B 2\n", ".B 3\n", ".B 4\n", ".B 255\n"})
        CHECK_MESSAGE(page.find(status) != std::string::npos, status);
}

TEST_CASE("wsc: one host, one Origin, one Authorization, whichever way they are given") {
    test::WscServer server;
    const auto head_with = [&](std::vector<std::string> arguments) {
        test::Process process{wsc(), std::move(arguments)};
        test::RawPeer peer{server.listener};
        const std::string head = peer.receive_head();
        peer.send("HTTP/1.1 403 Forbidden\r\n\r\n");
        peer.close();
        CHECK(process.wait() == 255);
        return head;
    };
    CHECK(test::header(head_with({"-c", server.url(), "--host", "::1"}), "Host") == "[::1]");
    CHECK(test::header(head_with({"-c", server.url(), "-H", "Host: [::1]:80"}), "Host") == "[::1]:80");
    CHECK(test::header(head_with({"-c", server.url(), "-H", "origin: http://a"}), "Origin") == "http://a");
    CHECK(head_with({server.url("/Grüße")}).starts_with("GET /Gr%C3%BC%C3%9Fe HTTP/1.1\r\n"));
    const std::vector<std::vector<std::string>> refused{
        {"-c", ":1", "-o", "http://a", "-H", "Origin: http://b"},
        {"-c", ":1", "-H", "Origin: http://b", "-o", "http://a"},
        {"-c", ":1", "--auth", "a:b", "-H", "authorization: Bearer x"},
        {"-c", "a:b@localhost:1", "-H", "Authorization: Bearer x"},
        {"-c", ":1", ":2"},
        {"-c", ":1", "--host", "::1%lo"},
        {"-c", ":1", "--host", "a:b:c"}};
    for (const auto& arguments : refused) {
        CAPTURE(arguments.back());
        CHECK(run(wsc(), arguments).status == 2);
    }
}

TEST_CASE("wsc: the name and password of a URL stay with its host, and go nowhere else") {
    test::WscServer server;
    const std::string port = std::to_string(server.listener.port());
    const auto second_head = [&](const std::string& location) {
        test::Process process{wsc(), {"-L", "ws://ada:secret@LOCALHOST:" + port + "/"}};
        std::string head;
        for (int request = 0; request < 2; ++request) {
            test::RawPeer peer{server.listener};
            head = peer.receive_head();
            peer.send(request == 0 ? "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\n\r\n"
                                   : std::string{"HTTP/1.1 403 Forbidden\r\n\r\n"});
            peer.close();
        }
        process.wait();
        return test::header(head, "Authorization");
    };
    CHECK(second_head("ws://localhost:" + port + "/other") == "Basic YWRhOnNlY3JldA==");
    CHECK(second_head("//LocalHost:" + port + "/other#x") == "Basic YWRhOnNlY3JldA==");
    CHECK(second_head("/other") == "Basic YWRhOnNlY3JldA==");
    CHECK(second_head("ws://127.0.0.1:" + port + "/other") == "");
}

TEST_CASE("wsc: no value of any option ends it by a signal") {
    const test::DeafPort deaf;
    // These would make files, or ask at the terminal.
    const std::set<std::string> left_out{"--output", "--record", "--pcap", "--history", "--passphrase"};
    const std::vector<std::string> values{"",     "::1", "[", ":", "@", "a\nb", "\xFF",
                                          "99999999999999999999", std::string(5000, 'x')};
    for (const std::string& name : names_in(run(wsc(), {"--help"}).output, "  ")) {
        if (!name.starts_with("--") || left_out.contains(name)) continue;
        for (const std::string& value : values) {
            CAPTURE(name);
            CAPTURE(value);
            const auto result = run(wsc(), {"127.0.0.1:" + deaf.number(),
                                            "--handshake-timeout=1", name + "=" + value});
            CHECK(result.status != 128 + SIGABRT);
            CHECK(result.status != 128 + SIGSEGV);
            CHECK((result.status < 128 || result.status == 255));
        }
    }
}
