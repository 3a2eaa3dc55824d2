// A failed system call as an exception that knows errno and says what was tried.
// Used at set-up only (listen, connect, resolve); reads and writes return IoResult instead,
// because there a failure is everyday business. Lesson 1.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace net {

// `what` is the beginning of a sentence for people: "cannot listen on 127.0.0.1:9000".
// std::system_error adds ": " and the text of `error`.
[[noreturn]] inline void throw_system_error(const std::string& what, int error = errno) {
    throw std::system_error{error, std::generic_category(), what};
}

}  // namespace net
