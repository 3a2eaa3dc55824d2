// `make soak`: for MINUTES, clients come and go at two servers, do everything that clients do, right and
// wrong, and the servers' memory and descriptors stay where they were. A line a minute tells.
// What is judged is the slope, after a warm-up: an allocator keeps what it had once.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "tests/attack/target.hpp"
#include "tests/conformance/cases.hpp"

using namespace attack;

namespace {

constexpr unsigned threads_each = 4;
constexpr std::chrono::milliseconds pause_at_most = 60ms;  // between two visits: it is no storm
constexpr double most_growth_mib = 2;

std::vector<std::string> broken_frames() {
    std::vector<std::string> all;
    for (const conformance::Group& group : conformance::all_groups())
        for (const conformance::Case& each : group.cases)
            if (!each.large && !each.opening && !each.expected.fails.empty()) all.push_back(bytes_of(each, true));
    return all;
}

enum Visit : unsigned { messages, fragments, compressed, pings, broken, cut, idle, refused, page, visits };
const char* const names[] = {"messages", "fragments", "compressed", "pings", "broken", "cut", "idle", "refused", "pages"};

// Clients of one server, one after the other on each of a few threads.
class Visitors {
  public:
    Visitors(Target& target, bool chat, unsigned seed) : target_{target}, chat_{chat}, broken_{broken_frames()} {
        for (unsigned i = 0; i < threads_each; ++i)
            threads_.emplace_back([this, i, seed](const std::stop_token& stop) { come_and_go(stop, seed + i); });
    }
    void stop() {
        for (std::jthread& thread : threads_) thread.request_stop();
        threads_.clear();
    }
    std::uint64_t count(Visit visit) const { return counts_[visit]; }
    std::uint64_t count() const {
        std::uint64_t sum = 0;
        for (const auto& each : counts_) sum += each;
        return sum;
    }
    std::uint64_t failed() const { return failed_; }

  private:
    using Random = std::mt19937;

    void come_and_go(const std::stop_token& stop, unsigned seed) {
        Random random{seed};
        std::vector<RawPeer> idle_ones;  // some of them are always there
        while (!stop.stop_requested()) {
            const auto visit = static_cast<Visit>(random() % visits);
            try {
                come(visit, random, idle_ones);
            } catch (...) {
                ++failed_;
            }
            ++counts_[visit];
            std::this_thread::sleep_for(std::chrono::milliseconds{random() % pause_at_most.count()});
        }
    }

