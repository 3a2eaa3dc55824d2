// Lesson 15: one connection on each loop of the server. What is typed is said on the first of them, and
// what each of them hears is printed. Leaves out: whoever is on which loop (members.hpp).
#include <array>
#include <semaphore>
#include <thread>
#include <vector>

#include "cli/blocking_options.hpp"
#include "cli/compression_options.hpp"
#include "cli/say.hpp"
#include "lessons/15-many-cores/members.hpp"
#include "net/signal.hpp"
#include "net/wake.hpp"
#include "terminal/prompt.hpp"

namespace {

class Everywhere {
  public:
    Everywhere(const std::string& url, const endpoint::DialOptions& options)
        : stop_fd_{options.stop_fd}, all_{lesson::meet_all(url, options)} {
        cli::say("One connection on each loop; there are " + std::to_string(members_.size()) + ".");
    }

    // Until Ctrl-C, the end of the input, or the end of a connection.
    endpoint::Error run() {
        if (all_.early_end) return *all_.early_end;
        terminal::Prompt prompt;
        std::vector<std::thread> readers;
        for (const auto& [loop, connection] : members_)
            readers.emplace_back([&, number = loop, reading = connection.get()] {
                listen(prompt, number, *reading);
            });
        endpoint::BlockingConnection& first = *members_.begin()->second;
        while (const auto line = prompt.next(std::array{ended_.fd(), stop_fd_})) {
            if (line->empty()) continue;
            if (!first.write_message(*line)) break;
            // Where nobody types, the next line leaves when this one was heard by all whom it is for.
            const std::size_t hearers = line->starts_with('/') ? 1 : members_.size();
            for (std::size_t i = 0; !prompt.interactive() && i < hearers; ++i) heard_.acquire();
        }
        for (const auto& [loop, connection] : members_) connection->close(ws::close_code::normal);
        for (std::thread& reader : readers) reader.join();
        return first.error();
    }

  private:
    void listen(terminal::Prompt& prompt, unsigned loop, endpoint::BlockingConnection& connection) {
        while (const auto message = connection.read_message()) {
            prompt.print("loop " + std::to_string(loop) + ": " + message->to_string());
            heard_.release();
        }
        ended_.raise();
        heard_.release(static_cast<std::ptrdiff_t>(members_.size()));
    }

    int stop_fd_;
    lesson::Members all_;
    decltype(all_.by_loop)& members_ = all_.by_loop;
    net::Wake ended_;
    std::counting_semaphore<> heard_{0};
};

int talk(int argc, char** argv) {
    cli::ClientLine line;
    endpoint::DialOptions settings;
    cli::CompressionOptions compression;
    cli::Options options{"client", "Lesson 15: a client on every loop of the server."};
    line.declare(options, settings);
    compression.declare(options);
    options.parse(argc, argv);

    const net::StopSignal stop;
    const std::string url = line.finish(settings, stop);
    // Each connection is read by a thread of its own, so none shares anything.
    settings.extensions = compression.extensions(cli::CompressionOptions::Sharing::none);
    return cli::report_end(Everywhere{url, settings}.run());
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
