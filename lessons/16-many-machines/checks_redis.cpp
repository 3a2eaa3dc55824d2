// The Redis that the judge plays, and people in a chat.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "lessons/16-many-machines/checks.hpp"

namespace check {

namespace {

constexpr std::string_view stem = "1767225600000-";

std::string bulk(std::string_view value) {
    return '$' + std::to_string(value.size()) + "\r\n" + std::string{value} + "\r\n";
}
std::string array(std::size_t size) { return '*' + std::to_string(size) + "\r\n"; }
std::string map(std::size_t size) { return '%' + std::to_string(size) + "\r\n"; }

// "1767225600000-17": 17. Of another time it is before all of ours, or after.
long id_number(std::string_view id) {
    if (id.starts_with(stem)) return std::atol(std::string{id.substr(stem.size())}.c_str());
    return std::atol(std::string{id}.c_str()) < std::atol(std::string{stem}.c_str()) ? 0 : 1'000'000;
}

// A whole command off the front; empty: it is not complete.
std::vector<std::string> take_command(std::string& in) {
    std::size_t at = 0;
    const auto number = [&](char sign) -> long {
        const std::size_t end = in.find("\r\n", at);
        if (end == std::string::npos || in[at] != sign) return -1;
        const long value = std::atol(in.c_str() + at + 1);
        at = end + 2;
        return value;
    };
    const long count = in.empty() ? -1 : number('*');
    std::vector<std::string> words;
    for (long i = 0; i < count; ++i) {
        const long size = at < in.size() ? number('$') : -1;
        if (size < 0 || in.size() < at + static_cast<std::size_t>(size) + 2) return {};
        words.push_back(in.substr(at, static_cast<std::size_t>(size)));
        at += static_cast<std::size_t>(size) + 2;
    }
    if (!words.empty()) in.erase(0, at);
    return words;
}

}  // namespace

std::string position(int number) {
    return std::string{stem} + std::to_string(number) + '/' + std::to_string(number);
}

std::string words_of(std::string_view user, std::string_view text) {
    return "{\"user\":\"" + std::string{user} + "\",\"text\":\"" + std::string{text} +
           "\",\"time\":\"2026-01-01T12:00:00Z\"}";
}

// --- Redis --------------------------------------------------------------------------------------

Redis::~Redis() {
    for (const auto& link : links_) ::close(link->fd);
}

void Redis::serve(Milliseconds time) {
    const Deadline deadline = in(time);
    do {
        std::vector<pollfd> ready{{host_.fd(), POLLIN, 0}};
        for (const auto& link : links_) ready.push_back({link->fd, static_cast<short>(link->out.empty() ? POLLIN : POLLIN | POLLOUT), 0});
        ::poll(ready.data(), ready.size(), 5);
        for (std::size_t i = 1; i < ready.size(); ++i)
            if ((ready[i].revents & ~POLLOUT) != 0) read(*links_[i - 1]);
        for (const auto& link : links_) flush(*link);
        if (ready[0].revents != 0) accept();
        wake();
        std::erase_if(links_, [](const auto& link) {
            if (link->ended) ::close(link->fd);
            return link->ended;
        });
    } while (std::chrono::steady_clock::now() < deadline);
}

void Redis::accept() {
    const int fd = ::accept4(host_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    links_.push_back(std::make_unique<Link>(Link{.fd = fd}));
    links_.back()->ended = away;
}

void Redis::read(Link& link) {
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(link.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0) {
        link.ended = true;
        return;
    }
    link.in.append(buffer.data(), static_cast<std::size_t>(size));
    std::size_t messages = 0;
    for (auto at = link.in.find(R"("text":)"); at != link.in.npos; at = link.in.find(R"("text":)", at + 1)) ++messages;
    if (messages > 0 && messages < wait_for) return;
    if (messages > 0) wait_for = 0;
    for (auto words = take_command(link.in); !words.empty() && !link.ended; words = take_command(link.in))
        carry_out(link, words);
}

// After a reply that is held, for replies come in the order of what was asked.
void Redis::send(Link& link, const std::string& bytes) {
    if (!link.held.empty())
        link.held += bytes;
    else
        link.out += bytes;
    flush(link);
}

// As much as is taken. Whoever has gone is seen by the next read.
void Redis::flush(Link& link) {
    if (link.out.empty()) return;
    const ssize_t sent = ::send(link.fd, link.out.data(), link.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) link.out.erase(0, static_cast<std::size_t>(sent));
}

std::string Redis::greeting() {
    ++greetings;
    return map(3) + bulk("server") + bulk("redis") + bulk("id") + ":7\r\n" + bulk("role") +
           bulk(replica ? "replica" : "master");
}

void Redis::carry_out(Link& link, const Words& words) {
    const std::string& name = words[0];
    if (name == "HELLO") return send(link, greeting());
    if (replica) {
        ++asked_a_replica;
        return send(link, "-READONLY You can't write against a read only replica.\r\n");
    }
    if (name == "EVAL" && words.size() == 9 && words[1].find("XADD") != std::string::npos) {
        const std::string reply = added(words);
        if (hold_additions) {
            link.held += reply;
            return;
        }
        if (!lose_next_reply) return send(link, reply);
        run_.step("Redis adds the message, and the connection breaks before its answer");
        lose_next_reply = false;
        link.ended = true;
    } else if (name == "EVAL") {
        send(link, array(0));
    } else if (name == "XREVRANGE") {
        send(link, entries_.empty() ? array(0) : range(last_ - 1));
    } else if (name == "XRANGE") {
        ++ranges;
        // XRANGE log from + COUNT most
        const std::string reply = range(id_number(words[2]) - 1, std::stoul(words.at(5)));
        if (hold_ranges)
            link.held += reply;
        else
            send(link, reply);
    } else if (name == "XREAD") {
        link.waits = true;
        link.log = words[words.size() / 2 + 2];  // for one log: ... STREAMS log id
        link.after = id_number(words.back());
    } else if (name == "CLIENT") {
        bool woken = false;
        for (const auto& each : links_)
            if (std::exchange(each->waits, false)) send(*each, "_\r\n"), woken = true;
        send(link, woken ? ":1\r\n" : ":0\r\n");
    } else {
        send(link, "-ERR unknown command\r\n");
    }
}

// EVAL script 2 log said most text keep_room keep_key
std::string Redis::added(const Words& words) {
    ++additions;
    for (const auto& [key, number] : known_)
        if (key == words[4]) return bulk(position(number));
    entries_.push_back({++last_, words[6]});
    known_.emplace_back(words[4], last_);
    return bulk(position(last_));
}

std::string Redis::range(long after, std::size_t most) const {
    std::string all;
    std::size_t count = 0;
    for (const Entry& entry : entries_) {
        if (entry.number <= after || count == most) continue;
        const std::string at = position(entry.number);
        ++count;
        all += array(2) + bulk(at.substr(0, at.find('/'))) + array(4) + bulk("n") +
               bulk(std::to_string(entry.number)) + bulk("text") + bulk(entry.words);
    }
    return array(count) + all;
}

void Redis::wake() {
    if (hold_entries) return;
    for (const auto& link : links_) {
        if (!link->waits || link->ended || link->after >= last_) continue;
        link->waits = false;
        send(*link, map(1) + bulk(link->log) + range(link->after));
    }
}

void Redis::add(int number, std::string words) {
    last_ = number;
    entries_.push_back({number, std::move(words)});
}

void Redis::forget_before(int number) {
    while (!entries_.empty() && entries_.front().number < number) entries_.pop_front();
}

void Redis::end_connections() {
    for (const auto& link : links_) link->ended = true;
}

void Redis::release() {
    hold_ranges = hold_additions = false;
    for (const auto& link : links_) send(*link, std::exchange(link->held, {}));
}

// --- people -------------------------------------------------------------------------------------

std::string member(std::string_view json, std::string_view name) {
    const std::string start = '"' + std::string{name} + "\":";
    const std::size_t at = json.find(start);
    if (at == std::string_view::npos) return "";
    std::string_view rest = json.substr(at + start.size());
    if (!rest.starts_with('"')) return std::string{rest.substr(0, rest.find_first_of(",}"))};
    rest.remove_prefix(1);
    return std::string{rest.substr(0, rest.find('"'))};
}

Person::Person(Run& run, Redis& redis, Server& server, std::string name, std::string after)
    : peer{run, server}, run_{run}, redis_{redis}, name_{std::move(name)} {
    peer.open();
    send("{\"user\":\"" + name_ + "\",\"room\":\"lobby\"" +
         (after.empty() ? "" : ",\"after\":\"" + after + '"') + '}');
    next_with("rooms", name_ + " has said a name and a room: the answer is who is there");
}

bool Person::next(std::string& message, Milliseconds patience) {
    const Deadline deadline = in(patience);
    for (;;) {
        const Seen seen = read_frame(peer.received());
        if (seen.whole) {
            message = seen.text();
            run_.show_frames(Way::from_server, Bytes{peer.received()}.first(seen.size));
            peer.drop(seen.size);
            return true;
        }
        if (std::chrono::steady_clock::now() > deadline) return false;
        redis_.serve(Milliseconds{5});
        peer.read(Milliseconds{5});
        if (peer.ended()) peer.fail(Verdict::closed_early, "the server has ended " + name_ + "'s connection");
    }
}

bool Person::next_kept(std::string& message) {
    if (kept_.empty()) return false;
    message = kept_.front();
    kept_.pop_front();
    return true;
}

std::string Person::next_with(std::string_view name, std::string_view why) {
    std::string message;
    while (next(message, run_.patience() * 2)) {
        if (!member(message, name).empty()) return message;
        kept_.push_back(message);
    }
    peer.fail(Verdict::timed_out, std::string{why} + "; no message with \"" + std::string{name} + "\" came");
}

std::string Person::heard(std::string_view why) {
    std::string message;
    while (next_kept(message) || next(message, run_.patience() * 2)) {
        if (const std::string missed = member(message, "missed"); !missed.empty()) return "missed " + missed;
        const std::string id = member(message, "id"), text = member(message, "text");
        if (!text.empty() && !id.empty()) return id.substr(id.find('/') + 1) + ' ' + text;
    }
    peer.fail(Verdict::timed_out, name_ + " hears nothing: " + std::string{why});
}

void Person::expect_heard(std::string_view expected, std::string_view why) {
    const std::string got = heard(why);
    if (got == expected) return;
    peer.fail(Verdict::wrong, name_ + " hears " + quote(got) + ", expected " + quote(expected) + ": " +
                                  std::string{why});
}

void Person::expect_nothing(std::string_view why) {
    std::string message;
    while (next_kept(message) || next(message, Milliseconds{300}))
        if (!member(message, "text").empty() || !member(message, "missed").empty())
            peer.fail(Verdict::wrong, name_ + " hears " + quote(message, 100) + ": " + std::string{why});
}

}  // namespace check
