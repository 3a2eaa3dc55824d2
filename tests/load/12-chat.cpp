// Lesson 12 under load: a full room, some of whose members have stopped reading. `make load-12`
// runs it; it is no part of `make test`, because it takes a while and wants the machine for itself.
#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "endpoint/keys.hpp"
#include "net/descriptors.hpp"
#include "net/epoll.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/load/flooders.hpp"
#include "ws/byte_order.hpp"
#include "ws/connection.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t members = 990;  // who read
constexpr std::size_t frozen = 10;    // who do not
constexpr std::size_t messages = 2000;
constexpr std::size_t max_backlog_bytes = 1u << 20;  // for each of them, the server's default
constexpr std::size_t under_way = 10;                // messages that nobody has seen come back yet

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// The longest that the chat allows, nearly: 3.9 MB in all.
std::string message(std::size_t number) {
    return R"({"text":")" + std::to_string(number) + ' ' + std::string(1900, 'x') + R"("})";
}

RawPeer enter(RawPeer peer, const std::string& name, const std::string& room = "lobby") {
    peer.send_frame(ws::Opcode::text, R"({"user":")" + name + R"(","room":")" + room + R"("})");
    REQUIRE(contains(peer.receive_text(), R"("users":[)"));
    REQUIRE(contains(peer.receive_text(), name));
    return peer;
}

// A client with segments as on an Ethernet. Those of loopback have 64 KiB, and of such the kernel
// takes 4 MB for a client that is frozen before the server has anything to keep.
RawPeer connect_as_from_afar(std::uint16_t port) {
    net::Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int segment = 1460;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    const int room = 64 * 1024;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    net::Address address = net::resolve("127.0.0.1", port, SOCK_STREAM).front();
    REQUIRE(::connect(socket.get(), address.raw(), address.length) == 0);
    RawPeer peer{std::move(socket)};
    peer.send(sample_request(port));
    REQUIRE(peer.receive_head() == sample_answer);
    return peer;
}

// Members who read, on one thread, and one of them who speaks. What the first of them hears is
// noted; every other one must hear the same.
class Room {
  public:
    Room(std::uint16_t port, std::latch& thaw) : thaw_{thaw} {
        for (std::size_t i = 0; i < members; ++i) {
            members_.emplace_back(enter(open_peer(port), "member-" + std::to_string(i)));
            epoll_.add(members_[i].peer.socket().get(), net::Epoll::readable, i);
        }
    }

    ~Room() { thaw(); }

    // The frozen ones may read. Once all of them were dropped, or when all is over.
    void thaw() {
        if (!std::exchange(thawed_, true)) thaw_.count_down();
    }

    // Until all have heard the last message.
    void converse() {
        speak(R"({"text":"first"})");
        while (done_ < members) {
            const auto ready = epoll_.wait(patience);
            REQUIRE_MESSAGE(!ready.empty(), done_ << " members have heard everything");
            for (const epoll_event& event : ready) read(members_[event.data.u64]);
        }
    }

    std::size_t heard() const { return record_.size(); }
    std::uint64_t bytes() const { return bytes_; }
    std::size_t dropped() const { return dropped_; }
    Millis slowest() const { return slowest_; }

  private:
    struct Member {
        explicit Member(RawPeer&& socket) : peer{std::move(socket)} {}
        RawPeer peer;
        endpoint::FixedKey key{{}};
        ws::Connection connection{ws::Role::client, {}, &key};
        std::size_t heard = 0;
        bool listens = false;  // the greetings are over
    };

    void speak(const std::string& text) {
        said_.push_back(net::Clock::now());
        members_.front().peer.send_frame(ws::Opcode::text, text);
    }

    void read(Member& member) {
        const auto got = net::receive_some(member.peer.socket(), buffer_, net::after(patience));
        REQUIRE_MESSAGE(got, "the server has ended a member that reads: " << got.message());
        bytes_ += got.bytes;
        member.connection.feed(ws::MutableBytes{buffer_}.first(got.bytes));
        while (const auto event = member.connection.next(answers_)) {
            REQUIRE(event->type != ws::Event::close);
            REQUIRE(event->type != ws::Event::failed);
            if (event->type == ws::Event::message) hear(member, ws::as_text(event->data));
        }
        if (!answers_.empty()) member.peer.send(answers_);  // pongs
        answers_.clear();
    }

