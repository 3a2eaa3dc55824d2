// wss:// through openssl, against `openssl s_server` with certificates made on the spot.

#include <doctest/doctest.h>
#include <stdlib.h>

#include "tests/clients/wsc.hpp"

using test::next_frame;
using test::Process;
using test::RawPeer;
using test::run;
using test::wsc;
using test::WscServer;
using namespace test::literals;

namespace {

const std::string connected = "Connected (press CTRL+C to quit)\n";

void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto made = run("/usr/bin/env", arguments);
    REQUIRE_MESSAGE(made.status == 0, made.errors);
}

// A certificate for localhost that is signed by itself, and one of another name.
struct Certificates {
    Certificates() {
        make("good", "localhost", "DNS:localhost,IP:127.0.0.1");
        make("other", "other.example", "DNS:other.example");
        openssl({"rsa", "-in", file("good.key"), "-out", file("locked.key"), "-aes128", "-passout",
                 "pass:open sesame"});
    }
    void make(const std::string& name, const std::string& host, const std::string& names) {
        openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=" + host, "-addext", "subjectAltName=" + names, "-keyout",
                 file(name + ".key"), "-out", file(name + ".pem")});
    }
    std::string file(const std::string& name) const { return folder.path(name); }

    test::TemporaryFolder folder;
};

const Certificates& certificates() {
    static const Certificates made;
    return made;
}

// TLS ends here: openssl's server gives out what it decrypts, and encrypts what it is given.
struct TlsServer {
    explicit TlsServer(const std::string& name, std::vector<std::string> more = {})
        : process{"/usr/bin/env", arguments(name, std::move(more))} {
        // "ACCEPT 127.0.0.1:36489", or with [::]: the last number is the port.
        std::string line;
        while (!line.starts_with("ACCEPT")) line = process.read_line();
        port = line.substr(line.rfind(':') + 1);
    }
    static std::vector<std::string> arguments(const std::string& name,
                                              std::vector<std::string> more) {
        std::vector<std::string> all{"openssl",  "s_server",
                                     "-accept",  "127.0.0.1:0",
                                     "-cert",    certificates().file(name + ".pem"),
                                     "-key",     certificates().file(name + ".key"),
                                     "-naccept", "1",
                                     "-ign_eof", "-no_ticket"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    std::string url(const std::string& host = "localhost") const {
        return "wss://" + host + ":" + port + "/";
    }
    // Reads the request, answers it, ends the connection by a Close.
    void converse() {
        std::string request, line;
        while (request.find("GET / ") == std::string::npos) request = process.read_line() + "\n";
        request = request.substr(request.find("GET / "));
        while ((line = process.read_line()) != "\r") request += line + "\n";
        process.write(test::answer_to(request + "\r\n"));
        process.write(ws::as_text(test::frame(ws::Opcode::text, "over TLS")));
        process.write(ws::as_text("88 02 0F A0"_hex));
    }

    Process process;
    std::string port;
};

std::string complaint(const TlsServer& server, std::vector<std::string> arguments,
                      const std::string& host = "localhost") {
    arguments.insert(arguments.end(), {"-c", server.url(host)});
    const auto result = run(wsc(), arguments);
    CHECK(result.status == 255);
    CHECK(result.output.empty());
    return result.errors;
}

void check_session(TlsServer& server, std::vector<std::string> arguments,
                   const std::string& host = "localhost") {
    arguments.insert(arguments.end(), {"-c", server.url(host), "-w", "-1"});
    Process process{wsc(), arguments};
    process.close_stdin();
    server.converse();
    CHECK(process.wait() == 0);
    CHECK(process.output_so_far() == "over TLS\n");
    CHECK(process.errors_so_far() == connected + "Disconnected (code: 4000, reason: \"\")\n");
}

}  // namespace

TEST_CASE("wsc: wss:// with an authority that is trusted, by name and by address") {
    for (const char* host : {"localhost", "127.0.0.1"}) {
        TlsServer server{"good"};
        check_session(server, {"--ca", certificates().file("good.pem")}, host);
    }
}

TEST_CASE("wsc: a certificate that nobody vouches for is refused, unless -n says otherwise") {
    TlsServer refused{"good"};
    CHECK(complaint(refused, {}) == "error: self-signed certificate\n");
    TlsServer accepted{"good"};
    check_session(accepted, {"-n"});
}

TEST_CASE("wsc: a certificate for another host is refused") {
    TlsServer server{"other"};
    CHECK(complaint(server, {"--ca", certificates().file("other.pem")}) ==
          "error: Hostname/IP does not match certificate's altnames: localhost is not in the "
          "certificate\n");
    TlsServer by_address{"other"};
    CHECK(complaint(by_address, {"--ca", certificates().file("other.pem")}, "127.0.0.1") ==
          "error: Hostname/IP does not match certificate's altnames: 127.0.0.1 is not in the "
          "certificate\n");
}

TEST_CASE("wsc: a client's own certificate, with a key that has a passphrase") {
    const std::vector<std::string> wanted{"-Verify", "1", "-CAfile",
                                          certificates().file("good.pem"), "-verify_return_error"};
    const std::vector<std::string> arguments{"--ca",   certificates().file("good.pem"),
                                             "--cert", certificates().file("good.pem"),
                                             "--key",  certificates().file("locked.key")};
    TlsServer server{"good", wanted};
    auto right = arguments;
    right.insert(right.end(), {"--passphrase", "open sesame"});
    check_session(server, right);

    TlsServer other{"good", wanted};
    auto wrong = arguments;
    wrong.insert(wrong.end(), {"--passphrase", "wrong", "-c", other.url()});
    const auto result = run(wsc(), wrong);
    CHECK(result.status == 1);
    CHECK(result.errors == "error: --key: '" + certificates().file("locked.key") +
                               "' holds no private key (PEM) that can be read, or --passphrase is "
                               "not the one of it\n");
}

TEST_CASE("wsc: a file that is no certificate or no key is named") {
    const test::TemporaryFolder folder;
    const std::string rubbish = folder.path("rubbish"), bare = certificates().file("good.pem"),
                      other_key = certificates().file("other.key");
    test::write_file(rubbish, "rubbish\n");
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"--ca", rubbish}, "--ca: '" + rubbish + "' holds no certificate that can be read (PEM)"},
        {{"--cert", rubbish, "--key", other_key},
         "--cert: '" + rubbish + "' holds no certificate that can be read (PEM)"},
        {{"--cert", bare},
         "--cert: '" + bare + "' holds no private key; its file is given with --key"},
        {{"--cert", bare, "--key", rubbish},
         "--key: '" + rubbish + "' holds no private key (PEM) that can be read, or --passphrase "
                                "is not the one of it"},
        {{"--cert", bare, "--key", other_key},
         "--key: '" + other_key + "' is not the key of the certificate in '" + bare + "'"}};
    for (auto [arguments, words] : cases) {
        const TlsServer server{"good"};
        arguments.insert(arguments.end(), {"-c", server.url()});
        const auto result = run(wsc(), arguments);
        CHECK(result.errors == "error: " + words + "\n");
        CHECK(result.status == 1);
    }
}

