#include "tests/support/fake_redis.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "redis/position.hpp"
#include "ws/bytes.hpp"

namespace test {

namespace {

std::string text(std::string_view value) {
    return '$' + std::to_string(value.size()) + "\r\n" + std::string{value} + "\r\n";
}
std::string array(std::size_t size) { return '*' + std::to_string(size) + "\r\n"; }
std::string number(std::int64_t value) { return ':' + std::to_string(value) + "\r\n"; }

redis::Position id_of(std::string_view id) { return redis::parse_id(id).value_or(redis::Position{}); }

}  // namespace

net::Address FakeRedis::address() const {
    return net::resolve("127.0.0.1", port_, SOCK_STREAM).front();
}

void FakeRedis::start() {
    listener_ = std::make_unique<net::Listener>("127.0.0.1", port_);
    port_ = listener_->port();
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void FakeRedis::stop() {
    set([this] { stopping_ = true; });
    if (thread_.joinable()) thread_.join();
    clients_.clear();
    listener_.reset();
}

void FakeRedis::lose_last_entries(std::size_t count) {
    set([&] {
        for (auto& [key, log] : logs_) log.resize(log.size() - std::min(log.size(), count));
    });
}

void FakeRedis::forget_oldest_entries(std::size_t left) {
    set([&] {
        for (auto& [key, log] : logs_)
            if (log.size() > left) log.erase(log.begin(), log.end() - static_cast<std::ptrdiff_t>(left));
    });
}

void FakeRedis::release_replies() {
    set([&] {
        for (const auto& client : clients_)
            if (std::exchange(client->holds, false)) write(*client, std::exchange(client->held, {}));
    });
}

void FakeRedis::end_connections() {
    set([&] {
        for (const auto& client : clients_) client->ended = true;
    });
}

std::size_t FakeRedis::entries(const std::string& log) {
    const std::lock_guard lock{mutex_};
    return logs_[log].size();
}

std::size_t FakeRedis::commands(const std::string& name) {
    const std::lock_guard lock{mutex_};
    return seen_[name];
}

std::size_t FakeRedis::waiting() {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count_if(
        clients_, [](const auto& client) { return client->waiting != nullptr; }));
}

void FakeRedis::run() {
    for (;;) {
        std::vector<pollfd> ready{{changed_.fd(), POLLIN, 0},
                                  {listener_->sockets().front().get(), POLLIN, 0}};
        {
            const std::lock_guard lock{mutex_};
            if (stopping_) return;
            std::erase_if(clients_, [](const auto& client) { return client->ended; });
            for (const auto& client : clients_) ready.push_back({client->socket.get(), POLLIN, 0});
        }
        ::poll(ready.data(), ready.size(), 20);
        const std::lock_guard lock{mutex_};
        changed_.lower();
        for (std::size_t i = 2; i < ready.size(); ++i)
            if (ready[i].revents != 0) read(*clients_[i - 2]);
        if (ready[1].revents != 0)
            if (auto accepted = listener_->accept(changed_.fd()))
                clients_.push_back(std::make_unique<Client>(Client{.socket = std::move(accepted->socket), .id = next_id_++}));
        wake_waiting();
    }
}

void FakeRedis::read(Client& client) {
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(client.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0) {
        client.ended = true;
        return;
    }
    client.reader.feed({buffer.data(), static_cast<std::size_t>(size)});
    while (auto command = client.reader.next()) client.commands.push_back(std::move(*command));
    carry_out(client);
}

void FakeRedis::carry_out(Client& client) {
    while (!client.commands.empty() && client.waiting == nullptr && !client.ended && !silent_) {
        const redis::Reply command = std::move(client.commands.front());
        client.commands.pop_front();
        const std::string& name = command.items.at(0).text;
        ++seen_[name == "CLIENT" ? name + ' ' + command.items.at(1).text : name];
        if (name == hold_) hold_.clear(), client.holds = true;
        send(client, answer(client, command.items));
    }
}

void FakeRedis::send(Client& client, const std::string& reply) {
    std::string bytes = reply;
    if (chatter_ && client.resp3 && !reply.empty())
        bytes = ">2\r\n" + text("invalidate") + "_\r\n|1\r\n" + text("ttl") + ",1.5\r\n" + reply;
    if (client.holds)
        client.held += bytes;
    else
        write(client, bytes);
}

void FakeRedis::write(Client& client, const std::string& bytes) {
    const std::size_t piece = cut_ != 0 ? cut_ : bytes.size();
    for (std::size_t at = 0; at < bytes.size() && !client.ended; at += piece) {
        const std::string_view part = std::string_view{bytes}.substr(at, piece);
        ::send(client.socket.get(), part.data(), part.size(), MSG_NOSIGNAL);
    }
}

std::string FakeRedis::answer(Client& client, const Words& words) {
    const std::string& name = words[0].text;
    if (name == "HELLO" && speaks_ != Speaks::no_hello) return hello(client, words);
    if (name == "HELLO") return "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n";
    if (name == "AUTH") return auth(client, words);
    if (!client.allowed && !password_.empty()) return "-NOAUTH Authentication required.\r\n";
    if (!refusal_.empty()) return '-' + refusal_ + "\r\n";
    if (name == "EVAL" && replica_)
        return "-READONLY You can't write against a read only replica.\r\n";
    if (name == "EVAL") return words.size() == 9 && words[1].text.find("XADD") != std::string::npos
                                   ? add_once(client, words)
                                   : here(words);
    if (name == "XRANGE") return range(words[1].text, words[2].text, std::stoul(words[5].text));
    if (name == "XREVRANGE") return last(words[1].text);
    if (name == "CLIENT") return client_command(client, words);
    if (name == "ROLE") return array(3) + text(replica_ ? "slave" : "master") + number(0) + array(0);
    if (name != "XREAD") return "-ERR unknown command '" + name + "'\r\n";
    client.waiting = std::make_unique<Waiting>();
    client.waiting->until = net::Clock::now() + std::chrono::milliseconds{std::stol(words[4].text)};
    const std::size_t count = (words.size() - 6) / 2;
    for (std::size_t i = 0; i < count; ++i)
        client.waiting->logs.emplace_back(words[6 + i].text, words[6 + count + i].text);
    return "";
}

std::string FakeRedis::hello(Client& client, const Words& words) {
    if (words[1].text == "3" && speaks_ != Speaks::resp3) return "-NOPROTO unsupported protocol version\r\n";
    const bool right = words.size() == 5 && words[3].text == user_ && words[4].text == password_;
    if (!password_.empty() && words.size() != 5) return "-NOAUTH HELLO must be called with AUTH\r\n";
    if (!password_.empty() && !right)
        return "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    client.allowed = true;
    client.resp3 = words[1].text == "3";
    return (client.resp3 ? "%3\r\n" : array(6)) + text("server") + text("redis") + text("id") +
           number(client.id) + text("role") + text(replica_ ? "replica" : "master");
}

// AUTH password, or AUTH user password.
std::string FakeRedis::auth(Client& client, const Words& words) {
    const std::string& user = words.size() == 3 ? words[1].text : "default";
    client.allowed = user == user_ && words.back().text == password_;
    return client.allowed ? "+OK\r\n" : "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
}

// EVAL script 2 log said most text keep_room keep_key
std::string FakeRedis::add_once(Client& client, const Words& words) {
    const auto known = said_.find(words[4].text);
    std::string position = known != said_.end() ? known->second : "";
    if (position.empty()) {
        auto& log = logs_[words[3].text];
        const std::size_t count = log.empty() ? 1 : std::stoul(log.back().number) + 1;
        const std::string id = "1767225600000-" + std::to_string(++place_);
        log.push_back({id, std::to_string(count), words[6].text, place_});
        position = id + '/' + std::to_string(count);
        said_[words[4].text] = position;
        if (log.size() > std::stoul(words[5].text)) log.erase(log.begin());
    }
    if (std::exchange(lose_reply_, false)) client.ended = true;
    return text(position);
}

// EVAL script 2 here log server who alive keep_room
std::string FakeRedis::here(const Words& words) {
    auto& room = here_[words[3].text];
    if (words[6].text.empty())
        room.erase(words[5].text);
    else
        room[words[5].text] = words[6].text;
    std::string reply = array(room.size());
    for (const auto& [server, who] : room) reply += text(who);
    return reply;
}

std::string FakeRedis::range(const std::string& log, std::string_view from, std::size_t most) const {
    std::string entries;
    std::size_t count = 0;
    const auto found = logs_.find(log);
    if (found != logs_.end())
        for (const Entry& entry : found->second)
            if (id_of(entry.id) >= id_of(from) && count < most) {
                ++count;
                entries += array(2) + text(entry.id) + array(4) + text("n") + text(entry.number) +
                           text("text") + text(entry.text);
            }
    return array(count) + entries;
}

std::string FakeRedis::last(const std::string& log) const {
    const auto found = logs_.find(log);
    if (found == logs_.end() || found->second.empty()) return array(0);
    return range(log, found->second.back().id, 1);
}

// CLIENT ID, CLIENT UNBLOCK id.
std::string FakeRedis::client_command(const Client& client, const Words& words) {
    if (words[1].text == "ID") return number(client.id);
    for (const auto& other : clients_)
        if (std::to_string(other->id) == words[2].text && other->waiting != nullptr) {
            other->waiting.reset();
            send(*other, nothing(*other));
            return number(1);
        }
    return number(0);
}

void FakeRedis::wake_waiting() {
    for (const auto& client : clients_) {
        if (client->waiting == nullptr || silent_ || client->ended) continue;
        std::string logs;
        std::size_t count = 0;
        for (const auto& [log, id] : client->waiting->logs)
            if (const std::string entries = range(log, id_of(id).next_id(), 256); !entries.starts_with("*0")) {
                ++count;
                logs += (client->resp3 ? "" : array(2)) + text(log) + entries;
            }
        if (count == 0 && net::Clock::now() < client->waiting->until) continue;
        client->waiting.reset();
        const std::string head = client->resp3 ? '%' + std::to_string(count) + "\r\n" : array(count);
        send(*client, count != 0 ? head + logs : nothing(*client));
        carry_out(*client);
    }
}

}  // namespace test
