// What the judge of lesson 9 may ask of ws/keep_alive, and of endpoint/blocking: a server's connection
// over a socket of the judge's, and threads that read and write. The judge has the other end of the
// socket, and measures the time.
#include <algorithm>
#include <atomic>

#include "endpoint/blocking.hpp"
#include "lessons/tools/check/calls/calls.hpp"
#include "ws/keep_alive.hpp"

namespace {

using calls::Function;
using Wait = std::optional<std::chrono::milliseconds>;

// --- ws/keep_alive ------------------------------------------------------------------------------

std::optional<ws::KeepAlive> keep_alive;

const Function new_keep_alive{"KeepAlive", [](ws::KeepAlive::Time now) { keep_alive.emplace(now); }};

const Function heard{"heard", [](ws::KeepAlive::Time now) { keep_alive->heard(now); }};

const Function next{"next", [](ws::KeepAlive::Time now, ws::KeepAlive::Time ping_interval,
                               ws::KeepAlive::Time idle_timeout) {
    const ws::KeepAlive::Next due = keep_alive->next(now, {ping_interval, idle_timeout});
    return std::tuple{due.duty, due.wait};
}};

// --- endpoint/blocking --------------------------------------------------------------------------

// Never destroyed: a thread may be stuck in it for good.
std::atomic<endpoint::BlockingConnection*> connection;

// What is not given is as the course has it.
const Function connect{"connection", [](wire::Fd descriptor, Wait ping_interval, Wait idle_timeout,
                                        Wait write_timeout) {
    endpoint::BlockingOptions options;
    options.ping_interval = ping_interval.value_or(options.ping_interval);
    options.idle_timeout = idle_timeout.value_or(options.idle_timeout);
    options.write_timeout = write_timeout.value_or(options.write_timeout);
    connection = new endpoint::BlockingConnection(net::Fd{descriptor.number}, ws::Role::server, options,
                                                  ws::Bytes{}, nullptr, nullptr);
}};

const Function read_message{"read_message", [] { return connection.load()->read_message().has_value(); }};

const Function write_message{"write_message", [](std::string data) {
    return connection.load()->write_message(ws::Opcode::binary, ws::as_bytes(data));
}};

std::atomic<int> threads = 0;

// Texts or pings, one after the other, on a thread.
const Function send_all{"send_all", [](ws::Opcode opcode, std::vector<std::string> payloads) {
    endpoint::BlockingConnection& to = *connection.load();
    ++threads;
    return std::ranges::all_of(payloads, [&](const std::string& payload) {
        return opcode == ws::Opcode::ping ? to.ping(ws::as_bytes(payload)) : to.write_message(payload);
    });
}};

const Function begun{"begun", [] { return threads.load(); }};

net::Deadline deadline(Wait wait) { return wait ? net::after(*wait) : net::Deadline{}; }

// So long from now; nothing: none.
const Function set_read_deadline{"set_read_deadline", [](Wait wait) {
    connection.load()->set_read_deadline(deadline(wait));
}};

const Function set_write_deadline{"set_write_deadline", [](Wait wait) {
    connection.load()->set_write_deadline(deadline(wait));
}};

const Function told_error{"error", [] {
    const endpoint::Error error = connection.load()->error();
    return std::tuple{error.kind, error.code, error.message()};
}};

}  // namespace
