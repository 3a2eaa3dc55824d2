// A file that its owner alone can read. Lesson 5; open(2).
// What crosses the wire may hold a password, so a capture or a record of it is nobody else's.
// Leaves out: a file that is there already and that others can read; it keeps its permissions.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace cli {

// For writing, from its beginning. Throws std::runtime_error, which names the option that asked for it.
inline std::FILE* open_private(const char* option, const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    std::FILE* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr)
        throw std::runtime_error{std::string{option} + ": cannot write '" + path +
                                 "': " + std::strerror(errno)};
    return file;
}

}  // namespace cli
