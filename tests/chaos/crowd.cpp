#include "tests/chaos/crowd.hpp"

#include <algorithm>

#include "endpoint/random_name.hpp"
#include "json/parse.hpp"
#include "json/write.hpp"
#include "net/start_connect.hpp"

namespace chaos {

namespace {

constexpr std::chrono::seconds patience{10};  // with a connection that does not get on

std::string key_for_handshake(net::RandomPool& random) { return ws::make_key(random.bytes<16>()); }

}  // namespace

Crowd::Crowd(std::size_t clients, std::size_t rooms, std::vector<std::uint16_t> ports, unsigned seed,
             std::chrono::milliseconds pause)
    : pause_{pause}, random_{seed}, run_{endpoint::random_name(pool_)} {
    for (const std::uint16_t port : ports)
        servers_.push_back(net::resolve("127.0.0.1", port, SOCK_STREAM).front());
    clients_.resize(clients);
    for (std::size_t i = 0; i < clients; ++i) {
        clients_[i].index = i;
        clients_[i].room = "room-" + std::to_string(i % rooms);
    }
}

void Crowd::turn() {
    for (const epoll_event& event : epoll_.wait(std::chrono::milliseconds{5}))
        on_ready(clients_[event.data.u64], event.events);
    const Moment now = net::Clock::now();
    for (Client& client : clients_) act(client, now);
}

// What time brings.
void Crowd::act(Client& client, Moment now) {
    switch (client.phase) {
        case Client::Phase::waiting:
            if (now >= client.moment) connect(client);
            break;
        case Client::Phase::connecting:
        case Client::Phase::opening:
            if (now - client.moment > patience) lost(client);
            break;
        case Client::Phase::open:
            if (talking_ && client.joined && now >= client.next) say(client);
            break;
    }
}

// --- the connection -----------------------------------------------------------------------------

void Crowd::connect(Client& client) {
    client.socket = net::start_connect(servers_[chance() % servers_.size()]);
    if (!client.socket) return lost(client);
    client.phase = Client::Phase::connecting;
    client.moment = net::Clock::now();
    epoll_.add(client.socket.get(), net::Epoll::readable | net::Epoll::writable, client.index);
}

void Crowd::on_ready(Client& client, std::uint32_t events) {
    if (client.phase == Client::Phase::waiting) return;
    if (client.phase == Client::Phase::connecting) {
        if (net::take_error(client.socket) != 0) return lost(client);
        client.phase = Client::Phase::opening;
        client.opening = std::make_unique<ws::ClientOpening>(ws::ClientHandshake{
            .host = "localhost", .resource = "/ws", .key = key_for_handshake(pool_)});
        ws::append(client.out, ws::as_bytes(client.opening->request()));
    }
    flush(client);
    if (client.phase != Client::Phase::waiting && (events & ~net::Epoll::writable) != 0) receive(client);
}

void Crowd::flush(Client& client) {
    const ssize_t sent = ::send(client.socket.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return lost(client);
    if (sent > 0) client.out.erase(client.out.begin(), client.out.begin() + sent);
    epoll_.modify(client.socket.get(),
                  net::Epoll::readable | (client.out.empty() ? 0 : net::Epoll::writable), client.index);
}

void Crowd::receive(Client& client) {
    std::array<std::uint8_t, 64 * 1024> buffer;
    const ssize_t size = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return lost(client);
    ws::MutableBytes bytes{buffer.data(), static_cast<std::size_t>(size)};
    if (client.phase == Client::Phase::opening) {
        std::size_t taken = 0;
        const auto step = client.opening->feed(bytes, taken);
        if (step == ws::ClientOpening::Step::more) return;
        if (step == ws::ClientOpening::Step::failed) return lost(client);
        bytes = bytes.subspan(taken);
        client.opening.reset();
        client.phase = Client::Phase::open;
        client.connection.emplace(ws::Role::client, ws::Limits{}, &keys_);
        ++counters_.connections;
        json::Object hello{{"user", "c" + std::to_string(client.index)}, {"room", client.room}};
        if (!client.after.empty()) hello.push_back({"after", client.after});
        send(client, json::write(hello));
    }
    if (client.phase == Client::Phase::open) take(client, bytes);
}

void Crowd::take(Client& client, ws::MutableBytes bytes) {
    client.connection->feed(bytes);
    while (const auto event = client.connection->next(client.out)) {
        if (event->type == ws::Event::failed) fault(client, "the server broke a rule of RFC 6455");
        if (event->type == ws::Event::close && event->code == ws::close_code::going_away)
            ++counters_.drained;
        if (event->type == ws::Event::message) hear(client, ws::as_text(event->data));
    }
    flush(client);
    if (client.phase == Client::Phase::open && client.connection->state() != ws::State::open) lost(client);
}

void Crowd::lost(Client& client) {
    client.socket.close();
    client.opening.reset();
    client.connection.reset();
    client.out.clear();
    client.joined = client.sent = false;
    client.phase = Client::Phase::waiting;
    client.moment = net::Clock::now() + std::chrono::milliseconds{client.backoff.next(chance())};
}

// --- what is said and heard ---------------------------------------------------------------------

void Crowd::send(Client& client, const std::string& text) {
    client.connection->send(client.out, ws::Opcode::text, ws::as_bytes(text));
    flush(client);
}

// The message that is unanswered, if there is one and it was not said on this connection; or the next.
void Crowd::say(Client& client) {
    if (client.sent || (client.unanswered.empty() && finishing_)) return;
    if (client.unanswered.empty())
        client.unanswered = 'c' + std::to_string(client.index) + '-' + std::to_string(++client.said);
    else
        ++counters_.said_again;
    client.sent = true;
    send(client, json::write(json::Object{{"text", client.unanswered}, {"key", run_ + '-' + client.unanswered}}));
}

void Crowd::hear(Client& client, std::string_view text) {
    json::Value said;
    if (json::parse(text, said)) return fault(client, "what the server said is no JSON");
    const Moment soon = net::Clock::now() + pause_ / 2 + pause_ * (chance() % 1024) / 1024;
    const std::string* const id = said.find_string("id");
    if (said.find_string("accepted") != nullptr) {
        ++counters_.accepted;
        const auto at = redis::parse_position(*id);
        const auto [place, is_new] = accepted_[client.room].emplace(*at, client.unanswered);
        if (!is_new) fault(client, "accepted at " + *id + ", where " + place->second + " is");
        client.unanswered.clear();
        client.sent = false;
        client.next = soon;
    } else if (said.find_string("refused") != nullptr) {
        ++counters_.refused;
        client.sent = false;
        client.next = soon;
    } else if (said.find("missed") != nullptr) {
        fault(client, "was told that messages are missing: " + std::string{text});
    } else if (said.find_string("text") != nullptr && id != nullptr) {
        ++counters_.heard;
        client.after = *id;
        client.log.push_back({*redis::parse_position(*id), *said.find_string("text")});
    } else if (said.find_string("room") != nullptr && id != nullptr) {
        client.joined = true;
        client.backoff.reset();
        client.next = client.unanswered.empty() ? soon : Moment{};
        if (client.after.empty()) client.after = *id;
    } else if (const std::string* const error = said.find_string("error")) {
        fault(client, "was told: " + *error);
    }
}

// --- the verdict --------------------------------------------------------------------------------

std::size_t Crowd::joined() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(clients_, [](const Client& client) { return client.joined; }));
}

