// Which of ten thousand descriptors are ready: epoll(7), level-triggered. Lesson 11.
// Level-triggered means: a descriptor is reported as long as there is something to do. One read
// a turn is then enough, nothing is lost by stopping early, and nobody can hog a turn.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/fd.hpp"
#include "net/os_error.hpp"

namespace net {

// Why a socket has failed (errno); 0: it has not. Says it once.
inline int take_error(const Fd& socket) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

class Epoll {
  public:
    // What is waited for; bits. That the peer has gone is reported in any case.
    static constexpr std::uint32_t readable = EPOLLIN;
    static constexpr std::uint32_t writable = EPOLLOUT;

    // `most`: how many descriptors one wait() reports; others are reported by the next one.
    // Throws std::system_error.
    explicit Epoll(std::size_t most = 512) : ready_(most) {
        fd_ = Fd{::epoll_create1(EPOLL_CLOEXEC)};
        if (!fd_) throw_system_error("epoll_create1");
    }

    // Readable while one of those that are watched is ready: one epoll may watch another.
    int fd() const { return fd_.get(); }

    // Watches a descriptor until it is closed or removed. wait() reports it by `tag`. Throws
    // std::system_error (ENOSPC, ENOMEM).
    void add(int fd, std::uint32_t events, std::uint64_t tag) {
        control(EPOLL_CTL_ADD, fd, events, tag);
    }
    void modify(int fd, std::uint32_t events, std::uint64_t tag) {
        control(EPOLL_CTL_MOD, fd, events, tag);
    }
    void remove(int fd) { control(EPOLL_CTL_DEL, fd, 0, 0); }

    // Waits until something is ready, or for `most` (nothing: for ever). What is ready lives until
    // the next wait(); it is empty when the time came first, or a signal.
    std::span<const epoll_event> wait(std::optional<std::chrono::milliseconds> most) {
        const int timeout = most ? static_cast<int>(most->count()) : -1;
        const int count =
            ::epoll_wait(fd_.get(), ready_.data(), static_cast<int>(ready_.size()), timeout);
        if (count < 0 && errno != EINTR) throw_system_error("epoll_wait");
        return std::span{ready_}.first(count < 0 ? 0 : static_cast<std::size_t>(count));
    }

  private:
    void control(int operation, int fd, std::uint32_t events, std::uint64_t tag) {
        epoll_event event{};
        event.events = events;
        event.data.u64 = tag;
        if (::epoll_ctl(fd_.get(), operation, fd, &event) < 0) throw_system_error("epoll_ctl");
    }

    Fd fd_;
    std::vector<epoll_event> ready_;
};

}  // namespace net
