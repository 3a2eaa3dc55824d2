// Lines from a descriptor, beside sockets that may become readable first. Lesson 1.
// Standard streams would hide what they have buffered from poll(), and a line could wait there
// unseen; so the bytes that were read ahead are kept here.
#include "terminal/line_reader.hpp"

#include <unistd.h>

#include <array>
#include <vector>

#include "net/os_error.hpp"
#include "net/socket.hpp"

namespace terminal {

std::optional<std::string> LineReader::next_buffered() {
    const std::size_t feed = separator_ == no_separator
                                 ? std::string::npos
                                 : buffer_.find(static_cast<char>(separator_), scanned_);
    const std::size_t end = feed == std::string::npos ? buffer_.size() : feed;
    if (end - start_ > max_)
        throw LineTooLong{"a line of the input is longer than " + std::to_string(max_) + " bytes"};
    const bool complete = feed != std::string::npos || (at_end_ && end > start_);
    if (!complete) {
        // The lines handed out leave the buffer all at once, and not one by one.
        buffer_.erase(0, start_);
        start_ = 0;
        scanned_ = buffer_.size();
        return std::nullopt;
    }
    std::string line = buffer_.substr(start_, end - start_);
    if (feed != std::string::npos && separator_ == '\n' && line.ends_with('\r')) line.pop_back();  // a file of Windows
    start_ = scanned_ = feed == std::string::npos ? end : end + 1;
    return line;
}

void LineReader::fill() {
    std::array<char, 16384> chunk;
    const ssize_t got = ::read(fd_, chunk.data(), chunk.size());
    if (got > 0)
        buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    else if (got == 0)
        at_end_ = true;
    // The program that started us may have made the descriptor non-blocking: then there is nothing yet.
    else if (errno != EINTR && errno != EAGAIN)
        net::throw_system_error("cannot read the input");
}

std::optional<std::string> LineReader::next(std::span<const int> others) {
    std::vector<int> watched{others.begin(), others.end()};
    watched.push_back(fd_);
    for (;;) {
        if (auto line = next_buffered()) return line;
        if (at_end_) return std::nullopt;
        const int ready = net::wait_readable(watched);
        if (ready != static_cast<int>(others.size())) return std::nullopt;
        fill();
    }
}

}  // namespace terminal
