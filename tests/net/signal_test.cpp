// Ctrl-C as a descriptor. Each test has a thread of its own: a signal that is pending on it, and
// its signal mask, end with it.
#include "net/signal.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>

#include <thread>

#include "net/socket.hpp"

TEST_CASE("signal: SIGINT and SIGTERM make the descriptor readable, and it stays so") {
    for (const int number : {SIGINT, SIGTERM}) {
        bool before = true;
        int woken[2] = {-2, -2};
        bool after = false;
        std::thread{[&] {
            const net::StopSignal stop;
            before = stop.raised();
            ::pthread_kill(::pthread_self(), number);
            const int descriptor[] = {stop.fd()};
            woken[0] = net::wait_readable(descriptor, net::after(std::chrono::seconds{10}));
            woken[1] = net::wait_readable(descriptor, net::after(std::chrono::seconds{10}));
            after = stop.raised();
        }}.join();
        CHECK_FALSE(before);
        CHECK(woken[0] == 0);
        CHECK(woken[1] == 0);
        CHECK(after);
    }
}
