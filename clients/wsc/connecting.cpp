// connect(2) on sockets that do not block, and names looked up in a process of their own:
// getaddrinfo(3) may take half a minute when a resolver is silent, and nothing can interrupt it.
// Leaves out: trying two addresses at the same time (RFC 8305); each gets its share of the time.
#include "clients/wsc/connecting.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "clients/wsc/failure.hpp"
#include "net/address.hpp"
#include "net/os_error.hpp"
#include "net/parse_ip.hpp"

namespace wsc {

namespace {

// What the child process says: first how the look-up ended, then the addresses.
void look_up_and_exit(const std::string& host, std::uint16_t port, int out) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    bool written = ::write(out, &failure, sizeof failure) > 0;
    for (; failure == 0 && found != nullptr && written; found = found->ai_next) {
        net::Address address;
        std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
        address.length = found->ai_addrlen;
        address.set_port(port);
        written = ::write(out, &address, sizeof address) > 0;
    }
    ::_exit(0);
}

// Reads all that a child process writes, and waits for its end.
std::string read_from_child(pid_t child, const net::Fd& pipe, const Waiting& waiting) {
    struct Reaper {
        pid_t child;
        ~Reaper() {
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
        }
    } const reaper{child};
    std::string answer;
    for (;;) {
        waiting.until_readable(pipe.get());
        char chunk[4096];
        const ssize_t got = ::read(pipe.get(), chunk, sizeof chunk);
        if (got == 0 || (got < 0 && errno != EINTR)) return answer;
        if (got > 0) answer.append(chunk, static_cast<std::size_t>(got));
    }
}

std::vector<net::Address> look_up(const std::string& host, std::uint16_t port,
                                  const Waiting& waiting) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) net::throw_system_error("pipe2");
    const net::Fd reading{ends[0]};
    net::Fd writing{ends[1]};
    const pid_t child = ::fork();
    if (child < 0) net::throw_system_error("fork");
    if (child == 0) {
        become_child();
        look_up_and_exit(host, port, writing.get());
    }
    writing.close();
    const std::string answer = read_from_child(child, reading, waiting);

    int failure = EAI_FAIL;
    if (answer.size() >= sizeof failure) std::memcpy(&failure, answer.data(), sizeof failure);
    if (failure != 0)
        throw PeerFailure{"getaddrinfo " +
                          std::string{failure == EAI_AGAIN ? "EAI_AGAIN" : "ENOTFOUND"} + ' ' +
                          host};
    std::vector<net::Address> addresses((answer.size() - sizeof failure) / sizeof(net::Address));
    if (!addresses.empty())
        std::memcpy(static_cast<void*>(addresses.data()), answer.data() + sizeof failure,
                    addresses.size() * sizeof(net::Address));
    return addresses;
}

std::vector<net::Address> addresses_of(const std::string& host, std::uint16_t port,
                                       const Waiting& waiting) {
    if (host == "localhost") return net::resolve(host, port, SOCK_STREAM);
    if (auto address = net::parse_ip(host)) {
        address->set_port(port);
        return {*address};
    }
    return look_up(host, port, waiting);
}

// Begins to connect and waits until `end`; 0 or what went wrong.
int finish_connect(const net::Fd& socket, const sockaddr* address, socklen_t length,
                   const Waiting& waiting, net::Clock::time_point end) {
    if (::connect(socket.get(), address, length) == 0) return 0;
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    if (!waiting.until_writable(socket.get(), end)) return ETIMEDOUT;
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    return failure;
}

}  // namespace

net::Fd connect_tcp(const std::string& host, std::uint16_t port, const Waiting& waiting) {
    const std::vector<net::Address> addresses = addresses_of(host, port, waiting);
    std::string first_failure;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const net::Address& address = addresses[i];
        net::Fd socket{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        // An address that swallows everything does not use up the time of the next ones.
        const auto now = net::Clock::now();
        const auto end = now + (waiting.deadline() - now) / static_cast<int>(addresses.size() - i);
        const int failure =
            socket ? finish_connect(socket, address.raw(), address.length, waiting, end) : errno;
        if (failure == 0) {
            const int on = 1;
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return socket;
        }
        if (first_failure.empty())
            first_failure =
                "connect " + error_name(failure) + ' ' + address.ip() + ':' + std::to_string(port);
    }
    throw PeerFailure{first_failure.empty() ? "getaddrinfo ENOTFOUND " + host : first_failure};
}

net::Fd connect_unix(const std::string& path, const Waiting& waiting) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw PeerFailure{"connect ENAMETOOLONG " + path};
    std::memcpy(address.sun_path, path.data(), path.size());
    net::Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) net::throw_system_error("cannot make a socket");
    const int failure = finish_connect(socket, reinterpret_cast<const sockaddr*>(&address),
                                       sizeof address, waiting, waiting.deadline());
    if (failure != 0) throw PeerFailure{"connect " + error_name(failure) + ' ' + path};
    return socket;
}

}  // namespace wsc
