// Attacks on the end: resets in the middle of everything, peers that never close, a stop under full load,
// and logs that nobody reads. RFC 6455 §7.
#include <algorithm>

#include "tests/attack/target.hpp"
#include "tests/load/flooders.hpp"
#include "tests/support/machine.hpp"

using namespace attack;

namespace {

const std::vector<std::string> servers{"10-trust-nobody", "11-event-loop", "12-chat", "13-streaming",
                                       "14-compression"};

const ws::Buffer goodbye = frame("\x03\xE8", {.opcode = ws::Opcode::close});
const ws::Buffer unmasked{0x81, 0x02, 'h', 'i'};

}  // namespace

TEST_CASE("attack: resets in a head, a frame's header, a payload, a closing handshake") {
    constexpr std::size_t resets = 2000;
    for (const std::string& lesson : servers)
        withstand({.name = "6 2,000 resets anywhere", .lesson = lesson}, [](Target& target) {
            const std::string request = sample_request(target.port());
            ws::Buffer all{request.begin(), request.end()};
            ws::append(all, frame(std::string(5000, 'x')));
            ws::append(all, goodbye);
            // A quarter each: the head, the header, the payload, and behind the Close.
            const std::size_t places[] = {0, request.size(), request.size() + 8, all.size() - goodbye.size(), all.size()};
            for (std::size_t i = 0; i < resets; ++i) {
                const std::size_t quarter = i * 4 / resets, first = places[quarter];
                RawPeer peer{target.port()};
                peer.try_send(ws::Bytes{all}.first(first + 1 + i % (places[quarter + 1] - first)));
                peer.reset();
            }
        });
}

TEST_CASE("attack: peers that never answer a Close, or never end") {
    constexpr std::size_t clients = 200;
    for (const std::string& lesson : servers)
        withstand({.name = "7 200 peers that do not end", .lesson = lesson, .options = {"--close-timeout", "1"},
                   .most_growth = 16 * mebibyte + clients * (lesson == "10-trust-nobody" ? 100'000u : 10'000u)},
                  [](Target& target) {
                      std::vector<RawPeer> peers;
                      for (std::size_t i = 0; i < clients; ++i) {
                          peers.push_back(target.enter(i));
                          peers.back().send(i % 2 == 0 ? unmasked : goodbye);
                      }
                      for (RawPeer& peer : peers) peer.receive_to_end();
                      // They are still connected, as far as they are concerned.
                      CHECK(std::ranges::all_of(peers, [](const RawPeer& peer) { return bool{peer.socket()}; }));
                  });
}

TEST_CASE("attack: data for ever after a Close") {
    for (const std::string& lesson : servers)
        withstand({.name = "7 data for ever after a Close", .lesson = lesson, .options = {"--close-timeout", "1"}},
                  [](Target& target) {
                      const ws::Buffer data = frame(std::string(65'536, 'x'), {.opcode = ws::Opcode::binary});
                      for (int i = 0; i < 4; ++i) {
                          RawPeer peer = target.enter(static_cast<std::size_t>(i));
                          peer.send(i % 2 == 0 ? unmasked : goodbye);
                          while (peer.try_send(data)) {}
                      }
                  });
}

TEST_CASE("attack: SIGTERM under full load") {
    for (const std::string& lesson : servers) {
        std::unique_ptr<Flooders> flooders;
        std::vector<RawPeer> others;
        const std::vector<std::string> options =
            lesson == "10-trust-nobody" ? std::vector<std::string>{"--close-timeout", "1"}
                                        : std::vector<std::string>{"--close-timeout", "1", "--shutdown-timeout", "1"};
        const auto begin = net::Clock::now();
        withstand({.name = "15 SIGTERM under full load", .lesson = lesson, .options = options,
                   .most_growth = 64 * mebibyte, .ends_under_attack = true},
                  [&](Target& target) {
                      flooders = std::make_unique<Flooders>(
                          [&](int i) { return target.enter(static_cast<std::size_t>(i)); },
                          lesson == "12-chat" ? "{}" : "hi");
                      for (std::size_t i = 0; i < 200; ++i)
                          others.push_back(i % 2 == 0 ? target.enter(100 + i) : RawPeer{target.port()});
                      std::this_thread::sleep_for(500ms);
                  });
        // Its start, its phases and its end: it waits for nobody who does not answer.
        CHECK(net::Clock::now() - begin < on_this_machine(10s));
        flooders->stop();
    }
}

TEST_CASE("attack: logs that nobody reads") {
    const std::pair<const char*, const char*> shells[] = {
        {"16 its reader leaves, its log is full", "exec \"$0\" \"$@\" > >(sed -u 1q) 2>/dev/full"},
        {"16 nobody reads, standard error closed", "exec \"$0\" \"$@\" 2>&-"}};
    for (const auto& [name, shell] : shells)
        for (const std::string& lesson : servers)
            withstand({.name = name, .lesson = lesson, .shell = shell}, [](Target& target) {
                for (std::size_t i = 0; i < 300; ++i) {
                    RawPeer peer = target.enter(i);
                    for (int k = 0; k < 10; ++k) peer.send(frame(std::string(200, 'x')));
                    peer.send(unmasked);
                    peer.receive_to_end();
                }
            });
}
