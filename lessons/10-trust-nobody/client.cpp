// Lesson 10: a client that says who it is: Origin, subprotocols, credentials. With --break-each it
// first tries what must not work, one thing wrong at a time, and shows how the server refuses it.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

#include "cli/blocking_options.hpp"
#include "endpoint/dial_accept.hpp"
#include "net/signal.hpp"
#include "terminal/line_reader.hpp"

namespace {

using Header = std::pair<std::string, std::string>;

// RFC 7617 §2. Base64 hides nothing: without TLS everybody on the way can read it.
Header basic(const std::string& user_and_password) {
    return {"Authorization", "Basic " + ws::base64(ws::as_bytes(user_and_password))};
}

Header read_header(const std::string& line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw cli::UsageError{"a header such as 'Name: value'"};
    return {line.substr(0, colon), std::string{ws::trim(line.substr(colon + 1))}};
}

void expect_refusal(const char* what, const std::string& url,
                    const endpoint::DialOptions& options) {
    try {
        endpoint::dial(url, options);
        std::printf("%s: let in!\n", what);
    } catch (const endpoint::HandshakeFailed& refusal) {
        std::printf("%s: %s\n", what, refusal.what());
    }
}

// The same request with one thing wrong.
void break_each(const std::string& url, const endpoint::DialOptions& right) {
    endpoint::DialOptions wrong = right;
    wrong.origin = "http://evil.example";
    expect_refusal("A page of another site", url, wrong);
    wrong = right;
    wrong.headers.clear();
    expect_refusal("No credentials", url, wrong);
    wrong.headers = {basic("alice:guess")};
    expect_refusal("A guessed password", url, wrong);
}

// With `wait`, each line is sent when the one before has come back.
endpoint::Error converse(const std::string& url, const endpoint::DialOptions& options, bool wait) {
    const auto connection = endpoint::dial(url, options);
    std::puts("Connected! Type messages to send, Ctrl+C to quit.");
    if (!connection->subprotocol.empty())
        std::printf("Subprotocol: %s\n", ws::escape(connection->subprotocol).c_str());
    std::fflush(stdout);
    net::Wake ended;
    std::atomic<unsigned> received{0};  // messages; the first one is the greeting
    std::thread writer{[&] {
        try {
            terminal::LineReader lines{STDIN_FILENO};
            const std::array others{ended.fd(), options.stop_fd};
            for (unsigned sent = 1; const auto line = lines.next(others); ++sent) {
                connection->write_message(*line);
                for (unsigned now = received; wait && now <= sent; now = received)
                    received.wait(now);
            }
        } catch (const std::exception& error) {
            std::fprintf(stderr, "client: %s\n", error.what());
        }
        connection->close(ws::close_code::normal);
    }};
    while (const auto message = connection->read_message()) {
        std::printf("Received: %s\n", message->to_string().c_str());
        std::fflush(stdout);
        ++received;
        received.notify_one();
    }
    received = ~0u;
    received.notify_one();
    ended.raise();
    writer.join();
    return connection->error();
}

int talk(int argc, char** argv) {
    cli::ClientLine line;
    endpoint::DialOptions dial;
    bool break_first = false;
    bool wait = false;
    cli::Options options{"client", "Lesson 10: a client that says who it is."};
    line.declare(options, dial);
    options.text("--origin", dial.origin, "ORIGIN", "pretend to be a page from there");
    options.custom("--subprotocol", "NAME", "offer this one; repeatable, the best first",
                   [&](const std::string& name) { dial.subprotocols.push_back(name); });
    options.custom("--header", "'NAME: VALUE'", "send this one as well; repeatable",
                   [&](const std::string& header) { dial.headers.push_back(read_header(header)); });
    options.custom("--user", "NAME:SECRET", "Authorization: Basic",
                   [&](const std::string& user) { dial.headers.push_back(basic(user)); });
    options.custom("--token", "SECRET", "Authorization: Bearer", [&](const std::string& token) {
        dial.headers.emplace_back("Authorization", "Bearer " + token);
    });
    options.custom("--cookie", "NAME=VALUE", "as a browser would send it",
                   [&](const std::string& cookie) { dial.headers.emplace_back("Cookie", cookie); });
    options.flag("--break-each", break_first, "first try what must not work");
    options.flag("--wait", wait, "send each line when the one before has come back");
    options.parse(argc, argv);

    const net::StopSignal stop;
    const std::string url = line.finish(dial, stop);
    if (break_first) break_each(url, dial);
    const endpoint::Error error = converse(url, dial, wait);
    return cli::report_end(error);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
