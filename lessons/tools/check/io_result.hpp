// What calls.cpp tells of a net::IoResult, and the failure when it is not the expected one.
// For the lessons whose functions read and write sockets.
// Leaves out: what was read; that is another value of the answer.
#pragma once

#include "lessons/tools/check/run.hpp"

namespace check {

// As in net::IoStatus.
enum class Status : std::uint8_t { ok, closed, timed_out, failed };

// The status, the number of bytes, errno.
using Result = std::tuple<unsigned, std::size_t, int>;

// Fails with "the status is closed, expected ok", or "failed (Broken pipe)".
void expect_status(Run& run, const Result& result, Status expected, std::string_view why);

}  // namespace check
