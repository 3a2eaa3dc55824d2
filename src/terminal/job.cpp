// SIGTSTP at its default, for as long as it takes to obey it. Lesson 12.
// SIGSTOP would be obeyed always: also by a program that nobody can continue, which then stands
// still for ever; and by us alone, while the make that has started us goes on and keeps the
// terminal.
#include "terminal/job.hpp"

#include <signal.h>

namespace terminal {

namespace {

// Unblocked before it is sent, so that the kernel takes the sender to stop by, and here we stand
// until we are continued. (To a signal that is blocked here, another thread might answer, a moment
// after we have gone on.)
void stop(void (*send)()) {
    struct sigaction usual {};
    struct sigaction before {};
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGTSTP, &usual, &before);
    sigset_t only;
    sigset_t mask;
    sigemptyset(&only);
    sigaddset(&only, SIGTSTP);
    ::pthread_sigmask(SIG_UNBLOCK, &only, &mask);
    send();
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::sigaction(SIGTSTP, &before, nullptr);
}

}  // namespace

void stop_job() {
    stop([] { ::kill(0, SIGTSTP); });
}

void stop_process() {
    stop([] { ::raise(SIGTSTP); });
}

}  // namespace terminal
