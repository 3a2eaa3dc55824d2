// A name that nobody else has and nobody can guess: 128 random bits as text. Lesson 16.
// For a message, so that it can be said again without being there twice; for a server among others.
// Leaves out: UUIDs (RFC 9562), which have a form, and fewer bits for it.
#pragma once

#include <string>
#include <string_view>

#include "net/random.hpp"

namespace endpoint {

inline std::string random_name(net::RandomPool& random) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (const std::uint8_t byte : random.bytes<16>()) {
        name += digits[byte >> 4];
        name += digits[byte & 15];
    }
    return name;
}

}  // namespace endpoint
