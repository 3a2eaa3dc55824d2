// Where the bytes of lesson 13's client come from: a file, standard input, or nowhere.
// Each is read in blocks of the caller's, so none is ever in memory as a whole.
// Leaves out: reading ahead. While a block is being sent, nothing is read: that is the
// backpressure from the peer to the disk.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "net/fd.hpp"
#include "net/os_error.hpp"
#include "net/socket.hpp"
#include "ws/bytes.hpp"

class Source {
  public:
    // With a size, so many bytes that no disk has to hold: always the same, and hard to compress.
    // Otherwise a file, or standard input when it has no name. Throws std::system_error.
    static Source open(const std::string& path, std::optional<std::uint64_t> size) {
        Source source;
        source.size_ = size;
        if (size) return source;
        source.fd_ = STDIN_FILENO;
        if (!path.empty()) {
            source.file_ = net::Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
            if (!source.file_) net::throw_system_error("cannot open '" + path + "'");
            source.fd_ = source.file_.get();
        }
        // A pipe has no length that could be known before its end.
        struct stat status {};
        if (::fstat(source.fd_, &status) == 0 && S_ISREG(status.st_mode))
            source.size_ = static_cast<std::uint64_t>(status.st_size);
        return source;
    }

    // How many bytes there will be, if that can be known.
    std::optional<std::uint64_t> size() const { return size_; }

    // The next bytes, 0 at the end. Nothing, when one of `others` is readable first (-1 stands for
    // none). Throws std::system_error.
    std::optional<std::size_t> read(ws::MutableBytes block, std::array<int, 2> others) {
        if (fd_ < 0) return generate(block, others);
        for (;;) {
            if (net::wait_readable(std::array{others[0], others[1], fd_}) != 2) return std::nullopt;
            const ssize_t count = ::read(fd_, block.data(), block.size());
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) net::throw_system_error("cannot read");
        }
    }

  private:
    Source() = default;

    std::optional<std::size_t> generate(ws::MutableBytes block, std::array<int, 2> others) {
        if (net::wait_readable(others, net::Clock::now()) >= 0) return std::nullopt;
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), *size_ - generated_));
        for (std::size_t i = 0; i < count; ++i, ++generated_) {
            if (generated_ % 8 == 0) {  // xorshift64: three shifts make the next eight bytes
                state_ ^= state_ << 13;
                state_ ^= state_ >> 7;
                state_ ^= state_ << 17;
            }
            block[i] = static_cast<std::uint8_t>(state_ >> (generated_ % 8 * 8));
        }
        return count;
    }

    net::Fd file_;
    int fd_ = -1;  // -1: generated
    std::optional<std::uint64_t> size_;
    std::uint64_t generated_ = 0;
    std::uint64_t state_ = 0x9E3779B97F4A7C15;
};
