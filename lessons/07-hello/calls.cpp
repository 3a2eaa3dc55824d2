// What the judge of lesson 7 may ask of net/address: an address, given by its bytes, as texts.
#include <netinet/in.h>

#include <cstring>

#include "lessons/tools/check/calls/calls.hpp"
#include "net/address.hpp"

namespace {

using calls::Function;

constexpr std::uint16_t port = 8080;

net::Address address_of(const std::vector<std::uint8_t>& bytes) {
    net::Address address;
    if (bytes.size() == 4) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, bytes.data(), sizeof in.sin_addr);
        std::memcpy(&address.storage, &in, sizeof in);
        address.length = sizeof in;
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        std::memcpy(&in.sin6_addr, bytes.data(), std::min(bytes.size(), sizeof in.sin6_addr));
        std::memcpy(&address.storage, &in, sizeof in);
        address.length = sizeof in;
    }
    return address;
}

const Function ip{"ip", [](std::vector<std::uint8_t> bytes) { return address_of(bytes).ip(); }};

const Function to_string{"to_string", [](std::vector<std::uint8_t> bytes) {
    return address_of(bytes).to_string();
}};

}  // namespace
