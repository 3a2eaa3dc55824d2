// The backplane from the command line. Lesson 16.
// Without --redis nothing else is needed: a student's server runs alone, and so does a small one.
// Leaves out: Redis Sentinel; several addresses are tried in turn, until one is a master.
#include "cli/backplane_options.hpp"

#include <fstream>

#include "cli/text_file.hpp"
#include "endpoint/memory_backplane.hpp"
#include "endpoint/redis_backplane.hpp"
#include "net/url.hpp"

namespace cli {

namespace {

constexpr const char* redis_help =
    "where the rooms' logs are; several, with commas: the first one that is a master "
    "(default: none, the logs are in this process)";

std::vector<net::Address> addresses(std::string_view list) {
    std::vector<net::Address> all;
    while (!list.empty()) {
        const std::string_view one = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), one.size() + 1));
        const net::Url url = net::parse_url(one);
        const std::uint16_t port = url.port != 0 ? url.port : std::uint16_t{6379};
        for (const net::Address& address : net::resolve(url.host, port, SOCK_STREAM))
            all.push_back(address);
    }
    return all;
}

// Its first line: "USER:PASSWORD", or "PASSWORD" alone for the default user.
void read_auth(const std::string& path, endpoint::RedisAccess& access) {
    std::ifstream file{path};
    std::vector<std::string> lines;
    try {
        lines = lines_of(file);
    } catch (const UsageError&) {
        // No text: then it has not the line either.
    }
    if (lines.empty() || lines.front().empty())
        throw UsageError{"--redis-auth: a file with one line, USER:PASSWORD or PASSWORD"};
    const std::size_t colon = lines.front().find(':');
    if (colon != std::string::npos) access.user = lines.front().substr(0, colon);
    access.password = lines.front().substr(colon + 1);  // npos + 1 is 0
}

}  // namespace

void BackplaneLine::declare(Options& options) {
    options.text("--redis", redis_, "HOST:PORT", redis_help);
    options.text("--redis-auth", auth_file_, "FILE", "with the line USER:PASSWORD, or PASSWORD alone");
    options.text("--redis-prefix", prefix_, "TEXT", "of all keys in Redis");
    options.number("--history", history_, 1, 1'000'000, "N", "messages that a room keeps, about");
}

std::unique_ptr<endpoint::Backplane> BackplaneLine::make() const {
    endpoint::BackplaneLimits limits;
    limits.room.most_entries = history_;
    if (redis_.empty()) return std::make_unique<endpoint::MemoryBackplane>(limits);
    endpoint::RedisBackplaneOptions options;
    options.limits = limits;
    options.prefix = prefix_;
    options.access.addresses = addresses(redis_);
    if (!auth_file_.empty()) read_auth(auth_file_, options.access);
    return std::make_unique<endpoint::RedisBackplane>(std::move(options));
}

std::string BackplaneLine::where() const {
    return redis_.empty() ? "in this process" : "in the Redis at " + redis_;
}

}  // namespace cli
