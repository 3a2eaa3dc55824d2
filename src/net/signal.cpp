// SIGINT and SIGTERM through signalfd(2). Lesson 1.
// The signals are blocked before any thread is started, and threads inherit that; so a signal
// waits in the descriptor for all of them, and interrupts none.
#include "net/signal.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "net/os_error.hpp"

namespace net {

StopSignal::StopSignal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = Fd{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd_) throw_system_error("signalfd");
}

bool StopSignal::raised() const {
    // poll() and not read(): the signal stays in the descriptor, so that every other thread
    // that waits on it sees it as well.
    pollfd entry{fd_.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

}  // namespace net
