// The outcome of a read or a write in words. What it should have been is the scenario's to say.
// Errors are named as in the man pages, EPIPE, because that is what the code has to look for.
#include "lessons/tools/check/io_result.hpp"

#include <cerrno>
#include <cstring>

namespace check {

void expect_status(Run& run, const Result& result, Status expected, std::string_view why) {
    constexpr std::string_view names[] = {"ok", "closed", "timed_out", "failed"};
    const auto [status, bytes, error] = result;
    std::string got{status < std::size(names) ? names[status] : "none that there is"};
    if (status == static_cast<unsigned>(Status::failed) && expected != Status::failed)
        got += std::string{" ("} + ::strerrorname_np(error) + ")";
    // The kernel never says that of these calls.
    if (error == ENOSYS) why = "ENOSYS is what the starter's function returns until you have written it.";
    run.equal("the status", got, std::string{names[static_cast<unsigned>(expected)]}, why);
}

}  // namespace check
