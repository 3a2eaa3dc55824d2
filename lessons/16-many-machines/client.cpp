// Lesson 16: a chat client in the terminal that comes back by itself. One thread stays connected
// (staying.hpp), the other reads what is typed.
#include <array>
#include <cstdlib>
#include <thread>

#include "cli/blocking_options.hpp"
#include "cli/compression_options.hpp"
#include "cli/say.hpp"
#include "lessons/16-many-machines/staying.hpp"
#include "net/signal.hpp"
#include "terminal/prompt.hpp"

namespace {

struct Settings {
    endpoint::DialOptions dial{};
    std::vector<std::string> urls{};  // of the servers, tried in turn
    std::string user = "guest";
    std::string room = "lobby";
};

// Until Ctrl-C, or until the input has ended and all of it has been answered.
void chat_with(const Settings& settings) {
    cli::say("Type messages and press Enter to send. Ctrl+C to exit.");
    terminal::Prompt prompt;
    chat::Staying staying{settings.urls, settings.dial, chat::Session{settings.user, settings.room},
                          [&](const std::string& line, bool is_error) {
                              prompt.print(line, is_error ? stderr : stdout);
                          }};
    net::Wake over;
    std::thread thread{[&] {
        staying.stay();
        over.raise();
    }};
    const std::array others{over.fd(), settings.dial.stop_fd};
    while (const auto line = prompt.next(others)) {
        if (line->empty()) continue;
        staying.say(*line);
        // Where nobody types there is no hurry: the next one leaves when this one is answered.
        if (!prompt.interactive()) staying.wait_until_answered();
    }
    if (net::wait_readable(others, net::Clock::now()) < 0) staying.wait_until_answered();
    staying.finish();
    thread.join();
}

int talk(int argc, char** argv) {
    cli::ClientLine line;
    Settings settings;
    if (const char* name = std::getenv("USER"); name != nullptr && *name != '\0')
        settings.user = name;
    cli::CompressionOptions compression;
    std::vector<std::string> others;
    cli::Options options{"client", "Lesson 16: a chat client that comes back by itself."};
    line.declare(options, settings.dial);
    compression.declare(options);
    options.custom("--or", "URL", "another server, when the one before is away; repeatable",
                   [&](const std::string& url) { others.push_back(url); });
    options.text("--user", settings.user, "NAME", "who you are in the chat");
    options.text("--room", settings.room, "NAME", "the room to join");
    options.parse(argc, argv);

    const net::StopSignal stop;
    settings.dial.stop_reason = "bye";
    settings.dial.extensions = compression.extensions(cli::CompressionOptions::Sharing::none);
    settings.urls.push_back(line.finish(settings.dial, stop));
    settings.urls.insert(settings.urls.end(), others.begin(), others.end());
    chat_with(settings);
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
