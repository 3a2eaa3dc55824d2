// What the judge of lesson 2 may ask of net/datagram. A socket comes from the judge, which keeps
// the other end of it, or its copy.
#include <dlfcn.h>
#include <netdb.h>

#include <optional>
#include <string_view>

#include "lessons/tools/check/calls/calls.hpp"
#include "net/datagram.hpp"
#include "net/parse_ip.hpp"

// In place of libc's, which it asks. A name that is known in this process only has three addresses: the
// first is everybody's, to which nobody may connect who has not asked for it (SO_BROADCAST).
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto libc =
        reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (host == nullptr || std::string_view{host} != "three.addresses")
        return libc(host, service, hints, found);
    for (const char* address : {"255.255.255.255", "127.0.0.1", "127.0.0.2"}) {
        if (const int failure = libc(address, service, hints, found); failure != 0) return failure;
        while (*found != nullptr) found = &(*found)->ai_next;
    }
    return 0;
}

namespace {

using calls::Function;
using Bytes = std::vector<std::uint8_t>;
using Result = std::tuple<net::IoStatus, std::size_t, int>;

Result told(const net::IoResult& result) { return {result.status, result.bytes, result.error}; }

const Function send{"send_datagram", [](wire::Fd descriptor, Bytes bytes) {
    const net::Fd socket{descriptor.number};
    return told(net::send_datagram(socket, bytes));
}};

const Function send_to{"send_datagram_to", [](wire::Fd descriptor, Bytes bytes, std::uint16_t port) {
    const net::Fd socket{descriptor.number};
    net::Address to = net::parse_ip("127.0.0.1").value();
    to.set_port(port);
    return told(net::send_datagram(socket, bytes, to));
}};

// The last of so many, or the first that fails.
const Function send_many{"send_datagrams", [](wire::Fd descriptor, std::size_t size, int count) {
    const net::Fd socket{descriptor.number};
    const Bytes bytes(size, 'x');
    net::IoResult result;
    for (int i = 0; i < count && result; ++i) result = net::send_datagram(socket, bytes);
    return told(result);
}};

// Not by Address::to_string(): that is written in lesson 7, and in a handout not there before.
std::string name_of(const net::Address& peer) {
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (peer.length == 0) return "";
    if (::getnameinfo(peer.raw(), peer.length, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return "?";
    return net::join_host_port(host, static_cast<std::uint16_t>(std::stoi(port)));
}

// The result, the size as it was sent, the buffer, the sender, truncated(). The deadline is so many
// milliseconds from now.
const Function receive{"receive_datagram", [](wire::Fd descriptor, std::size_t room, int milliseconds) {
    const net::Fd socket{descriptor.number};
    Bytes buffer(room);
    const net::Received got = net::receive_datagram(
        socket, buffer, net::after(std::chrono::milliseconds{milliseconds}));
    return std::tuple{told(got.result), got.size, buffer,
                      name_of(got.peer), got.truncated()};
}};

// The socket is the judge's from now on. Nothing: what was thrown says why.
const Function connect{"connect_udp", [](std::string host, std::uint16_t port) {
    static std::vector<net::Fd> open;
    std::pair<std::optional<wire::Fd>, std::string> result;
    try {
        open.push_back(net::connect_udp(host, port));
        result.first = wire::Fd{open.back().get()};
    } catch (const std::exception& error) {
        result.second = error.what();
    }
    return result;
}};

}  // namespace
