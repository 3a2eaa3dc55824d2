// Lesson 9: says hello each second, prints what comes back, and says goodbye on Ctrl-C.
// One thread sends. The main thread reads, and while it waits it answers pings, sends its own, and
// notices when the server has fallen silent. Leaves out: connecting again (lesson 12).
#include <array>
#include <cstdio>
#include <ctime>
#include <thread>

#include "cli/blocking_options.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "lessons/09-keep-alive/keep_alive.hpp"
#include "net/signal.hpp"

namespace {

struct Settings {
    endpoint::DialOptions dial{};
    std::chrono::milliseconds interval{1'000};
    std::optional<std::uint64_t> count{};  // messages; none: until Ctrl-C
};

std::string time_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[sizeof "2026-11-21T07:30:00Z"];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

// Sends until Ctrl-C, until `count` messages were sent, or until the connection has ended.
void tick(endpoint::BlockingConnection& connection, const Settings& settings,
          const net::Wake& ended) {
    const std::array watched{settings.dial.stop_fd, ended.fd()};
    auto next = net::Clock::now();
    for (std::uint64_t sent = 0;; ++sent) {
        const int event = net::wait_readable(watched, next);
        if (event == 1) return;
        if (event == 0) cli::say("Interrupt received, closing...");
        if (event == 0 || sent == settings.count) {
            // read_message() goes on until the server has answered, or the close timeout.
            connection.close(ws::close_code::normal);
            return;
        }
        connection.write_message("Hello at " + time_now());
        next += settings.interval;
    }
}

endpoint::Error converse(const std::string& url, const Settings& settings) {
    const auto connection = endpoint::dial(url, settings.dial);
    net::Wake ended;
    std::thread ticker{[&] { tick(*connection, settings, ended); }};
    while (const auto message = connection->read_message())
        cli::say("Received: " + message->to_string());
    ended.raise();
    ticker.join();
    return connection->error();
}

int talk(int argc, char** argv) {
    cli::ClientLine line;
    Settings settings;
    bool show_pings = false;
    cli::Options options{"client", "Lesson 9: a client that says hello each second."};
    line.declare(options, settings.dial);
    options.seconds("--interval", settings.interval, "from one hello to the next");
    options.number("--count", settings.count, 0, 1u << 30, "N",
                   "close after so many; otherwise on Ctrl-C");
    options.flag("--show-pings", show_pings, "print pings and pongs as they come");
    lesson::declare_keep_alive(options, settings.dial);
    options.parse(argc, argv);
    lesson::check_keep_alive(settings.dial);

    const net::StopSignal stop;
    if (show_pings) {
        settings.dial.on_ping = [](ws::Bytes data) { cli::say("Received ping: " + ws::quote(data)); };
        settings.dial.on_pong = [](ws::Bytes data) { cli::say("Received pong: " + ws::quote(data)); };
    }
    const std::string url = line.finish(settings.dial, stop);
    const endpoint::Error error = converse(url, settings);
    return cli::report_end(error);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
