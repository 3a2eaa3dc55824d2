// The sans-I/O core in the scenarios a and b, without a socket: an echo of 20-byte texts, one a read
// (a) or 32 a read (b). core a|b MESSAGES. `make bench-instructions` runs it under callgrind and
// counts; the count is the same on every machine with the same compiler.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "ws/connection.hpp"

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("core: which scenario, and how many messages? core a 1000\n", stderr);
        return 2;
    }
    const std::size_t batch = std::string_view{argv[1]} == "b" ? 32 : 1;
    const auto messages = std::strtoul(argv[2], nullptr, 10);
    ws::Buffer read;
    for (std::size_t i = 0; i < batch; ++i)
        ws::append_frame(read, {.masked = true, .key = {0x37, 0xFA, 0x21, 0x3D}},
                         ws::as_bytes("twenty bytes of text"));
    ws::Connection connection{ws::Role::server};
    ws::Buffer out;
    ws::Buffer bytes;
    unsigned long echoes = 0;
    while (echoes < messages) {
        bytes = read;  // what recv() would do
        connection.feed(bytes);
        while (const auto event = connection.next(out)) {
            connection.send(out, event->opcode, event->data);
            ++echoes;
        }
        out.clear();  // what send() would do
    }
    return echoes == messages ? 0 : 1;
}
