// One owner for each descriptor.
#include "net/fd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
net::Fd open_one() { return net::Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}; }

}  // namespace

TEST_CASE("fd: closed when its owner goes away, and not before") {
    int number = -1;
    {
        const net::Fd fd = open_one();
        number = fd.get();
        CHECK(is_open(number));
    }
    CHECK_FALSE(is_open(number));
}

TEST_CASE("fd: moving hands over, closing twice closes once") {
    net::Fd first = open_one();
    const int number = first.get();
    net::Fd second{std::move(first)};
    CHECK_FALSE(first);
    CHECK(second.get() == number);

    net::Fd third = open_one();
    const int replaced = third.get();
    third = std::move(second);
    CHECK_FALSE(is_open(replaced));
    CHECK(third.get() == number);
    net::Fd& same = third;
    third = std::move(same);
    CHECK(third.get() == number);

    third.close();
    CHECK_FALSE(third);
    const net::Fd stranger = open_one();  // mostly gets the same number
    third.close();
    CHECK(is_open(stranger.get()));
}
