// RFC 1951 and RFC 7692 §7.2 as the suite understands them: plain, slow, and apart from src/ws/deflate.
// Packs with stored blocks or with the fixed codes, and unpacks all that there is, with checks.
// Leaves out: packing well.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conformance {

// One direction of a connection. What went before counts as the window, unless it is forgotten.
class Packer {
  public:
    enum class Kind : std::uint8_t { fixed, literals, stored, huge_blocks };

    // A message's payload as §7.2.1 has it: without the last four bytes, 00 00 FF FF.
    std::string pack(std::string_view message, Kind kind = Kind::fixed);
    void forget() { window_.clear(); }
    void set_window_bits(unsigned bits) { window_bytes_ = std::size_t{1} << bits; }

  private:
    std::string window_;
    std::size_t window_bytes_ = 32768;
};

class Unpacker {
  public:
    // The message; nothing: the payload is no such stream, or it refers beyond the window.
    std::optional<std::string> unpack(std::string_view payload);
    void forget() { window_.clear(); }
    void set_window_bits(unsigned bits) { window_bytes_ = std::size_t{1} << bits; }

  private:
    std::string window_;
    std::size_t window_bytes_ = 32768;
};

}  // namespace conformance
