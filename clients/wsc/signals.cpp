// signalfd(2): one descriptor for all signals that wsc answers.
// And what a child process has to undo, because it inherits what is blocked here.
// Leaves out: what each signal means (session.cpp, listening.cpp, waiting.cpp).
#include "clients/wsc/signals.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "net/os_error.hpp"

namespace wsc {

Signals::Signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH})
        sigaddset(&signals, number);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    fd_ = net::Fd{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd_) net::throw_system_error("signalfd");
}

std::optional<int> Signals::next() const {
    signalfd_siginfo info;
    if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info))
        return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

bool Signals::asks_to_leave(int number) {
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

void become_child() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    // Ctrl-C is for us: the child must live until the Close has passed through it.
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

}  // namespace wsc
