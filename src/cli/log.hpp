// The log of a server: one line on standard error for each thing that went wrong. Lesson 8.
// "2026-11-21T07:30:00Z [::1]:51234 refused with 400: ...". What a peer sent is escaped, so that
// it can neither forge lines nor draw on the terminal; and one that floods the log is cut short.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "net/address.hpp"

namespace cli {

class Log {
  public:
    // Lines for one address within a second; further ones are counted and not printed.
    explicit Log(unsigned lines_per_second = 5) : lines_per_second_{lines_per_second} {}

    // Prints `text`, escaped, for this peer. From any thread; lines never mix.
    void line(const net::Address& peer, std::string_view text);

  private:
    void begin_second(std::int64_t second);

    unsigned lines_per_second_;
    std::mutex mutex_;
    std::int64_t second_ = 0;                // since 1970, that of counts_
    std::map<std::string, unsigned> counts_;  // lines by IP address; forgotten each second
};

}  // namespace cli
