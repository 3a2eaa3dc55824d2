// A server under attack, and beside it one client that behaves: it asks, again and again, and notes how long
// its answers took before, during and after. So does a newcomer now and then. Of the server its memory, its
// descriptors and its CPU time are noted. What came of it is a row of one table (main.cpp prints it).
// Leaves out: the attacks.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/lessons/peers.hpp"
#include "tests/load/measure.hpp"
#include "ws/close.hpp"

namespace attack {

using namespace test;
using namespace std::chrono_literals;

inline constexpr std::uint64_t mebibyte = 1u << 20;

// What is done to which server, and what it may cost. Times are those of a quiet machine
// (tests/support/machine.hpp).
struct Attack {
    std::string name{};
    std::string lesson{};
    std::vector<std::string> options{};
    std::uint64_t most_growth = 16 * mebibyte;  // of its memory, at the worst moment
    std::chrono::milliseconds round_trip = 500ms;
    std::chrono::milliseconds handshake = 1s;   // of a newcomer; 0: nobody new is let in meanwhile
    std::string shell = "exec \"$0\" \"$@\"";   // how it is started
    bool ends_under_attack = false;             // SIGTERM comes while it lasts
};

struct Row {
    std::string name{}, lesson{};
    std::uint64_t memory_before = 0, memory_most = 0, memory_after = 0;
    std::size_t descriptors_before = 0, descriptors_most = 0, descriptors_after = 0;
    Millis before{}, during{}, after{}, newcomer{};
    Seconds cpu{};           // of the server, during the attack
    Millis idle_cpu{};       // in a second after it, when nobody asks
    std::uint64_t asked = 0;  // by the client that behaves
    std::string broken{};    // the bounds that were missed; empty: none
};
std::vector<Row>& table();

// The client that behaves, on a thread of its own.
class Watcher {
  public:
    enum Phase : std::uint8_t { before, during, after, paused };

    Watcher(const Attack& attack, std::uint16_t port, pid_t pid);
    ~Watcher() { stop(); }

    void enter(Phase phase);  // returns when the last question of the phase before is answered
    void stop();
    void expect_goodbye();    // 1001, after stop()

    Millis worst(Phase phase) const { return worst_[phase]; }
    Millis newcomer() const { return newcomer_; }
    std::uint64_t asked() const { return asked_; }
    std::size_t most_descriptors() const { return most_descriptors_; }
    const std::string& error() const { return error_; }

  private:
    void watch();
    void ask();
    void meet_newcomer();
    std::string next_text();

    const Attack& attack_;
    std::uint16_t port_;
    pid_t pid_;
    net::Fd socket_;
    ws::Buffer in_;
    std::atomic<Phase> phase_ = before;
    std::atomic<Phase> seen_ = before;  // by the thread
    std::atomic<bool> stop_ = false;
    // The thread's, until stop() has returned.
    Millis worst_[4]{};
    Millis newcomer_{};
    std::uint64_t asked_ = 0;
    std::size_t most_descriptors_ = 0;
    std::string error_;
    std::thread thread_;  // last: it uses the others
};

// What an attack sees of its server.
class Target {
  public:
    explicit Target(const Attack& attack);

    std::uint16_t port() const { return port_; }
    Process& process() { return process_; }
    // A connection that is open; in the chat, a member of a room of its own. For `number` 0, 1, ...
    RawPeer enter(std::size_t number = 0);

  private:
    std::string lesson_;
    Process process_;
    std::uint16_t port_ = 0;
};

// The attack, in its three phases: a row of the table, and a failed check for each bound that is missed.
void withstand(const Attack& attack, const std::function<void(Target&)>& body);

std::size_t descriptors_of(pid_t pid);

// A masked frame.
struct Shape {
    ws::Opcode opcode = ws::Opcode::text;
    bool fin = true;
    std::uint8_t rsv = 0;
};
ws::Buffer frame(std::string_view payload, Shape shape = {});
// A masked header that announces `length`, and no payload.
ws::Buffer announcement(std::uint64_t length, Shape shape = {});

// Sends `bytes` again and again, `total` in all, and drops what comes, until the peer has ended. What came
// last, at most some hundred bytes of it.
ws::Buffer pump(RawPeer& peer, ws::Bytes bytes, std::uint64_t total);

// Whether these bytes hold a Close with this code.
bool holds_close(ws::Bytes bytes, ws::CloseCode code);

}  // namespace attack
