// What the scenarios of lesson 16 share: a Redis that the judge plays, and people in a chat.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lessons/tools/check/check.hpp"

namespace check {

// So much of Redis as a server of this lesson uses, for one room, in RESP3. Nothing happens in it unless the
// judge lets it: serve().
class Redis {
  public:
    explicit Redis(Run& run) : run_{run}, host_{run} {}
    ~Redis();
    Redis(const Redis&) = delete;
    Redis& operator=(const Redis&) = delete;

    std::string address() const { return "127.0.0.1:" + std::to_string(host_.port()); }

    // Carries out what comes within this time.
    void serve(Milliseconds time);

    // --- what happens ---------------------------------------------------------------------------
    void add(int number, std::string words);  // somebody of another server says something
    void forget_before(int number);           // the oldest entries go
    void end_connections();
    bool away = false;            // whoever connects is hung up on
    bool replica = false;         // as HELLO tells
    bool lose_next_reply = false; // to the next message, which is added
    std::size_t wait_for = 0;     // so many messages on a connection, before the first is carried out
    bool hold_ranges = false;     // XRANGE is answered by release()
    bool hold_additions = false;  // and what adds a message, which is added
    void release();
    bool hold_entries = false;    // XREAD is not answered

    // --- what was seen --------------------------------------------------------------------------
    std::size_t entries() const { return entries_.size(); }
    int additions = 0;            // of messages, also of one that is known
    int greetings = 0;            // HELLO
    int asked_a_replica = 0;      // anything else than HELLO
    int ranges = 0;               // XRANGE

  private:
    struct Entry {
        int number;
        std::string words;  // the JSON of a message
    };
    struct Link {
        int fd;
        std::string in{};
        std::string held{};            // replies that are held, and those after them
        std::string out{};             // what the server has not taken yet
        bool waits = false;            // in XREAD
        long after = 0;
        std::string log{};             // the stream that it waits for
        bool ended = false;
    };
    using Words = std::vector<std::string>;

    void accept();
    void read(Link& link);
    void carry_out(Link& link, const Words& words);
    std::string added(const Words& words);
    std::string range(long after, std::size_t most = 1'000'000) const;
    std::string greeting();
    void wake();
    void send(Link& link, const std::string& bytes);
    static void flush(Link& link);

    Run& run_;
    Host host_;
    std::vector<std::unique_ptr<Link>> links_;
    std::deque<Entry> entries_;
    std::vector<std::pair<std::string, int>> known_;  // key, number
    std::set<std::string> said_;                      // steps that have been shown
    int last_ = 0;
};

// The text of a JSON member, naive: enough for what a chat server writes. Empty: there is none.
std::string member(std::string_view json, std::string_view name);

// The position of an entry of the judge's Redis, and the words of one that somebody said.
std::string position(int number);
std::string words_of(std::string_view user, std::string_view text);

// Somebody in the chat, whose server talks to this Redis.
class Person {
  public:
    Person(Run& run, Redis& redis, Server& server, std::string name, std::string after = "");

    void send(std::string_view json) { peer.send(text(json).masked(run_.key())); }
    // The next message that has this member; others are kept for heard(). `why` is said when none comes.
    std::string next_with(std::string_view name, std::string_view why);
    // The next entry, or word of a gap: "17 hi", "missed 3", "missed null".
    std::string heard(std::string_view why);
    void expect_heard(std::string_view expected, std::string_view why);
    // No entry comes.
    void expect_nothing(std::string_view why);

    Peer peer;

  private:
    bool next(std::string& message, Milliseconds patience);
    bool next_kept(std::string& message);

    Run& run_;
    Redis& redis_;
    std::string name_;
    std::deque<std::string> kept_{};  // came while something else was waited for
};

}  // namespace check
