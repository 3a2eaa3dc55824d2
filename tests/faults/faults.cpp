// The calls as the linker names them: __wrap_recv is what src/ calls, __real_recv the kernel's.
#include "tests/faults/faults.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>

namespace faults {

namespace {

thread_local Fault* armed = nullptr;

bool hits(Call call) {
    if (armed == nullptr || armed->call != call || ++armed->calls != armed->at) return false;
    armed->happened = true;
    return true;
}

// Lets the call fail, or be, as the fault says; of those that move bytes, `real_short` moves one.
template <typename Real, typename RealShort>
auto call_or_fail(Call call, Real real, RealShort real_short) {
    if (!hits(call)) return real();
    if (armed->error == shortened) return real_short();
    errno = armed->error;
    return static_cast<decltype(real())>(-1);
}
template <typename Real>
auto call_or_fail(Call call, Real real) {
    return call_or_fail(call, real, real);
}

}  // namespace

Armed::Armed(Fault& fault) { armed = &fault; }
Armed::~Armed() { armed = nullptr; }

}  // namespace faults

using faults::Call;
using faults::call_or_fail;

extern "C" {
ssize_t __real_recv(int, void*, std::size_t, int);
ssize_t __wrap_recv(int fd, void* buffer, std::size_t size, int flags) {
    return call_or_fail(Call::recv, [&] { return __real_recv(fd, buffer, size, flags); },
                        [&] { return __real_recv(fd, buffer, 1, flags); });
}
ssize_t __real_send(int, const void*, std::size_t, int);
ssize_t __wrap_send(int fd, const void* buffer, std::size_t size, int flags) {
    return call_or_fail(Call::send, [&] { return __real_send(fd, buffer, size, flags); },
                        [&] { return __real_send(fd, buffer, 1, flags); });
}
ssize_t __real_sendmsg(int, const msghdr*, int);
ssize_t __wrap_sendmsg(int fd, const msghdr* message, int flags) {
    return call_or_fail(Call::sendmsg, [&] { return __real_sendmsg(fd, message, flags); },
                        [&] { return __real_send(fd, message->msg_iov[0].iov_base, 1, flags); });
}
int __real_accept4(int, sockaddr*, socklen_t*, int);
int __wrap_accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
    return call_or_fail(Call::accept4, [&] { return __real_accept4(fd, address, size, flags); });
}
int __real_epoll_ctl(int, int, int, epoll_event*);
int __wrap_epoll_ctl(int epoll, int what, int fd, epoll_event* event) {
    // Only for a new one does the kernel need room.
    if (what != EPOLL_CTL_ADD) return __real_epoll_ctl(epoll, what, fd, event);
    return call_or_fail(Call::epoll_ctl, [&] { return __real_epoll_ctl(epoll, what, fd, event); });
}
int __real_epoll_wait(int, epoll_event*, int, int);
int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
    return call_or_fail(Call::epoll_wait, [&] { return __real_epoll_wait(epoll, events, most, timeout); });
}
int __real_poll(pollfd*, nfds_t, int);
int __wrap_poll(pollfd* entries, nfds_t count, int timeout) {
    return call_or_fail(Call::poll, [&] { return __real_poll(entries, count, timeout); });
}
int __real_socket(int, int, int);
int __wrap_socket(int domain, int type, int protocol) {
    return call_or_fail(Call::socket, [&] { return __real_socket(domain, type, protocol); });
}
int __real_connect(int, const sockaddr*, socklen_t);
int __wrap_connect(int fd, const sockaddr* address, socklen_t size) {
    return call_or_fail(Call::connect, [&] { return __real_connect(fd, address, size); });
}
int __real_eventfd(unsigned, int);
int __wrap_eventfd(unsigned value, int flags) {
    return call_or_fail(Call::eventfd, [&] { return __real_eventfd(value, flags); });
}
int __real_open(const char*, int, ...);
int __wrap_open(const char* path, int flags, ...) {
    std::va_list rest;
    va_start(rest, flags);
    const auto mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : mode_t{0};
    va_end(rest);
    return call_or_fail(Call::open, [&] { return __real_open(path, flags, mode); });
}
int __real_epoll_create1(int);
int __wrap_epoll_create1(int flags) {
    return call_or_fail(Call::epoll_create1, [&] { return __real_epoll_create1(flags); });
}
ssize_t __real_getrandom(void*, std::size_t, unsigned);
ssize_t __wrap_getrandom(void* buffer, std::size_t size, unsigned flags) {
    return call_or_fail(Call::getrandom, [&] { return __real_getrandom(buffer, size, flags); },
                        [&] { return __real_getrandom(buffer, 1, flags); });
}
int __real_bind(int, const sockaddr*, socklen_t);
int __wrap_bind(int fd, const sockaddr* address, socklen_t size) {
    return call_or_fail(Call::bind, [&] { return __real_bind(fd, address, size); });
}
int __real_listen(int, int);
int __wrap_listen(int fd, int backlog) {
    return call_or_fail(Call::listen, [&] { return __real_listen(fd, backlog); });
}
}

void* operator new(std::size_t size) {
    void* memory = faults::hits(Call::memory) ? nullptr : std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc{};
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
