// getaddrinfo(3) on a thread of its own, waited for with poll(2). Lesson 2.
// The thread is left to itself when nobody wants its answer any more: nothing can interrupt it, and
// it owns all that it touches.
#include "net/look_up.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <future>
#include <thread>

#include "net/os_error.hpp"
#include "net/parse_ip.hpp"

namespace net {

std::vector<Address> resolve_in_time(const std::string& host, std::uint16_t port, int type,
                                     Deadline deadline, int stop_fd) {
    if (host == "localhost" || parse_ip(host)) return resolve(host, port, type);  // at once
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw_system_error("pipe");
    const Fd done{ends[0]};
    Fd finish{ends[1]};
    // The thread closes its end of the pipe when it has the answer, and that poll() can see.
    std::packaged_task<std::vector<Address>()> look_up{[=] { return resolve(host, port, type); }};
    std::future<std::vector<Address>> found = look_up.get_future();
    std::thread{[look_up = std::move(look_up), finish = std::move(finish)]() mutable {
        look_up();
        finish.close();
    }}.detach();
    const int ready = wait_readable(std::array{stop_fd, done.get()}, deadline);
    if (ready == 0) throw Stopped{};
    if (ready < 0)
        throw ResolveError{"cannot find the host '" + host +
                           "': the name servers did not answer in time"};
    return found.get();
}

Fd connect_in_time(const std::string& host, std::uint16_t port, Deadline deadline, int stop_fd) {
    return connect_to_any(resolve_in_time(host, port, SOCK_STREAM, deadline, stop_fd), host,
                          deadline, stop_fd);
}

}  // namespace net
