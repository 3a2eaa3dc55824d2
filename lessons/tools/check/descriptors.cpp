// The system calls behind check/descriptors.hpp.
// Leaves out: what to do when one of them fails; on a loopback that works none does.
#include "lessons/tools/check/descriptors.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace check {

namespace {

// What a signal handler knows it knows from variables such as these.
volatile sig_atomic_t signals_so_far = 0;
volatile sig_atomic_t descriptor_of_alarm = -1;

void take_alarm(int) {
    const int error = errno;
    signals_so_far = signals_so_far + 1;
    if (signals_so_far == 3 && ::write(descriptor_of_alarm, "x", 1) < 0) return;
    errno = error;
}

int bound(int type) {
    const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    return socket;
}

int connect_to(std::uint16_t port, int family, int type) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    const int socket = ::socket(family, type | SOCK_CLOEXEC, 0);
    const int failed = family == AF_INET6
                           ? ::connect(socket, reinterpret_cast<sockaddr*>(&v6), sizeof v6)
                           : ::connect(socket, reinterpret_cast<sockaddr*>(&v4), sizeof v4);
    if (failed == 0) return socket;
    ::close(socket);
    return -1;
}

}  // namespace

int some_descriptor() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

Ends::Ends(bool small) {
    int both[2];
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both);
    mine_ = both[0];
    theirs_ = both[1];
    const int size = 1;
    if (small) ::setsockopt(theirs_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void Ends::close_mine() {
    if (mine_ >= 0) ::close(std::exchange(mine_, -1));
}

void Ends::close_theirs() {
    if (theirs_ >= 0) ::close(std::exchange(theirs_, -1));
}

bool Ends::theirs_is_closed() const {
    pollfd entry{mine_, 0, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
}

Buffer read_during(Pending& call, int descriptor) {
    Buffer all;
    Buffer piece(65536);
    for (bool over = false;;) {
        const ssize_t got = ::recv(descriptor, piece.data(), piece.size(), MSG_DONTWAIT);
        if (got > 0) {
            all.insert(all.end(), piece.begin(), piece.begin() + got);
            continue;
        }
        if (over || got == 0) return all;
        over = call.ready(Milliseconds{5});
    }
}

NoDescriptors::NoDescriptors(Program& program) : pid_{program.pid()} {
    // The lowest number that is free would be the next.
    rlim_t next = 0;
    while (std::filesystem::is_symlink("/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(next)))
        ++next;
    ::prlimit(pid_, RLIMIT_NOFILE, nullptr, &before_);
    const rlimit none{next, before_.rlim_max};
    ::prlimit(pid_, RLIMIT_NOFILE, &none, nullptr);
}

NoDescriptors::~NoDescriptors() { ::prlimit(pid_, RLIMIT_NOFILE, &before_, nullptr); }

int listen_on_loopback() {
    const int socket = bound(SOCK_STREAM);
    ::listen(socket, 16);
    return socket;
}

int datagrams_on_loopback() { return bound(SOCK_DGRAM); }

int connect_to_loopback(std::uint16_t port, bool ipv6) {
    return connect_to(port, ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM);
}

int datagrams_to_loopback(std::uint16_t port) { return connect_to(port, AF_INET, SOCK_DGRAM); }

int accept_from(int listening) {
    pollfd entry{listening, POLLIN, 0};
    if (::poll(&entry, 1, 1000) != 1) return -1;
    return ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
}

std::uint16_t port_of(int socket) {
    sockaddr_in6 address{};
    socklen_t length = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin6_port);  // at the same place in both families
}

Buffer read_all(int descriptor, std::size_t size) {
    Buffer all;
    Buffer piece(8192);
    pollfd entry{descriptor, POLLIN, 0};
    while (all.size() < size && ::poll(&entry, 1, 1000) != 0) {
        const ssize_t got = ::read(descriptor, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        all.insert(all.end(), piece.begin(), piece.begin() + got);
    }
    return all;
}

Alarm::Alarm(int descriptor, int milliseconds) {
    signals_so_far = 0;
    descriptor_of_alarm = descriptor;
    struct sigaction action {};
    action.sa_handler = take_alarm;  // without SA_RESTART
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval every{{0, milliseconds * 1000}, {0, milliseconds * 1000}};
    ::setitimer(ITIMER_REAL, &every, nullptr);
}

Rescue::Rescue(std::chrono::milliseconds time, std::function<void()> help)
    : thread_{[this, time, help = std::move(help)] {
          pollfd entry{over_.mine(), POLLIN, 0};
          if (::poll(&entry, 1, static_cast<int>(time.count())) == 0) help();
      }} {}

Rescue::~Rescue() {
    over_.close_theirs();
    thread_.join();
}

Alarm::~Alarm() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
}

}  // namespace check
