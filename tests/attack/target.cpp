// One client that behaves, what it sees, and what /proc says of the server meanwhile.
#include "tests/attack/target.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "net/descriptors.hpp"
#include "tests/support/machine.hpp"

namespace attack {

namespace {

constexpr std::chrono::milliseconds phase_time = 300ms;

// What the client that behaves asks, and a part of what it is answered.
struct Question {
    std::string_view asked, answered;
};

Question question_for(const std::string& lesson) {
    if (lesson == "12-chat") return {R"({"text":"are you there?"})", "are you there?"};
    if (lesson == "13-streaming") return {"are you there?", "14 bytes"};
    return {"are you there?", "are you there?"};
}

std::string introduction(const std::string& name) {
    return R"({"user":")" + name + R"(","room":"room of )" + name + R"("})";
}

std::vector<std::string> command_of(const Attack& attack) {
    std::vector<std::string> command{"-c", attack.shell, program("lessons/" + attack.lesson + "/server"),
                                     "--port", "0"};
    command.insert(command.end(), attack.options.begin(), attack.options.end());
    return command;
}

bool within(std::chrono::duration<double> seen, std::chrono::duration<double> limit) {
    return seen <= on_this_machine(limit);
}

}  // namespace

std::vector<Row>& table() {
    static std::vector<Row> rows;
    return rows;
}

std::size_t descriptors_of(pid_t pid) {
    std::error_code gone;
    const std::filesystem::directory_iterator all{"/proc/" + std::to_string(pid) + "/fd", gone};
    return gone ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// --- the client that behaves -----------------------------------------------------------------------

Watcher::Watcher(const Attack& attack, std::uint16_t port, pid_t pid)
    : attack_{attack}, port_{port}, pid_{pid} {
    RawPeer peer = open_peer(port);
    if (attack.lesson == "12-chat") peer.send_frame(ws::Opcode::text, introduction("good"));
    socket_ = net::Fd{::dup(peer.socket().get())};
    thread_ = std::thread{[this] { watch(); }};
}

void Watcher::enter(Phase phase) {
    phase_ = phase;
    for (Phase seen = seen_; seen != phase; seen = seen_) seen_.wait(seen);
}

void Watcher::stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void Watcher::watch() try {
    for (unsigned turn = 0; !stop_; ++turn) {
        const Phase phase = phase_;
        if (seen_.exchange(phase) != phase) seen_.notify_all();
        if (phase == paused) {
            std::this_thread::sleep_for(5ms);
            continue;
        }
        const auto begin = net::Clock::now();
        ask();
        worst_[phase] = std::max<Millis>(worst_[phase], net::Clock::now() - begin);
        ++asked_;
        most_descriptors_ = std::max(most_descriptors_, descriptors_of(pid_));
        if (phase == during && turn % 10 == 0 && attack_.handshake > 0s) meet_newcomer();
        std::this_thread::sleep_for(2ms);  // it is no attacker itself
    }
} catch (const std::exception& error) {
    error_ = error.what();
    while (!stop_) {  // nobody waits for us in vain
        if (seen_.exchange(phase_) != phase_) seen_.notify_all();
        std::this_thread::sleep_for(5ms);
    }
}

void Watcher::ask() {
    const Question question = question_for(attack_.lesson);
    if (!net::send_all(socket_, frame(question.asked), net::after(patience)))
        throw std::runtime_error{"the client that behaves cannot send"};
    while (next_text().find(question.answered) == std::string::npos) {}  // a greeting, other members
}

std::string Watcher::next_text() {
    for (;;) {
        ws::FrameHeader header;
        if (ws::decode_header(in_, header) == ws::Parse::ok && in_.size() >= header.size() + header.length) {
            const auto begin = in_.begin() + static_cast<std::ptrdiff_t>(header.size());
            const auto end = begin + static_cast<std::ptrdiff_t>(header.length);
            const std::string payload{begin, end};
            in_.erase(in_.begin(), end);
            if (header.opcode == ws::Opcode::text) return payload;
            if (header.opcode == ws::Opcode::close)
                throw std::runtime_error{"the client that behaves was closed: " + payload.substr(std::min<std::size_t>(2, payload.size()))};
            continue;
        }
        std::array<std::uint8_t, 4096> buffer;
        const net::IoResult got = net::receive_some(socket_, buffer, net::after(patience));
        if (!got) throw std::runtime_error{"the client that behaves got no answer: " + got.message()};
        ws::append(in_, ws::Bytes{buffer}.first(got.bytes));
    }
}

// In, and gone again.
void Watcher::meet_newcomer() {
    const auto begin = net::Clock::now();
    const net::Fd socket = net::connect_tcp("127.0.0.1", port_, net::after(patience));
    net::send_all(socket, sample_request(port_), net::after(patience));
    ws::Buffer answer(sample_answer.size());
    if (!net::receive_exactly(socket, answer, net::after(patience)) || ws::as_text(answer) != sample_answer)
        throw std::runtime_error{"a newcomer was not let in: " + std::string{ws::as_text(answer).substr(0, 40)}};
    newcomer_ = std::max<Millis>(newcomer_, net::Clock::now() - begin);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Watcher::expect_goodbye() {
    try {
        for (;;) next_text();
    } catch (const std::runtime_error& said) {
        CHECK_MESSAGE(std::string_view{said.what()}.find("was closed") != std::string_view::npos, said.what());
    }
    socket_.close();
}

// --- the target --------------------------------------------------------------------------------------

Target::Target(const Attack& attack) : lesson_{attack.lesson}, process_{"/bin/bash", command_of(attack)} {
    port_ = listening_port(process_.read_line());
}

RawPeer Target::enter(std::size_t number) {
    RawPeer peer = open_peer(port_);
    if (lesson_ == "12-chat") {
        peer.send_frame(ws::Opcode::text, introduction("attacker " + std::to_string(number)));
        peer.receive_text();  // who is in the room
        peer.receive_text();  // that we are
    }
    if (lesson_ == "10-trust-nobody") peer.receive_text();  // a greeting
    return peer;
}

namespace {

// Until the descriptors of those who are gone are back.
std::size_t settled(pid_t pid, std::size_t expected) {
    const net::Deadline deadline = net::after(patience);
    std::size_t count = descriptors_of(pid);
    while (count > expected && net::Clock::now() < *deadline) {
        std::this_thread::sleep_for(10ms);
        count = descriptors_of(pid);
    }
    return count;
}

// What it computes while nobody asks it anything.
Millis idle_cpu(const Process& process) {
    const Seconds before = cpu_time_of(process);
    std::this_thread::sleep_for(500ms);
    return 2 * (cpu_time_of(process) - before);
}

std::string judged(const Attack& attack, const Row& row, const Watcher& watcher) {
    std::string broken;
    const auto expect = [&broken](bool holds, const std::string& what) {
        if (!holds) broken += (broken.empty() ? "" : "; ") + what;
    };
    expect(watcher.error().empty(), watcher.error());
    expect(row.memory_most <= row.memory_before + attack.most_growth, "memory");
    expect(within(row.during, attack.round_trip), "the round trip");
    expect(attack.handshake == 0s || within(row.newcomer, attack.handshake), "a newcomer's handshake");
    if (attack.ends_under_attack) return broken;
    expect(row.descriptors_after <= row.descriptors_before, "descriptors");
    expect(within(row.after, attack.round_trip), "the round trip afterwards");
    expect(row.idle_cpu < 100ms, "it computes although nobody asks");
    return broken;
}

}  // namespace

void withstand(const Attack& attack, const std::function<void(Target&)>& body) {
    CAPTURE(attack.name);
    CAPTURE(attack.lesson);
    net::raise_descriptor_limit();
    Target target{attack};
    const pid_t pid = target.process().pid();
    Row row{.name = attack.name, .lesson = attack.lesson};
    {
        Watcher watcher{attack, target.port(), pid};
        std::this_thread::sleep_for(phase_time);
        watcher.enter(Watcher::during);
        row.memory_before = memory_of(target.process());
        row.descriptors_before = descriptors_of(pid);
        const Seconds cpu = cpu_time_of(target.process());
        body(target);
        if (!attack.ends_under_attack) {
            watcher.enter(Watcher::paused);
            row.cpu = cpu_time_of(target.process()) - cpu;
            row.descriptors_after = settled(pid, row.descriptors_before);
            row.idle_cpu = idle_cpu(target.process());
            watcher.enter(Watcher::after);
            std::this_thread::sleep_for(phase_time);
        }
        watcher.stop();
        row.memory_most = memory_of(target.process(), "VmHWM");
        row.memory_after = memory_of(target.process());
        row.descriptors_most = watcher.most_descriptors();
        row.before = watcher.worst(Watcher::before);
        row.during = watcher.worst(Watcher::during);
        row.after = watcher.worst(Watcher::after);
        row.newcomer = watcher.newcomer();
        row.asked = watcher.asked();
        row.broken = judged(attack, row, watcher);
        target.process().signal(SIGTERM);
        if (watcher.error().empty()) watcher.expect_goodbye();
    }
    CHECK(target.process().wait() == 0);
    CHECK_MESSAGE(row.broken.empty(), attack.name << ", lesson " << attack.lesson << ": missed: " << row.broken);
    table().push_back(row);
}

// --- bytes -------------------------------------------------------------------------------------------

ws::Buffer frame(std::string_view payload, Shape shape) {
    ws::Buffer bytes;
    ws::append_frame(bytes, {.fin = shape.fin, .rsv = shape.rsv, .opcode = shape.opcode, .masked = true,
                             .key = {0x37, 0xFA, 0x21, 0x3D}}, ws::as_bytes(payload));
    return bytes;
}

ws::Buffer announcement(std::uint64_t length, Shape shape) {
    std::array<std::uint8_t, ws::max_header_bytes> header;
    const std::size_t size = ws::encode_header(header, {.fin = shape.fin, .rsv = shape.rsv, .opcode = shape.opcode,
                                                        .masked = true, .length = length, .key = {1, 2, 3, 4}});
    return {header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size)};
}

ws::Buffer pump(RawPeer& peer, ws::Bytes bytes, std::uint64_t total) {
    constexpr std::size_t kept = 1000;
    const int socket = peer.socket().get();
    ws::Buffer last, buffer(1 << 18);
    const net::Deadline deadline = net::after(60s);
    std::uint64_t sent = 0;
    for (bool over = false; sent < total && !over;) {
        REQUIRE_MESSAGE(net::Clock::now() < *deadline, "only " << sent << " of " << total << " bytes were taken");
        const ws::Bytes rest = bytes.subspan(sent % bytes.size());
        const ssize_t count = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) sent += static_cast<std::uint64_t>(count);
        const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) ws::append(last, ws::Bytes{buffer}.first(static_cast<std::size_t>(got)));
        if (last.size() > kept) last.erase(last.begin(), last.end() - static_cast<std::ptrdiff_t>(kept));
        over = got == 0 || (got < 0 && errno != EAGAIN);
        if (count < 0 && got < 0 && !over) net::wait_writable(peer.socket(), std::array{socket}, net::after(100ms));
    }
    return last;
}

bool holds_close(ws::Bytes bytes, ws::CloseCode code) {
    const std::string wanted{static_cast<char>(code >> 8), static_cast<char>(code & 255)};
    const std::string_view text = ws::as_text(bytes);
    for (std::size_t at = text.find('\x88'); at != std::string_view::npos; at = text.find('\x88', at + 1))
        if (text.substr(at + 2, 2) == wanted) return true;
    return false;
}

}  // namespace attack
