// Lesson 11: many WebSocket clients on one thread, each a few values: a socket, ws::Connection,
// what it has said. Epoll says whose turn it is. RFC 6455 §4.1, §5 to §7, client's side. Leaves
// out: output that the kernel does not take at once. A client says one short thing, and waits.
#pragma once

#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "cli/key_options.hpp"
#include "net/epoll.hpp"
#include "net/look_up.hpp"
#include "net/signal.hpp"
#include "net/socket.hpp"
#include "ws/connection.hpp"
#include "ws/hex.hpp"
#include "ws/opening.hpp"

namespace lesson {

constexpr std::chrono::seconds patience{10};  // while nothing comes from any server

struct Settings {
    cli::Common common;
    std::uint64_t connections = 1000;
    std::uint64_t rounds = 3;
    bool hold = false;
    cli::KeyOptions keys;
};

struct Peer {
    Peer(ws::ClientHandshake handshake, ws::KeySource* keys)
        : opening{std::move(handshake)}, connection{ws::Role::client, {}, keys} {}
    net::Fd socket;
    ws::ClientOpening opening;
    ws::Connection connection;
    std::string said;
    bool open = false;   // the handshake has succeeded
    bool waits = false;  // for the server's next step
};

class Crowd {
  public:
    explicit Crowd(const Settings& settings) : settings_{settings} {
        epoll_.add(stop_.fd(), net::Epoll::readable, settings.connections);
    }

    int run() {
        const auto begin = net::Clock::now();
        while (peers_.size() < settings_.connections && !stopped_) connect();
        wait_for_all();
        for (std::uint64_t round = 1; round <= settings_.rounds && !stopped_; ++round) speak(round);
        const std::chrono::duration<double> time = net::Clock::now() - begin;
        std::printf("%zu of %zu clients connected, %zu echoes, %zu errors, %.2f s\n", connected_,
                    peers_.size(), echoes_, errors_, time.count());
        std::fflush(stdout);
        while (settings_.hold && !stopped_ && open_ > 0) turn(std::nullopt);
        closing_ = true;
        for (Peer& peer : peers_)
            if (!peer.open) end(peer, "");  // Ctrl-C came during its handshake
        for (Peer& peer : peers_)
            if (peer.open && peer.connection.close(out_, ws::close_code::normal, {})) ask(peer);
        wait_for_all();
        for (const auto& [code, count] : closed_by_server_)
            std::printf("%zu closed by the server with %s\n", count,
                        ws::describe_close_code(code).c_str());
        return errors_ == 0 ? 0 : 1;
    }

  private:
    void connect() {
        const std::string& key = settings_.keys.handshake;
        ws::ClientHandshake handshake{
            .host = net::join_host_port(settings_.common.host, settings_.common.port),
            .resource = settings_.common.path,
            .key = key.empty() ? ws::make_key(random_.bytes<16>()) : key};
        Peer& peer = peers_.emplace_back(std::move(handshake), settings_.keys.masking.get());
        peer.socket = net::connect_in_time(settings_.common.host, settings_.common.port,
                                       net::after(patience), stop_.fd());
        epoll_.add(peer.socket.get(), net::Epoll::readable, peers_.size() - 1);
        ws::append(out_, ws::as_bytes(peer.opening.request()));
        ask(peer);
    }

    void speak(std::uint64_t round) {
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            Peer& peer = peers_[i];
            peer.said = "round " + std::to_string(round) + ", client " + std::to_string(i);
            if (peer.open && peer.connection.send(out_, ws::Opcode::text, ws::as_bytes(peer.said)))
                ask(peer);
        }
        wait_for_all();
    }

    // Sends what is in out_, little enough for the kernel to take, and notes that an answer is due.
    void ask(Peer& peer) {
        if (!std::exchange(peer.waits, true)) ++waiting_;
        flush(peer);
    }

    void flush(Peer& peer) {
        const net::IoResult sent = net::send_all(peer.socket, out_, net::after(patience));
        out_.clear();
        if (!sent) end(peer, sent.message());
    }

    // For their answers; after Ctrl-C only for their Closes.
    void wait_for_all() {
        while (waiting_ > 0 && (closing_ || !stopped_)) turn(patience);
    }

    void turn(std::optional<std::chrono::milliseconds> most) {
        const auto ready = epoll_.wait(most);
        if (ready.empty() && most) throw std::runtime_error{"the server has gone silent"};
        for (const epoll_event& event : ready)
            if (event.data.u64 < peers_.size()) {
                receive(peers_[event.data.u64]);
            } else {
                stopped_ = true;
                epoll_.remove(stop_.fd());
            }
    }

    void receive(Peer& peer) {
        const net::IoResult received = net::receive_some(peer.socket, buffer_);
        if (!received)  // after both Closes the end of TCP is what we wait for
            return end(peer,
                       peer.connection.state() == ws::State::closed ? "" : received.message());
        auto bytes = ws::MutableBytes{buffer_}.first(received.bytes);
        if (!peer.open) {
            std::size_t taken = 0;
            const auto step = peer.opening.feed(bytes, taken);
            if (step == ws::ClientOpening::Step::more) return;
            bytes = bytes.subspan(taken);
            if (step == ws::ClientOpening::Step::failed)
                return end(peer, peer.opening.failure(bytes));
            peer.open = true;
            ++connected_;
            ++open_;
            answered(peer);
        }
        peer.connection.feed(bytes);
        while (const auto event = peer.connection.next(out_)) handle(peer, *event);
        if (!out_.empty()) flush(peer);  // pongs, and the echo of a Close
    }

    void handle(Peer& peer, const ws::Event& event) {
        if (event.type == ws::Event::message) {
            if (ws::as_text(event.data) != peer.said)
                return end(peer, "a wrong echo: " + ws::quote(event.data, 60));
            ++echoes_;
            if (!closing_) answered(peer);
        } else if (event.type == ws::Event::close && !closing_) {
            ++closed_by_server_[event.code];
        } else if (event.type == ws::Event::failed) {
            end(peer, std::string{ws::rule(event.error).sentence});
        }
    }

    void answered(Peer& peer) {
        if (std::exchange(peer.waits, false)) --waiting_;
    }

    // `error` is empty when the connection ended as it should.
    void end(Peer& peer, const std::string& error) {
        if (!peer.socket) return;
        peer.socket.close();
        if (std::exchange(peer.open, false)) --open_;
        answered(peer);
        if (!error.empty() && errors_++ < 3) std::fprintf(stderr, "client: %s\n", error.c_str());
    }

    const Settings& settings_;
    net::StopSignal stop_;
    net::Epoll epoll_;
    net::RandomPool random_;
    std::deque<Peer> peers_;
    ws::Buffer out_;  // for the peer at hand
    ws::Buffer buffer_ = ws::Buffer(64 * 1024);
    std::map<ws::CloseCode, std::size_t> closed_by_server_;
    std::size_t connected_ = 0;
    std::size_t open_ = 0;
    std::size_t waiting_ = 0;  // peers for whom the server's next step is due
    std::size_t echoes_ = 0;
    std::size_t errors_ = 0;
    bool stopped_ = false;
    bool closing_ = false;  // all of them
};

}  // namespace lesson
