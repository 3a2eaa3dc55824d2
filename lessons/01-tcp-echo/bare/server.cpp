// An echo server on nothing but the calls of the kernel, for one client after the other. Lesson 1.
// Leaves out: all that the lesson's text breaks it with, and net/ then mends.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

// A call of the kernel says -1 when it failed. That ends the program, with the kernel's reason.
template <typename Number>
Number check(Number result, const char* call) {
    if (result >= 0) return result;
    std::perror(call);
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    sockaddr_in address{};  // 127.0.0.1 and a port: 9000, or the program's argument
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9000));
    socklen_t length = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);

    const int listener = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(::bind(listener, raw, length), "bind");
    check(::listen(listener, 16), "listen");
    check(::getsockname(listener, raw, &length), "getsockname");  // which port, when 0 was asked
    std::printf("Bare echo server on :%d\n", ntohs(address.sin_port));
    std::fflush(stdout);

    for (;;) {
        const int client = check(::accept(listener, nullptr, nullptr), "accept");
        char buffer[4096];
        while (const ssize_t got = check(::recv(client, buffer, sizeof buffer, 0), "recv"))
            check(::send(client, buffer, static_cast<std::size_t>(got), 0), "send");
        check(::close(client), "close");  // recv said 0: the client has said all it had to say
    }
}
