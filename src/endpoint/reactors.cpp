// Letters become messages, and the loops begin and end together. Lesson 15.
// A loop delivers for a while and then looks after its clients, however many letters there are: what
// is left is delivered in its next turn.
#include "endpoint/reactors.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "net/descriptors.hpp"
#include "net/shared_port.hpp"

namespace endpoint {

namespace {

// So long a loop delivers letters, and one more, in a turn.
constexpr std::chrono::milliseconds mail_share{5};

// A loop's part of a limit for all; of none, 0, it is none. Rounded up: a limit of 10 for 4 loops must
// not turn away the ninth client.
std::uint64_t part_of(std::uint64_t limit, std::uint64_t loops) {
    return (limit + loops - 1) / loops;
}

}  // namespace

// --- one loop ------------------------------------------------------------------------------------

Reactor::Reactor(std::deque<Reactor>& all, unsigned number, std::size_t max_mailbox_bytes)
    : all_{all}, number_{number}, mailbox_{max_mailbox_bytes} {}

void Reactor::listen(ServerOptions options, LoopHandlers handlers,
                     std::vector<net::Fd> listening) {
    on_missed_ = std::move(handlers.on_missed);
    encodes_itself_ = options.extensions != nullptr;
    handlers.on_close = [this, told = std::move(handlers.on_close)](LoopConnection& client,
                                                                    const Error& error) {
        // The application first, while the client is still in its room.
        if (told) told(client, error);
        hub_->leave(client);
    };
    Hub::OnDrop on_drop = std::move(handlers.on_drop);
    server_.emplace(std::move(options), std::move(handlers), std::move(listening));
    hub_.emplace(*server_, std::move(on_drop));
    server_->watch(mailbox_.fd(), [this] { on_mail(); });
}

void Reactor::run(int stop_fd) {
    server_->run(stop_fd);
    mailbox_.close();
}

void Reactor::broadcast(LoopConnection& from, std::string_view room, ws::Opcode type,
                        ws::Bytes data) {
    if (all_.size() == 1) {
        hub_->broadcast(room, type, data);
        return;
    }
    const SharedMessage message{room, type, data};
    bool full = false;
    // The others first: they send theirs while we send ours.
    for (Reactor& other : all_)
        if (&other != this)
            full |= other.mailbox_.post({0, message.another()}, mailbox_) == Posted::full;
    send_to_room(message);
    if (full) hold(from);
}

// A client that outpaces other loops waits, and nobody else does: not this loop, nor the room.
void Reactor::hold(LoopConnection& client) {
    client.pause();
    held_.push_back(client.id());
}

void Reactor::resume_held() {
    for (const ConnectionId id : std::exchange(held_, {}))
        if (LoopConnection* const client = server_->find(id)) client->resume();
}

void Reactor::on_mail() {
    const auto begin = std::chrono::steady_clock::now();
    // What was taken goes first, so that the order of letters is that in which they were posted.
    if (next_ == letters_.size()) {
        letters_.clear();
        next_ = 0;
        const Mailbox::News news = mailbox_.take(letters_);
        if (news.stop) server_->stop();
        if (news.room) resume_held();
    }
    while (next_ < letters_.size() && std::chrono::steady_clock::now() - begin < mail_share) {
        Letter& letter = letters_[next_++];
        deliver(letter);
        letter.message.release();
    }
    if (next_ < letters_.size()) return mailbox_.wake_again();
    mailbox_.delivered();
}

void Reactor::deliver(const Letter& letter) {
    if (letter.to == 0)
        send_to_room(letter.message);
    else
        send_to_client(letter.to, letter.message.message());
}

void Reactor::send_to_room(const SharedMessage& shared) {
    const ws::PreparedMessage& message = shared.message();
    // Extensions keep what they make of a message in it, and this one belongs to other threads, too.
    if (encodes_itself_)
        hub_->broadcast(shared.room(), message.opcode(), message.data());
    else
        hub_->deliver(shared.room(), message);
}

void Reactor::send_to_client(ConnectionId to, const ws::PreparedMessage& message) {
    LoopConnection* const client = server_->find(to);
    const Sent outcome =
        client != nullptr ? client->send(message.opcode(), message.data()) : Sent::closed;
    // Its sender is another thread and cannot be held back, as a client of ours could.
    if (outcome == Sent::slow)
        client->close(ws::close_code::try_again_later, "too slow for what is sent to it");
    if (outcome == Sent::closed && on_missed_) on_missed_(to, message);
}

// --- all of them ---------------------------------------------------------------------------------

void add(Counters& sum, const Counters& more) {
    sum.connections_accepted += more.connections_accepted;
    sum.connections_refused += more.connections_refused;
    sum.connections_open += more.connections_open;
    sum.handshakes += more.handshakes;
    sum.http_requests += more.http_requests;
    sum.messages_received += more.messages_received;
    sum.messages_sent += more.messages_sent;
    sum.bytes_received += more.bytes_received;
    sum.bytes_sent += more.bytes_sent;
    sum.pings_sent += more.pings_sent;
    sum.timeouts += more.timeouts;
    for (std::size_t i = 0; i < sum.errors.size(); ++i) sum.errors[i] += more.errors[i];
}

Reactors::Reactors(const ReactorsOptions& options, const Make& make) {
    const unsigned loops = std::max(options.loops, 1u);
    auto listening = net::share_port(options.host, options.port, loops);
    // Without a limit, the descriptors of the process are one, and all loops have them in common.
    const std::uint64_t connections = options.max_connections != 0 ? options.max_connections
                                                                   : net::allowed_connections(1);
    for (unsigned i = 0; i < loops; ++i) {
        Reactor& loop = loops_.emplace_back(loops_, i, options.max_mailbox_bytes);
        ServerOptions own{static_cast<const ServerOptions&>(options)};
        own.max_connections = part_of(connections, loops);
        own.max_connections_per_address = part_of(options.max_connections_per_address, loops);
        LoopHandlers handlers = make(loop, own);
        loop.listen(std::move(own), std::move(handlers), std::move(listening[i]));
    }
}

void Reactors::run(int stop_fd) {
    std::vector<std::thread> threads;
    try {
        // The first loop has this thread.
        for (std::size_t i = 1; i < loops_.size(); ++i)
            threads.emplace_back([this, stop_fd, i] { run_loop(loops_[i], stop_fd); });
    } catch (...) {
        fail(std::current_exception());  // no thread is to be had: those that run are told to end
    }
    run_loop(loops_.front(), stop_fd);
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
}

void Reactors::run_loop(Reactor& loop, int stop_fd) {
    try {
        loop.run(stop_fd);
    } catch (...) {
        loop.mailbox().close();
        fail(std::current_exception());
    }
}

void Reactors::fail(std::exception_ptr failure) {
    {
        const std::lock_guard lock{mutex_};
        // The first one is the cause; what fails after it may be its consequence.
        if (!failure_) failure_ = std::move(failure);
    }
    for (Reactor& loop : loops_) loop.mailbox().ask_to_stop();
}

Counters Reactors::counters() const {
    Counters sum;
    for (const Reactor& loop : loops_) add(sum, loop.server().counters());
    return sum;
}

Posted Reactors::send(ClientHandle to, ws::Opcode type, ws::Bytes data) {
    Letter letter{to.id, SharedMessage{"", type, data}};
    return loops_[to.loop].mailbox().post(std::move(letter));
}

Posted Reactors::broadcast(std::string_view room, ws::Opcode type, ws::Bytes data) {
    const SharedMessage message{room, type, data};
    // Closed only when all are: a loop that has ended has no members that could miss it.
    Posted posted = Posted::closed;
    for (Reactor& loop : loops_)
        if (loop.mailbox().post_when_room({0, message.another()}) == Posted::ok) posted = Posted::ok;
    return posted;
}

}  // namespace endpoint
