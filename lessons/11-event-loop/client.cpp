// Lesson 11: a thousand WebSocket clients, or ten thousand, on one thread.
// Opens all connections, speaks on all of them at once, checks every echo, says goodbye.
#include <stdexcept>
#include <string>

#include "cli/options.hpp"
#include "lessons/11-event-loop/crowd.hpp"
#include "net/descriptors.hpp"

namespace {

// Besides those of the connections: standard streams, epoll, the signal, the resolver's.
constexpr std::uint64_t reserve = 16;

void get_descriptors(std::uint64_t connections) {
    const std::uint64_t limit = net::raise_descriptor_limit();
    if (limit >= connections + reserve) return;
    throw std::runtime_error{std::to_string(connections) + " connections need " +
                             std::to_string(connections + reserve) +
                             " descriptors, and this process may open " + std::to_string(limit) +
                             "; raise the hard limit (ulimit -Hn, as root) or ask for fewer with "
                             "--connections"};
}

int talk(int argc, char** argv) {
    lesson::Settings settings;
    cli::Options options{"client", "Lesson 11: many WebSocket clients on one thread."};
    options.client(settings.common, {"ws"});
    options.path(settings.common);
    options.number("--connections", settings.connections, 1, 1'000'000, "N", "how many");
    options.number("--rounds", settings.rounds, 0, 1'000'000, "N", "messages on each of them");
    options.flag("--hold", settings.hold, "then keep them open until Ctrl-C");
    settings.keys.declare(options);
    options.parse(argc, argv);
    get_descriptors(settings.connections);
    return lesson::Crowd{settings}.run();
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
