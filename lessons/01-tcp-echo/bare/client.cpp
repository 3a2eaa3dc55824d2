// Sends what is typed and prints what comes back, on nothing but the calls of the kernel. Lesson 1.
// Leaves out: that one recv need not bring all that one send sent.
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

    const int server = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address), "connect");

    static char buffer[65536];  // a terminal gives one line for each read, a file all that fits
    while (const ssize_t typed = check(::read(STDIN_FILENO, buffer, sizeof buffer), "read")) {
        check(::send(server, buffer, static_cast<std::size_t>(typed), 0), "send");
        const ssize_t got = check(::recv(server, buffer, sizeof buffer, 0), "recv");
        check(::write(STDOUT_FILENO, buffer, static_cast<std::size_t>(got)), "write");
    }
    check(::close(server), "close");
}
