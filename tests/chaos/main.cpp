// chaos BUILD SECONDS SEED: several servers of lesson 16, one Redis, three hundred clients in ten rooms,
// and accidents all the time. Afterwards each client's log must have every accepted message, once and
// in order. Fails with a list of what is wrong; the files of the run are kept then.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/chaos/accidents.hpp"
#include "tests/chaos/crowd.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t servers = 3, clients = 300, rooms = 10;
constexpr std::chrono::milliseconds pause_between_messages = 1s;
// At the end everything is up, and who is still missing something then will miss it for ever.
constexpr std::chrono::seconds to_settle = 60s;

std::uint16_t free_port() { return net::Listener{"127.0.0.1", 0}.port(); }

struct Timer {
    net::Clock::time_point begin = net::Clock::now();
    double seconds() const { return std::chrono::duration<double>(net::Clock::now() - begin).count(); }
};

// Turns the crowd until it is so; false after the time to settle.
template <typename Condition>
bool settle(chaos::Crowd& crowd, const char* what, Condition condition) {
    const Timer timer;
    while (!condition()) {
        crowd.turn();
        if (timer.seconds() < std::chrono::duration<double>(to_settle).count()) continue;
        std::printf("FAILED: after a minute not %s\n", what);
        return false;
    }
    return true;
}

int judge(const chaos::Crowd& crowd, const chaos::Accidents& accidents, double seconds, bool settled,
          const std::string& seed) {
    auto faults = crowd.faults();
    faults.insert(faults.begin(), accidents.deaths().begin(), accidents.deaths().end());
    for (std::size_t i = 0; i < faults.size() && i < 20; ++i) std::printf("  %s\n", faults[i].c_str());
    const chaos::Counters& counted = crowd.counters();
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("seed %s, %.0f s: %llu accepted, %llu refused, %llu said again, %llu heard; "
                "%llu connections, %llu of them ended by 1001\n", seed.c_str(), seconds,
                number(counted.accepted), number(counted.refused), number(counted.said_again),
                number(counted.heard), number(counted.connections), number(counted.drained));
    std::string text;
    for (const auto& [what, times] : accidents.counts())
        text += (text.empty() ? "" : ", ") + what + ' ' + std::to_string(times) + " times";
    std::printf("  %s\n", text.c_str());
    const bool good = settled && faults.empty() && counted.accepted > 0;
    std::printf(good ? "  every log has every accepted message once and in order\n"
                     : "FAILED: %zu faults\n", faults.size());
    return good ? 0 : 1;
}

int run(const std::string& build, double seconds, const std::string& seed_text) {
    const auto seed = static_cast<unsigned>(std::strtoul(seed_text.c_str(), nullptr, 10));
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("chaos-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const std::string redis_port = std::to_string(free_port());
    chaos::Program redis{"redis", {"redis-server", "--port", redis_port, "--bind", "127.0.0.1", "--dir",
                                   folder.string(), "--appendonly", "yes", "--appendfsync", "always",
                                   "--save", ""}, folder / "redis.log"};
    std::vector<std::uint16_t> ports;
    std::vector<std::unique_ptr<chaos::Program>> programs;
    std::vector<chaos::Program*> all;
    for (std::size_t i = 0; i < servers; ++i) {
        ports.push_back(free_port());
        const std::string name = "server " + std::to_string(i + 1);
        programs.push_back(std::make_unique<chaos::Program>(
            name, std::vector<std::string>{build + "/lessons/16-many-machines/server", "--host", "127.0.0.1",
                                           "--port", std::to_string(ports.back()), "--redis",
                                           "127.0.0.1:" + redis_port, "--history", "100000"},
            folder / (name + ".log")));
        all.push_back(programs.back().get());
    }
    redis.start();
    for (chaos::Program* program : all) program->start();
    chaos::Crowd crowd{clients, rooms, ports, seed, pause_between_messages};
    chaos::Accidents accidents{all, redis, seed};
    bool settled = settle(crowd, "all clients are in their rooms", [&] { return crowd.joined() == clients; });
    crowd.begin();
    const Timer timer;
    const char* const verbose = std::getenv("VERBOSE");
    const bool shown = verbose != nullptr && *verbose != 0;
    const auto log = [&](const std::string& line) {
        if (shown) std::printf("%6.1f s  %s\n", timer.seconds(), line.c_str());
    };
    while (settled && timer.seconds() < seconds) {
        crowd.turn();
        accidents.turn(log);
    }
    accidents.finish();
    crowd.finish();
    settled = settled && settle(crowd, "every message has been answered",
                                [&] { return crowd.unanswered() == 0; }) &&
              settle(crowd, "everybody has heard everything", [&] { return crowd.all_heard(); });
    // What comes twice would come now.
    for (const Timer more; more.seconds() < 0.5;) crowd.turn();
    const int status = judge(crowd, accidents, timer.seconds(), settled, seed_text);
    if (status == 0)
        std::filesystem::remove_all(folder);
    else
        std::printf("  the programs' logs are in %s\n", folder.c_str());
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: chaos BUILD SECONDS SEED\n");
        return 2;
    }
    if (std::system("command -v redis-server >/dev/null") != 0) {
        std::fprintf(stderr, "chaos: there is no redis-server here; on Debian: apt-get install redis-server\n");
        return 1;
    }
    try {
        return run(argv[1], std::strtod(argv[2], nullptr), argv[3]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "chaos: %s\n", error.what());
        return 1;
    }
}
