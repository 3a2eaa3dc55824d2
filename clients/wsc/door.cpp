// The listening sockets of -l: both loopback addresses unless --host says otherwise; unix(7).
#include "clients/wsc/door.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "clients/wsc/failure.hpp"
#include "clients/wsc/waiting.hpp"
#include "net/socket.hpp"

namespace wsc {

namespace {

[[noreturn]] void refuse_to_listen(int error, const std::string& what, const std::string& where) {
    throw PeerFailure{"listen " + error_name(error) + ": " + what + ' ' + where};
}

// The name of a socket whose program has ended stays, and would be in the way for ever.
void remove_stale(const sockaddr_un& address) {
    const net::Fd other{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
        errno == ECONNREFUSED)
        ::unlink(address.sun_path);
}

std::vector<net::Fd> listen_on_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        refuse_to_listen(ENAMETOOLONG, "the path is too long", path);
    std::memcpy(address.sun_path, path.data(), path.size());
    remove_stale(address);
    net::Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        ::listen(socket.get(), SOMAXCONN) < 0)
        refuse_to_listen(errno, std::generic_category().message(errno), path);
    std::vector<net::Fd> sockets;
    sockets.push_back(std::move(socket));
    return sockets;
}

std::vector<net::Fd> listen_on(const Settings& settings) {
    if (!settings.listen_path.empty()) return listen_on_path(settings.listen_path);
    const std::string host = settings.host.empty() ? "localhost" : settings.host;
    try {
        return net::bind_all(host, *settings.listen, SOCK_STREAM);
    } catch (const std::system_error& error) {
        const std::string what =
            error.code() == std::errc::address_in_use      ? "address already in use"
            : error.code() == std::errc::permission_denied ? "permission denied"
                                                           : error.code().message();
        refuse_to_listen(error.code().value(), what, net::join_host_port(host, *settings.listen));
    }
}

}  // namespace

Door::Door(const Settings& settings)
    : settings_{settings},
      sockets_{listen_on(settings)},
      name_{settings.listen_path.empty() ? "port " + std::to_string(net::local_port(sockets_.front()))
                                         : settings.listen_path} {}

Door::~Door() {
    if (!settings_.listen_path.empty()) ::unlink(settings_.listen_path.c_str());
}

}  // namespace wsc
