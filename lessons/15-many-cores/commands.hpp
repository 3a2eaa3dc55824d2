// Lesson 15: "/primes 1000" read, and how this thread's time is used up.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lesson {

// The number after `command`; nothing, when it is another text, or the number is over `most`.
inline std::optional<std::uint64_t> argument(std::string_view said, std::string_view command,
                                             std::uint64_t most) {
    if (!said.starts_with(command)) return std::nullopt;
    said.remove_prefix(command.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(said.data(), said.data() + said.size(), number);
    if (error != std::errc{} || end != said.data() + said.size() || number > most)
        return std::nullopt;
    return number;
}

// As much of this thread's time as an application might use for a message.
inline void compute(std::chrono::microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

// The primes up to `most`, by a sieve: some milliseconds for each million.
inline std::size_t count_primes(std::uint64_t most) {
    std::vector<bool> composite(most + 1);
    std::size_t count = 0;
    for (std::uint64_t number = 2; number <= most; ++number) {
        if (composite[number]) continue;
        ++count;
        for (std::uint64_t other = number * number; other <= most; other += number)
            composite[other] = true;
    }
    return count;
}

// What the answer to "/primes" says.
inline std::string primes_up_to(std::uint64_t most) {
    return std::to_string(count_primes(most)) + " primes up to " + std::to_string(most);
}

}  // namespace lesson
