// Connecting, greeting, sending, receiving, and beginning anew. Lesson 16.
// HELLO 3 (Redis 6) asks for RESP3, says who we are, and tells in one answer what we must know: the
// number of this connection, and whether this Redis is the master. A replica would refuse every write.
#include "endpoint/redis_link.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "net/start_connect.hpp"
#include "ws/byte_order.hpp"
#include "ws/bytes.hpp"

namespace endpoint {

namespace {

// Reads a turn; the rest is reported again.
constexpr int reads_a_turn = 16;

// It is alive and cannot do what a server is for: another time, or another Redis.
bool is_out_of_order(std::string_view code) {
    constexpr std::array<std::string_view, 6> codes{"LOADING",    "READONLY", "NOAUTH",
                                                    "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"};
    return std::ranges::find(codes, code) != codes.end();
}

std::string text_of(int error) { return std::generic_category().message(error); }

// An older server, or one that speaks RESP2 only.
bool knows_no_hello(const redis::Reply& reply) {
    return reply.error_code() == "NOPROTO" ||
           (reply.is_error() && reply.text.starts_with("ERR unknown command"));
}

// The value after a name in HELLO's answer, which is a map.
const redis::Reply* find(const redis::Reply& reply, std::string_view name) {
    for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2)
        if (reply.items[i].text == name) return &reply.items[i + 1];
    return nullptr;
}

}  // namespace

RedisLink::RedisLink(net::Epoll& epoll, std::uint64_t tag, RedisAccess access, Handlers handlers)
    : epoll_{epoll}, tag_{tag}, access_{std::move(access)}, handlers_{std::move(handlers)} {}

void RedisLink::send(const redis::Command& command, OnReply on_reply) {
    const auto now = net::Clock::now();
    unanswered_.push_back({command.bytes(), std::move(on_reply), now, now});
    if (is_up()) write(unanswered_.back().bytes);
}

// --- the connection -----------------------------------------------------------------------------

void RedisLink::on_time() {
    const auto now = net::Clock::now();
    switch (state_) {
        case State::waiting:
            give_up_old();
            if (now >= moment_) connect();
            break;
        case State::connecting:
        case State::greeting:
            if (now - moment_ >= access_.connect_timeout) lost("it does not answer");
            break;
        case State::up:
            // Whose cable was pulled says nothing; the replies that do not come do.
            if (!unanswered_.empty() && now - unanswered_.front().since >= access_.reply_timeout)
                lost("it does not answer");
            break;
    }
}

void RedisLink::connect() {
    socket_ = net::start_connect(access_.addresses[address_]);
    if (!socket_) return lost(text_of(errno));
    state_ = State::connecting;
    moment_ = net::Clock::now();
    epoll_.add(socket_.get(), net::Epoll::readable | net::Epoll::writable, tag_);
}

void RedisLink::on_ready(std::uint32_t events) {
    if (state_ == State::waiting) return;
    if (state_ == State::connecting) return connected();
    if ((events & net::Epoll::writable) != 0) flush();
    if ((events & ~net::Epoll::writable) != 0) receive();
}

void RedisLink::connected() {
    if (const int error = net::take_error(socket_)) return lost(text_of(error));
    state_ = State::greeting;
    epoll_.modify(socket_.get(), net::Epoll::readable, tag_);
    greet();
}

void RedisLink::greet() {
    protocol_ = 3;
    redis::Command hello{"HELLO", "3"};
    if (!access_.password.empty()) hello.add("AUTH").add(access_.user).add(access_.password);
    write(hello.bytes());
}

// The same in commands of Redis 5, which has no users. Every connection begins in RESP2.
void RedisLink::greet_in_resp2() {
    protocol_ = 2;
    redis::Command auth{"AUTH"};
    if (access_.user != "default") auth.add(access_.user);
    if (!access_.password.empty()) write(auth.add(access_.password).bytes());
    write(redis::Command{"CLIENT", "ID"}.bytes());
    write(redis::Command{"ROLE"}.bytes());
}

