// What the judge of lesson 1 may ask of net/fd and net/socket. A descriptor comes from the judge,
// which keeps the other end of it and sees there what is sent and when it is closed.
#include <signal.h>
#include <sys/socket.h>

#include <map>
#include <memory>

#include "lessons/tools/check/calls/calls.hpp"
#include "net/socket.hpp"

namespace {

using calls::Function;
using Wait = std::optional<std::chrono::milliseconds>;

// --- net/fd: owners with names ------------------------------------------------------------------

std::map<std::string, std::unique_ptr<net::Fd>> owners;

const Function own{"Fd", [](std::string name, wire::Fd descriptor) {
    owners[name] = std::make_unique<net::Fd>(descriptor.number);
    return descriptor.number;
}};

const Function move_new{"Fd_from_moved", [](std::string to, std::string from) {
    owners[to] = std::make_unique<net::Fd>(std::move(*owners.at(from)));
}};

const Function move_assign{"move_assign", [](std::string to, std::string from) {
    *owners.at(to) = std::move(*owners.at(from));
}};

const Function get{"get", [](std::string name) { return owners.at(name)->get(); }};

const Function has{"bool", [](std::string name) { return static_cast<bool>(*owners.at(name)); }};

const Function close_it{"close", [](std::string name) { owners.at(name)->close(); }};

const Function end_life{"end_of_life", [](std::string name) { owners.erase(name); }};

// --- net/socket ---------------------------------------------------------------------------------

using Result = std::tuple<net::IoStatus, std::size_t, int>;

Result told(const net::IoResult& result) { return {result.status, result.bytes, result.error}; }

net::Deadline deadline(Wait wait) { return wait ? net::after(*wait) : net::Deadline{}; }

// errno, and the sockets. Those are the judge's from now on, so nobody here may close them.
const Function bind_all{"bind_all", [](std::string host, std::uint16_t port, int type) {
    std::vector<wire::Fd> sockets;
    try {
        for (const net::Fd& socket : *new auto(net::bind_all(host, port, type)))
            sockets.push_back({socket.get()});
    } catch (const std::system_error& error) {
        return std::tuple{error.code().value(), sockets};
    }
    return std::tuple{0, sockets};
}};

const Function receive_some{"receive_some", [](wire::Fd descriptor, std::size_t room, Wait wait) {
    const net::Fd socket{descriptor.number};
    std::vector<std::uint8_t> buffer(room);
    const net::IoResult result = net::receive_some(socket, buffer, deadline(wait));
    return std::tuple{told(result), buffer};
}};

const Function send_all{"send_all",
                        [](wire::Fd descriptor, std::vector<std::uint8_t> bytes, Wait wait) {
    const net::Fd socket{descriptor.number};
    return told(net::send_all(socket, bytes, deadline(wait)));
}};

// Was it stopped, by the other descriptor?
const Function send_until_stopped{"send_all_until_stopped", [](wire::Fd descriptor, std::vector<std::uint8_t> bytes,
                                                              wire::Fd stop) {
    const net::Fd socket{descriptor.number}, stopper{stop.number};
    try {
        net::send_all(socket, bytes, {}, stopper.get());
    } catch (const net::Stopped&) {
        return true;
    }
    return false;
}};

volatile sig_atomic_t sigpipes = 0;

// From the first call on the signal is counted; its default is to end the process.
const Function count_sigpipes{"count_sigpipes", [] {
    ::signal(SIGPIPE, [](int) { sigpipes = sigpipes + 1; });
    return static_cast<int>(sigpipes);
}};

// --- Listener -----------------------------------------------------------------------------------

std::unique_ptr<net::Listener> listener;
int stop = -1;

const Function listen{"Listener", [](std::string host, wire::Fd stop_descriptor) {
    stop = stop_descriptor.number;
    listener = std::make_unique<net::Listener>(host, 0);
    return listener->port();
}};

const Function accept{"accept", [] { return listener->accept(stop).has_value(); }};

}  // namespace