    void come(Visit visit, Random& random, std::vector<RawPeer>& idle_ones) {
        switch (visit) {
            case messages: return say(random, 1);
            case fragments: return say(random, static_cast<unsigned>(2 + random() % 20));
            case compressed: return say_compressed(random);
            case pings: return ping(random);
            case broken: return leave_after(broken_[random() % broken_.size()]);
            case cut: return cut_off(random);
            case idle:
                idle_ones.push_back(target_.enter(random()));
                if (idle_ones.size() > 20) idle_ones.erase(idle_ones.begin() + static_cast<std::ptrdiff_t>(random() % 20));
                return;
            case refused: return knock("POST /ws HTTP/1.1\r\nHost: x\r\n\r\n");
            default: return knock("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
        }
    }

    std::string message(Random& random) const {
        const std::string text(random() % (chat_ ? 1500 : 100'000), static_cast<char>('a' + random() % 26));
        return chat_ ? R"({"text":")" + text + "\"}" : text;
    }

    // Until the answer is there: of others in the room more may come before it.
    static void hear(RawPeer& peer) {
        ws::FrameHeader header;
        do peer.receive_frame(header);
        while (ws::is_control(header.opcode));
    }

    static void close(RawPeer& peer) {
        peer.send(frame("\x03\xE8", {.opcode = ws::Opcode::close}));
        peer.receive_to_end();
    }

    void say(Random& random, unsigned frames) {
        RawPeer peer = target_.enter(random());
        const std::size_t count = 1 + random() % 10;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string text = message(random);
            const auto type = chat_ || random() % 2 == 0 ? ws::Opcode::text : ws::Opcode::binary;
            const std::size_t size = text.size() / frames + 1;
            for (std::size_t at = 0; at < text.size() || at == 0; at += size)
                peer.send(frame(std::string_view{text}.substr(at, size),
                                {at == 0 ? type : ws::Opcode::continuation, at + size >= text.size()}));
            hear(peer);
        }
        random() % 2 == 0 ? close(peer) : peer.reset();
    }

    void say_compressed(Random& random) {
        if (chat_) return say(random, 1);
        RawPeer peer{target_.port()};
        std::string request = sample_request(target_.port());
        peer.send(request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
        peer.receive_head();
        conformance::Packer packer;
        for (unsigned i = 0; i < 5; ++i) {
            peer.send(frame(packer.pack(message(random)), {.rsv = 4}));
            hear(peer);
        }
        random() % 2 == 0 ? close(peer) : peer.reset();
    }

    void ping(Random& random) {
        RawPeer peer = target_.enter(random());
        for (unsigned i = 0; i < 20; ++i) peer.send(frame(std::string(random() % 125, 'p'), {.opcode = ws::Opcode::ping}));
        ws::FrameHeader header;
        for (unsigned pongs = 0; pongs < 20;) {
            peer.receive_frame(header);
            pongs += header.opcode == ws::Opcode::pong ? 1 : 0;
        }
        close(peer);
    }

    void leave_after(const std::string& bytes) {
        RawPeer peer = target_.enter(0);
        peer.try_send(ws::as_bytes(bytes));
        peer.end_sending();
        peer.receive_to_end();
    }

    void cut_off(Random& random) {
        RawPeer peer = target_.enter(random());
        const ws::Buffer whole = frame(message(random));
        peer.try_send(ws::Bytes{whole}.first(1 + random() % whole.size()));
        random() % 2 == 0 ? peer.close() : peer.reset();
    }

    void knock(const char* request) {
        RawPeer peer{target_.port()};
        peer.try_send(ws::as_bytes(std::string_view{request}));
        peer.receive_to_end();
    }

    Target& target_;
    bool chat_;
    std::vector<std::string> broken_;
    std::array<std::atomic<std::uint64_t>, visits> counts_{};
    std::atomic<std::uint64_t> failed_ = 0;
    std::vector<std::jthread> threads_;
};

// A server, its visitors, and what was seen of it in each second.
struct Subject {
    Subject(Attack which, unsigned seed)
        : attack{std::move(which)}, target{attack}, watcher{attack, target.port(), target.process().pid()},
          before{descriptors_of(target.process().pid())}, visitors{target, attack.lesson == "12-chat", seed} {
        watcher.enter(Watcher::during);
    }

    void sample() { memory.push_back(mib(memory_of(target.process()))); }

    // By which the memory grows in an hour: least squares over the seconds after the warm-up.
    double slope_per_hour() const {
        const std::size_t first = memory.size() / 5;
        const double count = static_cast<double>(memory.size() - first);
        double x_sum = 0, y_sum = 0, xx = 0, xy = 0;
        for (std::size_t i = first; i < memory.size(); ++i) {
            const auto x = static_cast<double>(i);
            x_sum += x, y_sum += memory[i], xx += x * x, xy += x * memory[i];
        }
        const double spread = count * xx - x_sum * x_sum;
        return spread == 0 ? 0 : 3600 * (count * xy - x_sum * y_sum) / spread;
    }

    void print(unsigned minute) {
        std::printf("%3u min  %-15s %6.2f MiB, %+.2f an hour; %3zu descriptors; %8llu visits, %llu failed; "
                    "round trip %.1f ms at most, newcomer %.1f ms\n",
                    minute, attack.lesson.c_str(), memory.back(), slope_per_hour(),
                    descriptors_of(target.process().pid()), static_cast<unsigned long long>(visitors.count()),
                    static_cast<unsigned long long>(visitors.failed()), watcher.worst(Watcher::during).count(),
                    watcher.newcomer().count());
        std::fflush(stdout);
    }

    void finish() {
        visitors.stop();
        watcher.enter(Watcher::paused);
        const net::Deadline deadline = net::after(patience);
        while (descriptors_of(target.process().pid()) > before && net::Clock::now() < *deadline)
            std::this_thread::sleep_for(10ms);
        const std::size_t left = descriptors_of(target.process().pid());
        const double growth = slope_per_hour() * static_cast<double>(memory.size()) * 0.8 / 3600;
        std::printf("%s: %.2f MiB in the first minute, %.2f at the end; grew by %.2f MiB after the warm-up; "
                    "descriptors %zu before, %zu after; visits:",
                    attack.lesson.c_str(), memory[std::min<std::size_t>(59, memory.size() - 1)], memory.back(), growth,
                    before, left);
        for (unsigned visit = 0; visit < visits; ++visit)
            std::printf(" %s %llu", names[visit], static_cast<unsigned long long>(visitors.count(static_cast<Visit>(visit))));
        std::printf("\n");
        CHECK_MESSAGE(watcher.error().empty(), watcher.error());
        CHECK(left <= before);
        CHECK(growth < most_growth_mib);
        CHECK(visitors.failed() == 0);
        watcher.stop();
        target.process().signal(SIGTERM);
        watcher.expect_goodbye();
        CHECK(target.process().wait() == 0);
    }

    Attack attack;
    Target target;
    Watcher watcher;
    std::size_t before;
    Visitors visitors;
    std::vector<double> memory{};  // MiB, each second
};

}  // namespace

TEST_CASE("soak: mixed load, clients that come and go") {
    const char* const minutes_text = std::getenv("MINUTES");
    const unsigned minutes = minutes_text == nullptr ? 30 : static_cast<unsigned>(std::atoi(minutes_text));
    Subject chat{{.lesson = "12-chat"}, 100};
    Subject compressing{{.lesson = "14-compression", .options = {"--compress"}}, 200};
    for (unsigned minute = 1; minute <= minutes; ++minute) {
        for (int second = 0; second < 60; ++second) {
            std::this_thread::sleep_for(1s);
            chat.sample();
            compressing.sample();
        }
        chat.print(minute);
        compressing.print(minute);
    }
    chat.finish();
    compressing.finish();
}
