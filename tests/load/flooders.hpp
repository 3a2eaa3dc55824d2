// Eight clients that send two-byte messages as fast as the server takes them, and beside them one
// that behaves and newcomers who want in. The server reads thousands of messages at once from each
// flooder, so whoever handles all that was read lets the others wait: for a hash a message (lesson
// 13), or an answer in JSON (lesson 12), that is seconds.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/lessons/peers.hpp"
#include "tests/load/measure.hpp"

namespace test {

// One thread for all of them: sends what each takes, and drops what it gets.
class Flooders {
  public:
    // `enter` makes each an accepted client of the lesson. It lives until the call returns.
    Flooders(const std::function<RawPeer(int number)>& enter, std::string_view message) {
        for (int i = 0; i < 8; ++i) peers_.push_back(enter(i));
        for (int i = 0; i < 8000; ++i)
            ws::append_frame(batch_, {.masked = true, .key = {0x37, 0xFA, 0x21, 0x3D}},
                             ws::as_bytes(message));
        sent_.resize(peers_.size());
        thread_ = std::jthread{[this](const std::stop_token& stop) {
            while (!stop.stop_requested())
                for (std::size_t i = 0; i < peers_.size(); ++i) turn(i);
        }};
    }

    std::uint64_t taken() const { return taken_; }
    void stop() {
        thread_.request_stop();
        thread_.join();
        for (RawPeer& peer : peers_) peer.reset();
    }

  private:
    void turn(std::size_t i) {
        const int socket = peers_[i].socket().get();
        const ws::Bytes rest = ws::Bytes{batch_}.subspan(sent_[i]);
        const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            sent_[i] = (sent_[i] + static_cast<std::size_t>(sent)) % batch_.size();
            taken_ += static_cast<std::uint64_t>(sent);
        }
        static_cast<void>(::recv(socket, dropped_.data(), dropped_.size(), MSG_DONTWAIT));
    }

    std::vector<RawPeer> peers_;
    ws::Buffer batch_;
    ws::Buffer dropped_ = ws::Buffer(1 << 20);
    std::vector<std::size_t> sent_;
    std::atomic<std::uint64_t> taken_ = 0;
    std::jthread thread_;
};

// `round_trip` is a message of the client that behaves, and its answer.
inline void measure_flood(const char* lesson, const Process& server, std::uint16_t port,
                          Flooders& flooders, const std::function<void()>& round_trip) {
    constexpr std::chrono::seconds time{3};
    Millis worst{0};
    Millis newcomer{0};
    Millis computed{0};  // by the server, in that time: what a busy machine adds is not its fault
    const auto longest = [](Millis& most, const std::function<void()>& what) {
        const auto begin = net::Clock::now();
        what();
        most = std::max<Millis>(most, net::Clock::now() - begin);
    };
    const std::uint64_t before = flooders.taken();
    for (const net::Deadline end = net::after(time); net::Clock::now() < *end;) {
        for (int i = 0; i < 5; ++i) {
            const Seconds cpu = cpu_time_of(server);
            longest(worst, round_trip);
            computed = std::max<Millis>(computed, cpu_time_of(server) - cpu);
        }
        longest(newcomer, [&] { open_peer(port).reset(); });
    }
    const double rate = static_cast<double>(flooders.taken() - before) / 8 / time.count();
    std::printf(
        "tiny floods       lesson %s: eight flooders, %.0f messages a second; another client's "
        "worst round trip: %.1f ms (in which the server computed for %.1f ms at most), a "
        "newcomer's "
        "worst handshake: %.1f ms\n",
        lesson, rate, worst.count(), computed.count(), newcomer.count());
    CHECK(worst < Millis{100});
    CHECK(newcomer < Millis{200});
}

}  // namespace test
