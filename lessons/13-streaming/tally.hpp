// What both programs of lesson 13 count: how many bytes, and their SHA-1.
// Leaves out: the message itself.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "ws/sha1.hpp"

// Knows of a message what can be known without keeping it.
class Tally {
  public:
    void add(ws::Bytes bytes) {
        hash_.update(bytes);
        bytes_ += bytes.size();
    }

    std::uint64_t bytes() const { return bytes_; }

    // "26 bytes, SHA-1 a9993e36..."; once, at the end.
    std::string summary() {
        std::string text = std::to_string(bytes_) + " bytes, SHA-1 ";
        for (const std::uint8_t byte : hash_.finish()) {
            char digits[3];
            std::snprintf(digits, sizeof digits, "%02x", unsigned{byte});
            text += digits;
        }
        return text;
    }

  private:
    ws::Sha1 hash_;
    std::uint64_t bytes_ = 0;
};