TEST_CASE("wsc: wss:// to a port without TLS, and one that hangs up") {
    WscServer server;
    for (const bool speaks : {true, false}) {
        Process process{wsc(), {"-c", "wss://" + server.address()}};
        RawPeer peer{server.listener};
        peer.receive(5);  // of TLS's first message
        if (speaks) peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.close();
        CHECK(process.wait() == 255);
        const std::string& errors = process.errors_so_far();
        if (speaks)
            CHECK(errors ==
                  "error: wrong version number (this port does not speak TLS; is it ws://?)\n");
        CHECK(errors.starts_with("error: "));
        CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
    }
    const test::DeafPort deaf;
    CHECK(run(wsc(), {"-c", "wss://127.0.0.1:" + deaf.number()}).errors ==
          "error: connect ECONNREFUSED 127.0.0.1:" + deaf.number() + '\n');
    // TLS that is never answered.
    Process silent{wsc(), {"-c", "wss://" + server.address(), "--handshake-timeout", "0.3"}};
    CHECK(silent.wait() == 255);
    CHECK(silent.errors_so_far() == "error: Opening handshake has timed out\n");
}

TEST_CASE("wsc: wss:// without openssl, and with files that are not there") {
    const auto result =
        run("/usr/bin/env", {"PATH=/nonexistent", wsc(), "-c", "wss://127.0.0.1:1"});
    CHECK(result.errors == "error: wss:// needs the program openssl, and it is not installed\n");
    CHECK(result.status == 1);
    for (const char* option : {"--ca", "--cert", "--key"}) {
        const auto missing = run(wsc(), {"-c", "wss://127.0.0.1:1", "--cert", "/dev/null", option,
                                         "/nonexistent"});
        CHECK(missing.errors == std::string{"error: "} + option +
                                    ": cannot read '/nonexistent': No such file or directory\n");
        CHECK(missing.status == 1);
    }
}

TEST_CASE("wsc: TLS carries megabytes, and leaves no process and no file behind") {
    const test::TemporaryFolder temporary;
    TlsServer server{"good"};
    {
        Process process{
            "/usr/bin/env",
            {"TMPDIR=" + temporary.path(), wsc(), "-c", server.url(), "-n", "-w", "-1"}};
        process.close_stdin();
        std::string line, request;
        while (!line.starts_with("GET / "))
            line = process.errors_so_far().empty()
                       ? server.process.read_line()
                       : throw std::runtime_error{process.errors_so_far()};
        request = line + "\n";
        while ((line = server.process.read_line()) != "\r") request += line + "\n";
        server.process.write(test::answer_to(request + "\r\n"));
        const std::string large(3'000'000, 'x');
        server.process.write(ws::as_text(test::frame(ws::Opcode::text, large)));
        server.process.write(ws::as_text("88 00"_hex));
        CHECK(process.wait() == 0);
        CHECK(process.output_so_far() == large + "\n");
    }
    CHECK(run("/bin/ls", {"-A", temporary.path()}).output.empty());
}
