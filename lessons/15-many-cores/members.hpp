// Lesson 15: a connection on each loop of a server. The kernel chooses the loop of a connection, so we
// connect and ask, until we have met them all.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "endpoint/dial_accept.hpp"

namespace lesson {

struct Members {
    std::map<unsigned, std::unique_ptr<endpoint::BlockingConnection>> by_loop{};
    std::optional<endpoint::Error> early_end{};  // of a connection that did not tell its loop
};

// The loop on which a connection is, and how many there are. Nothing: it has ended.
inline std::optional<unsigned> ask(endpoint::BlockingConnection& connection, unsigned& loops) {
    unsigned loop = 0;
    connection.write_message("/loop");
    // What others say to the room may come first.
    while (const auto answer = connection.read_message())
        if (std::sscanf(answer->to_string().c_str(), "loop %u of %u", &loop, &loops) == 2)
            return loop;
    return std::nullopt;
}

// Throws as dial() does. One that is too many is closed.
inline Members meet_all(const std::string& url, const endpoint::DialOptions& options) {
    constexpr int most_attempts = 2000;  // the kernel throws dice, and may miss a loop for long
    Members members;
    unsigned loops = 1;
    for (int i = 0; i < most_attempts && members.by_loop.size() < loops; ++i) {
        auto connection = endpoint::dial(url, options);
        const auto loop = ask(*connection, loops);
        if (!loop) {
            members.early_end = connection->error();
            break;
        }
        if (const auto [place, first] = members.by_loop.try_emplace(*loop); first) {
            place->second = std::move(connection);
        } else {
            connection->close(ws::close_code::normal);
            connection->wait_until_closed();
        }
    }
    return members;
}

}  // namespace lesson
