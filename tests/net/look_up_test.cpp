// Looking up a name: the deadline, and the wish to stop.
#include "net/look_up.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

#include <array>
#include <chrono>
#include <string>

#include "net/wake.hpp"

using namespace std::chrono_literals;

namespace {

// A name that the resolver looks for until `name_server` is raised.
const std::string slow_name = "slow.invalid";
net::Wake name_server;

net::Deadline soon() { return net::after(20s); }  // only a test that hangs meets it

}  // namespace

// Takes the place of the C library's, which it calls for all other names.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    if (host == slow_name) {
        net::wait_readable(std::array{name_server.fd()});
        return EAI_AGAIN;
    }
    static const auto real =
        reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, found);
}

TEST_CASE("look-up: looking up a name has a deadline, and ends with the program") {
    CHECK(net::resolve_in_time("localhost", 80, SOCK_STREAM, {}, -1).size() == 2);
    CHECK(net::resolve_in_time("::1", 80, SOCK_STREAM, {}, -1).front().to_string() == "[::1]:80");
    CHECK_THROWS_AS(net::connect_in_time("no-such-host.invalid", 80, soon()), net::ResolveError);

    net::Wake stop;
    CHECK_THROWS_AS(net::resolve_in_time(slow_name, 80, SOCK_STREAM, net::after(30ms), stop.fd()),
                    net::ResolveError);
    stop.raise();
    CHECK_THROWS_AS(net::connect_in_time(slow_name, 80, soon(), stop.fd()), net::Stopped);
    name_server.raise();
    CHECK_THROWS_AS(net::connect_in_time(slow_name, 80, soon()), net::ResolveError);
}