// HELLO's answer. Or those of RESP2, one by one: OK, our number, and last a list with the role in front.
void RedisLink::take_greeting(const redis::Reply& reply) {
    if (protocol_ == 3 && knows_no_hello(reply)) return greet_in_resp2();
    if (reply.is_error()) return lost(reply.text);
    if (protocol_ == 3) {
        const redis::Reply* const id = find(reply, "id");
        const redis::Reply* const role = find(reply, "role");
        if (id == nullptr || role == nullptr) return lost("it does not answer HELLO as Redis does");
        return greeted(id->integer, role->text);
    }
    if (!reply.items.empty()) return greeted(id_, reply.items.front().text);
    id_ = reply.integer;
}

// All that has no answer is sent once more, in its order; some of it may have been carried out already.
void RedisLink::greeted(std::int64_t id, std::string_view role) {
    if (role != "master") return lost("it is a replica, and takes no messages");
    id_ = id;
    state_ = State::up;
    const auto now = net::Clock::now();
    for (Unanswered& each : unanswered_) {
        each.since = now;
        out_.append(ws::as_bytes(each.bytes));
    }
    flush();
    if (is_up() && handlers_.on_up) handlers_.on_up();
}

// Closed, refused, silent, or not what it should be: waits, and tries the next address.
void RedisLink::lost(std::string_view why) {
    // Put together first: `why` may be the reader's own words.
    const std::string what = access_.addresses[address_].to_string() + ": " + std::string{why};
    // With the socket goes what was half sent or half received; the commands stay.
    socket_.close();
    out_.clear();
    reader_ = redis::ReplyReader{};
    address_ = (address_ + 1) % access_.addresses.size();
    state_ = State::waiting;
    // By chance, so that the servers that have lost the same Redis do not come back all at once.
    const auto bytes = random_.bytes<4>();
    const std::uint32_t wait = access_.backoff.next(ws::load_be<std::uint32_t>(bytes));
    moment_ = net::Clock::now() + std::chrono::milliseconds{wait};
    if (handlers_.on_down) handlers_.on_down(what);
}

// --- bytes --------------------------------------------------------------------------------------

void RedisLink::write(std::string_view bytes) {
    const bool waits = !out_.empty();
    out_.append(ws::as_bytes(bytes));
    if (!waits) flush();
}

// Hands the kernel what it takes. A failure is seen by the next read, which may have replies before.
void RedisLink::flush() {
    while (!out_.empty()) {
        const auto bytes = out_.bytes();
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        // Every command is kept until it is answered, so nothing is lost by this.
        if (sent < 0 && errno != EAGAIN) out_.clear();
        if (sent < 0) break;
        out_.taken(static_cast<std::size_t>(sent));
    }
    epoll_.modify(socket_.get(),
                  net::Epoll::readable | (out_.empty() ? 0 : net::Epoll::writable), tag_);
}

void RedisLink::receive() {
    std::array<char, 64 * 1024> buffer;
    for (int i = 0; i < reads_a_turn; ++i) {
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return;
        if (size < 0) return lost(text_of(errno));
        if (size == 0) return lost("it has ended the connection");
        reader_.feed({buffer.data(), static_cast<std::size_t>(size)});
        while (const auto reply = reader_.next()) {
            handle(*reply);
            // Its handler, or it, may have ended this connection, and with it the reader's bytes.
            if (state_ == State::waiting) return;
        }
        if (!reader_.failed().empty()) return lost(reader_.failed());
    }
}

void RedisLink::handle(const redis::Reply& reply) {
    if (state_ == State::greeting) return take_greeting(reply);
    // The command stays, and is sent again.
    if (is_out_of_order(reply.error_code())) return lost(reply.text);
    if (unanswered_.empty()) return lost("it answers what was not asked");
    // Not when it greeted: one that greets and then does nothing would be asked without a pause.
    access_.backoff.reset();
    const Unanswered first = std::move(unanswered_.front());
    unanswered_.pop_front();
    // From now on the next one is waited for.
    if (!unanswered_.empty()) unanswered_.front().since = net::Clock::now();
    if (first.on_reply) first.on_reply(&reply);
}

// Only while there is no connection: on one, replies would be taken for those of others.
void RedisLink::give_up_old() {
    const auto now = net::Clock::now();
    while (!unanswered_.empty() && now - unanswered_.front().asked >= access_.give_up) {
        const Unanswered first = std::move(unanswered_.front());
        unanswered_.pop_front();
        if (first.on_reply) first.on_reply(nullptr);
    }
}

}  // namespace endpoint