std::size_t Crowd::unanswered() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(clients_, [](const Client& client) { return !client.unanswered.empty(); }));
}

bool Crowd::all_heard() const {
    return std::ranges::all_of(clients_, [this](const Client& client) {
        const auto room = accepted_.find(client.room);
        return room == accepted_.end() || client.log.size() >= room->second.size();
    });
}

void Crowd::fault(const Client& client, std::string what) {
    faults_.push_back("client " + std::to_string(client.index) + " in " + client.room + ": " + std::move(what));
}

std::vector<std::string> Crowd::faults() const {
    std::vector<std::string> faults = faults_;
    for (const Client& client : clients_) {
        const std::string who = "client " + std::to_string(client.index) + " in " + client.room + ": ";
        const auto found = accepted_.find(client.room);
        if (found == accepted_.end()) continue;
        auto expected = found->second.begin();
        for (const Heard& heard : client.log) {
            if (expected == found->second.end()) {
                faults.push_back(who + "heard " + heard.text + " behind the last accepted message");
                break;
            }
            if (heard.at != expected->first || heard.text != expected->second) {
                faults.push_back(who + "heard " + heard.text + " at " + heard.at.text() + ", expected " +
                                 expected->second + " at " + expected->first.text());
                break;
            }
            ++expected;
        }
        if (client.log.size() < found->second.size())
            faults.push_back(who + "heard " + std::to_string(client.log.size()) + " of " +
                             std::to_string(found->second.size()) + " messages");
    }
    return faults;
}

}  // namespace chaos
