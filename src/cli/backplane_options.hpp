// Where the logs of the rooms are: in this process, or in a Redis that servers share. Lesson 16.
// A password stands in a file: on a command line everybody on the machine can read it.
// Leaves out: TLS to Redis; a terminator does it, as for clients.
#pragma once

#include <memory>
#include <string>

#include "cli/options.hpp"
#include "endpoint/backplane.hpp"

namespace cli {

class BackplaneLine {
  public:
    // --redis, --redis-auth, --redis-prefix, --history. This object outlives options.parse().
    void declare(Options& options);
    // After parsing. Looks up the names of the Redis servers; throws net::ResolveError, UsageError.
    std::unique_ptr<endpoint::Backplane> make() const;
    // "in this process", "in the Redis at 127.0.0.1:6379"; for the log.
    std::string where() const;

  private:
    std::string redis_;
    std::string auth_file_;
    std::string prefix_ = "chat:";
    std::uint64_t history_ = 1000;
};

}  // namespace cli
