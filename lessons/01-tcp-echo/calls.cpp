// What the judge of lesson 1 may ask of net/fd and net/socket. A descriptor comes from the judge,
// which keeps the other end of it and sees there what is sent and when it is closed.
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>

#include "lessons/tools/check/calls/calls.hpp"
#include "net/socket.hpp"

// In place of libc's, which it asks. A name that is known in this process only has two addresses: 0.0.0.0
// and ::, which are everywhere in either family.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto libc =
        reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (host == nullptr || std::string_view{host} != "everywhere.in.both")
        return libc(host, service, hints, found);
    for (const char* address : {"0.0.0.0", "::"}) {
        if (const int failure = libc(address, service, hints, found); failure != 0) return failure;
        while (*found != nullptr) found = &(*found)->ai_next;
    }
    return 0;
}

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

// From now on the kernel refuses this thread each client with this error. False: it does not do that here.
bool refuse_clients(int error) {
    const auto answer = SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
    std::array<sock_filter, 4> filter{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_accept4, 0, 1),
                                       BPF_STMT(BPF_RET | BPF_K, answer),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// For a thread of its own, with which the refusing ends.
const Function accept_refused{"accept_refused", [](int error) -> std::optional<bool> {
    if (!refuse_clients(error)) return std::nullopt;
    return listener->accept(stop).has_value();
}};

}  // namespace
