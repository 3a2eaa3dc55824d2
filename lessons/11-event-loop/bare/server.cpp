// A WebSocket echo server for many clients on one thread: epoll, and ws::Connection. Lesson 11.
// Leaves out: all that the lesson's text breaks it with, and endpoint/ then mends.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "net/socket.hpp"
#include "ws/connection.hpp"
#include "ws/opening.hpp"

namespace {

struct Client {
    ws::ServerOpening opening;
    bool open = false;  // its opening handshake is over
    ws::Connection connection{ws::Role::server};
};

int check(int result, const char* call) {
    if (result >= 0) return result;
    std::perror(call);
    std::exit(1);
}

const int epoll = check(::epoll_create1(0), "epoll_create1");
std::map<int, Client> clients;  // by descriptor

void watch(int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    check(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void let_in(int listening) {
    const int fd = check(::accept4(listening, nullptr, nullptr, 0), "accept4");
    clients[fd];
    watch(fd);
}

void hang_up(int fd) {
    clients.erase(fd);
    check(::close(fd), "close");  // with that, epoll forgets it
}

void say(int fd, ws::Bytes bytes) {  // to a client that is gone: the next recv will tell
    if (!bytes.empty()) static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

// Is the opening handshake over? Then `bytes` is what came after it.
bool shake_hands(int fd, ws::MutableBytes& bytes) {
    using Step = ws::ServerOpening::Step;
    ws::ServerOpening& opening = clients.at(fd).opening;
    std::size_t taken = 0;
    Step step = opening.feed(bytes, taken);
    if (step == Step::more) return false;
    bytes = bytes.subspan(taken);
    if (step == Step::decide) step = opening.decide({});
    const bool open = clients.at(fd).open = step == Step::open;
    say(fd, ws::as_bytes(opening.answer()));
    if (!open) hang_up(fd);
    return open;
}

void on_message(int fd, const ws::Event& message, ws::Buffer& out) {
    if (ws::as_text(message.data) == "bye") return hang_up(fd);
    clients.at(fd).connection.send(out, message.opcode, message.data);
}

void on_readable(int fd) {
    if (!clients.contains(fd)) return let_in(fd);  // `fd` is a listening socket
    std::uint8_t buffer[16384];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return hang_up(fd);
    ws::MutableBytes bytes{buffer, static_cast<std::size_t>(got)};
    if (!clients.at(fd).open && !shake_hands(fd, bytes)) return;
    ws::Buffer out;
    clients.at(fd).connection.feed(bytes);
    while (const auto event = clients.at(fd).connection.next(out))
        if (event->type == ws::Event::message) on_message(fd, *event, out);
    say(fd, out);
    if (clients.at(fd).connection.state() == ws::State::closed) hang_up(fd);
}

}  // namespace

int main(int argc, char** argv) {
    const int port = argc > 1 ? std::atoi(argv[1]) : 8080;
    const net::Listener listener{"localhost", static_cast<std::uint16_t>(port)};
    for (const net::Fd& socket : listener.sockets()) watch(socket.get());
    std::printf("Bare WebSocket server at ws://localhost:%d/\n", int{listener.port()});
    std::fflush(stdout);
    for (epoll_event ready[64];;) {
        const int count = check(::epoll_wait(epoll, ready, 64, -1), "epoll_wait");
        for (int i = 0; i < count; ++i) on_readable(ready[i].data.fd);
    }
}
