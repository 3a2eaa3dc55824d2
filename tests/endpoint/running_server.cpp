#include "tests/endpoint/running_server.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include <charconv>

#include "endpoint/metrics.hpp"
#include "tests/lessons/peers.hpp"

namespace test {

void Journal::add(std::string line) {
    const std::lock_guard lock{mutex_};
    lines_.push_back(std::move(line));
    added_.notify_one();
}

std::string Journal::next() {
    std::unique_lock lock{mutex_};
    if (!added_.wait_for(lock, patience, [this] { return !lines_.empty(); })) return "nothing";
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

bool Journal::wait_for(std::string_view line) {
    for (std::string got = next(); got != "nothing"; got = next())
        if (got == line) return true;
    return false;
}

bool Journal::empty() {
    const std::lock_guard lock{mutex_};
    return lines_.empty();
}

endpoint::ServerOptions patient(endpoint::ServerOptions options) {
    const endpoint::ServerOptions defaults;
    constexpr auto long_enough = 10 * patience;
    const auto extend = [&](auto limit) {
        if (options.*limit == defaults.*limit) options.*limit = long_enough;
    };
    extend(&endpoint::ServerOptions::handshake_timeout);
    extend(&endpoint::ServerOptions::close_timeout);
    extend(&endpoint::ServerOptions::write_timeout);
    extend(&endpoint::ServerOptions::ping_interval);
    extend(&endpoint::ServerOptions::idle_timeout);
    return options;
}

namespace {

endpoint::ServerOptions on_free_port(endpoint::ServerOptions options) {
    options.port = 0;
    return options;
}

endpoint::Handlers filled(endpoint::Handlers handlers, Journal& journal, endpoint::Server& server) {
    if (!handlers.on_open)
        handlers.on_open = [&journal](endpoint::LoopConnection&) { journal.add("open"); };
    if (!handlers.on_message)
        handlers.on_message = [](endpoint::LoopConnection& client,
                                 const endpoint::Message& message) {
            client.send(message.type, message.data);
        };
    if (!handlers.on_close)
        handlers.on_close = [&journal](endpoint::LoopConnection&, const endpoint::Error& error) {
            journal.add("close " + error.message());
        };
    if (!handlers.on_http)
        handlers.on_http = [&server](const ws::Request& request, ws::HttpReply& reply) {
            reply.body = endpoint::metrics_text(server.counters());
            return request.path == "/metrics";
        };
    return handlers;
}

}  // namespace

RunningServer::RunningServer(endpoint::ServerOptions options, const MakeHandlers& make)
    : server{on_free_port(patient(std::move(options))),
             filled(make ? make(*this) : endpoint::Handlers{}, journal, server)},
      thread_{[this] { server.run(stop_.fd()); }} {}

void RunningServer::stop() {
    begin_to_stop();
    if (thread_.joinable()) thread_.join();
}

RawPeer RunningServer::connect() const { return open_peer(port()); }

RawPeer RunningServer::connect_slow() const {
    RawPeer peer = connect();
    const int little = 64 * 1024;  // with still less, TCP sends a segment now and then
    ::setsockopt(peer.socket().get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    return peer;
}

std::uint64_t RunningServer::metric(std::string_view name) const {
    const std::string text = http_get(port(), "/metrics");
    const std::size_t at = text.find("\n" + std::string{name} + " ");
    REQUIRE_MESSAGE(at != std::string::npos, name << " is not in " << text);
    const char* const begin = text.data() + at + name.size() + 2;
    std::uint64_t value = 0;
    std::from_chars(begin, text.data() + text.size(), value);
    return value;
}

std::chrono::nanoseconds RunningServer::cpu_time() {
    clockid_t clock{};
    REQUIRE(::pthread_getcpuclockid(thread_.native_handle(), &clock) == 0);
    timespec time{};
    REQUIRE(::clock_gettime(clock, &time) == 0);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::string http_get(std::uint16_t port, std::string_view path) {
    RawPeer peer{port};
    peer.send("GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return std::string{ws::as_text(peer.receive_to_end())};
}

}  // namespace test
