// The limit: a TCP echo server that knows no WebSocket. What costs less than this does not exist,
// so `make bench` gives every server's CPU time as a ratio to it.
// raw_echo --port N [--fan-out] [--whole N]: sends what comes back to whoever sent it, or to all the
// others. --whole: once N bytes are there, and not before. Whoever hands out whole messages cannot
// cost less than that, which is more than the bytes alone cost: they have left the nearest cache.
// Epoll, one buffer, one recv() and one send() a turn, as little of everything else as works.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

// As large as that of our server (endpoint/loop), so that large messages cost as many calls.
constexpr std::size_t buffer_bytes = 512 * 1024;

struct Client {
    bool open = false;
    std::vector<char> message;  // --whole: what is there of it
    std::size_t arrived = 0;
    std::string waiting;  // what the kernel did not take; until it has, nothing is read
};

struct Server {
    int epoll = ::epoll_create1(0);
    bool fan_out = false;
    std::size_t whole_bytes = 0;
    std::vector<std::vector<char>> spare;  // --whole: memory of messages that have left
    std::vector<Client> clients;  // by descriptor
    std::vector<int> open;        // fan-out only
    std::vector<char> buffer = std::vector<char>(buffer_bytes);
};

void watch(Server& server, int fd, int operation, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(server.epoll, operation, fd, &event);
}

void end(Server& server, int fd) {
    server.clients[static_cast<std::size_t>(fd)] = {};
    std::erase(server.open, fd);
    ::close(fd);
}

void send_to(Server& server, int fd, const char* bytes, std::size_t size) {
    std::string& waiting = server.clients[static_cast<std::size_t>(fd)].waiting;
    ssize_t sent = 0;
    if (waiting.empty()) sent = ::send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno != EAGAIN) return;  // recv() will tell
        sent = 0;
    }
    if (static_cast<std::size_t>(sent) == size) return;
    if (waiting.empty()) watch(server, fd, EPOLL_CTL_MOD, EPOLLOUT);
    waiting.append(bytes + sent, size - static_cast<std::size_t>(sent));
}

// Read straight into its place: no byte of it is copied here.
void gather(Server& server, int fd) {
    Client& client = server.clients[static_cast<std::size_t>(fd)];
    if (client.message.empty() && server.spare.empty()) {
        client.message.resize(server.whole_bytes);
    } else if (client.message.empty()) {
        client.message = std::move(server.spare.back());
        server.spare.pop_back();
    }
    const std::size_t most = std::min(server.whole_bytes - client.arrived, buffer_bytes);
    const ssize_t size = ::recv(fd, client.message.data() + client.arrived, most, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end(server, fd);
    client.arrived += static_cast<std::size_t>(size);
    if (client.arrived < server.whole_bytes) return;
    send_to(server, fd, client.message.data(), server.whole_bytes);
    server.spare.push_back(std::exchange(client.message, {}));
    client.arrived = 0;
}

void on_readable(Server& server, int fd) {
    if (server.whole_bytes > 0) return gather(server, fd);
    const ssize_t size = ::recv(fd, server.buffer.data(), server.buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end(server, fd);
    if (!server.fan_out) return send_to(server, fd, server.buffer.data(), static_cast<std::size_t>(size));
    for (const int other : server.open)
        if (other != fd) send_to(server, other, server.buffer.data(), static_cast<std::size_t>(size));
}

void on_writable(Server& server, int fd) {
    std::string& waiting = server.clients[static_cast<std::size_t>(fd)].waiting;
    const ssize_t sent = ::send(fd, waiting.data(), waiting.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return end(server, fd);
    if (sent > 0) waiting.erase(0, static_cast<std::size_t>(sent));
    if (waiting.empty()) watch(server, fd, EPOLL_CTL_MOD, EPOLLIN);
}

bool on_connect(Server& server, int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return false;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (server.clients.size() <= static_cast<std::size_t>(fd))
        server.clients.resize(static_cast<std::size_t>(fd) + 1);
    server.clients[static_cast<std::size_t>(fd)].open = true;
    if (server.fan_out) server.open.push_back(fd);
    watch(server, fd, EPOLL_CTL_ADD, EPOLLIN);
    return true;
}

int listen_on(std::uint16_t port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        ::listen(listener, 4096) < 0) {
        std::perror("raw_echo: cannot listen");
        std::exit(1);
    }
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("Raw TCP echo on :%u\n", unsigned{ntohs(address.sin_port)});
    std::fflush(stdout);
    return listener;
}

}  // namespace

int main(int argc, char** argv) {
    Server server;
    std::uint16_t port = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--fan-out") == 0) server.fan_out = true;
        if (std::strcmp(argv[i], "--whole") == 0 && i + 1 < argc)
            server.whole_bytes = static_cast<std::size_t>(std::atol(argv[++i]));
        if (std::strcmp(argv[i], "--port") == 0 && i + 1 < argc)
            port = static_cast<std::uint16_t>(std::atoi(argv[++i]));
    }
    const int listener = listen_on(port);
    watch(server, listener, EPOLL_CTL_ADD, EPOLLIN);
    for (std::vector<epoll_event> ready(512);;) {
        const int count = ::epoll_wait(server.epoll, ready.data(), static_cast<int>(ready.size()), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = ready[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                // In fan-out all who wait, so that nobody who has connected misses a message.
                while (on_connect(server, listener) && server.fan_out) {
                }
            } else if (!server.clients[static_cast<std::size_t>(fd)].open) {
                continue;
            } else if (ready[static_cast<std::size_t>(i)].events & EPOLLOUT) {
                on_writable(server, fd);
            } else {
                on_readable(server, fd);
            }
        }
    }
}