    void hear(Member& member, std::string_view text) {
        member.listens = member.listens || contains(text, R"("text":"first")");
        if (!member.listens) return;
        if (member.heard == record_.size()) {
            record_.emplace_back(text);
            dropped_ += contains(text, R"("event":"left")") ? 1 : 0;
            if (dropped_ == frozen) thaw();
        }
        REQUIRE(record_[member.heard] == text);
        ++member.heard;
        if (&member == &members_.front() && contains(text, R"("user":"member-0")")) go_on();
        if (contains(text, R"("text":"2000 )")) ++done_;
    }

    // One of the speaker's messages has come back.
    void go_on() {
        slowest_ = std::max<Millis>(slowest_, net::Clock::now() - said_[back_++]);
        while (spoken_ < messages && spoken_ < back_ + under_way) speak(message(++spoken_));
    }

    std::latch& thaw_;
    bool thawed_ = false;
    std::deque<Member> members_;
    net::Epoll epoll_;
    ws::Buffer buffer_ = ws::Buffer(256 * 1024);
    ws::Buffer answers_;
    std::vector<std::string> record_;
    std::vector<net::Clock::time_point> said_;
    std::size_t spoken_ = 0;
    std::size_t back_ = 0;
    std::size_t done_ = 0;
    std::size_t dropped_ = 0;
    std::uint64_t bytes_ = 0;
    Millis slowest_{0};
};

// Reads nothing until the server has lost its patience; then what the server had sent. The code of
// the Close at the end of it.
std::uint16_t stay_frozen(RawPeer& peer, std::latch& thaw, std::uint64_t& received) try {
    thaw.wait();
    ws::FrameHeader header;
    for (;;) {
        const ws::Buffer payload = peer.receive_frame(header);
        received += payload.size();
        if (header.opcode != ws::Opcode::close) continue;
        peer.send_frame(ws::Opcode::close, "\x03\xF5");
        peer.expect_end();
        return ws::load_be<std::uint16_t>(payload);
    }
} catch (...) {
    return 0;  // no Close came; the check of the codes tells
}

}  // namespace

TEST_CASE("load: a room of 1,000, 10 of them frozen, and 2,000 messages") {
    net::raise_descriptor_limit();
    LessonServer server{
        "12-chat",
        {"--max-backlog-bytes", std::to_string(max_backlog_bytes), "--idle-timeout", "600"}};
    std::latch thaw{1};
    std::vector<RawPeer> cold;
    for (std::size_t i = 0; i < frozen; ++i)
        cold.push_back(enter(connect_as_from_afar(server.port), "frozen-" + std::to_string(i)));
    std::vector<std::uint16_t> codes(frozen);
    std::vector<std::uint64_t> received(frozen);
    std::vector<std::jthread> threads;
    Room room{server.port, thaw};
    const std::uint64_t before = memory_of(server.process);
    const Seconds cpu = cpu_time_of(server.process);
    for (std::size_t i = 0; i < frozen; ++i)
        threads.emplace_back([&, i] { codes[i] = stay_frozen(cold[i], thaw, received[i]); });
    const auto begin = net::Clock::now();
    room.converse();
    const Seconds took = net::Clock::now() - begin;
    room.thaw();
    const Seconds used = cpu_time_of(server.process) - cpu;
    threads.clear();
    const std::uint64_t peak = memory_of(server.process, "VmHWM") - before;

    const auto told = static_cast<std::size_t>(std::ranges::count(codes, 1013));
    std::printf(
        "a frozen room     %zu members heard the same %zu messages (%.0f MiB in all) in %.1f s, "
        "%.1f s of the server's CPU, %.0f messages a second; slowest way to all: %.0f ms\n"
        "                  %zu of %zu frozen ones ended with 1013, %.1f MiB behind which it stood; "
        "the server had %.1f MiB and grew by %.1f MiB at most\n",
        members, room.heard(), mib(room.bytes()), took.count(), used.count(),
        static_cast<double>(room.heard() * members) / took.count(), room.slowest().count(), told,
        frozen, mib(received.front()), mib(before), mib(peak));
    CHECK(room.heard() == 1 + messages + frozen);
    CHECK(room.dropped() == frozen);
    CHECK(told == frozen);
    // For each frozen one its limit, twice while the buffer grows; for each of the others what is
    // said in one turn of the loop, in a buffer that has doubled, and the spare one that it had.
    CHECK(peak < 2 * frozen * max_backlog_bytes + members * (2 * under_way * 2048 + 16 * 1024));
}

TEST_CASE("load: eight flooders of tiny messages beside a member that behaves, and newcomers") {
    LessonServer server{"12-chat"};
    RawPeer good = enter(open_peer(server.port), "good");
    const auto flooder = [&](int number) {
        return enter(open_peer(server.port), "f" + std::to_string(number),
                     "room-" + std::to_string(number));
    };
    Flooders flooders{flooder, "{}"};  // answered by a sentence that says why it makes no sense
    measure_flood("12", server.process, server.port, flooders, [&good] {
        good.send_frame(ws::Opcode::text, R"({"text":"are you there?"})");
        CHECK(contains(good.receive_text(), "are you there?"));
    });
    flooders.stop();
    server.process.signal(SIGINT);
    good.expect_close(1001);
    good.close();
    CHECK(server.process.wait() == 0);
}
