// A Redis of our own in a thread: so much of it as the backplane uses, and every accident that a
// test wants to happen at a certain moment. The real one is in tests/endpoint/real_redis_test.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/socket.hpp"
#include "net/wake.hpp"
#include "redis/reply_reader.hpp"

namespace test {

class FakeRedis {
  public:
    FakeRedis() { start(); }
    ~FakeRedis() { stop(); }
    FakeRedis(const FakeRedis&) = delete;
    FakeRedis& operator=(const FakeRedis&) = delete;

    net::Address address() const;

    // Ends all connections and is away, on the same port and with the same data, until start().
    void stop();
    void start();

    // What happens from now on; each may be called while it runs.
    void cut_replies(std::size_t bytes) { set([&] { cut_ = bytes; }); }  // each piece on its own
    void lose_next_reply() { set([&] { lose_reply_ = true; }); }  // to EVAL, which is carried out
    // The next reply to such a command, and all behind it on that connection, wait for release_replies().
    void hold_reply_to(std::string command) { set([&] { hold_ = std::move(command); }); }
    void release_replies();
    void refuse_everything(std::string error) { set([&] { refusal_ = std::move(error); }); }
    // RESP3 on HELLO 3; RESP2 and no other; or as old as before HELLO, and then with no users.
    enum class Speaks { resp3, resp2, no_hello };
    void speak(Speaks what) { set([&] { speaks_ = what; }); }
    void chatter(bool chatter) { set([&] { chatter_ = chatter; }); }  // a push and an attribute before each reply
    void be_replica(bool replica) { set([&] { replica_ = replica; }); }
    void want_password(std::string user, std::string password) {
        set([&] { user_ = std::move(user), password_ = std::move(password); });
    }
    void fall_silent(bool silent) { set([&] { silent_ = silent; }); }
    void lose_last_entries(std::size_t count);  // of every log
    void forget_oldest_entries(std::size_t left);  // so many of every log stay
    void end_connections();

    // What was seen.
    std::size_t entries(const std::string& log);
    std::size_t commands(const std::string& name);
    std::size_t waiting();  // in an XREAD

  private:
    struct Entry {
        std::string id, number, text;
        std::uint64_t place;
    };
    struct Waiting {
        std::vector<std::pair<std::string, std::string>> logs;  // key, id
        net::Clock::time_point until;
    };
    struct Client {
        net::Fd socket;
        std::int64_t id;
        bool resp3 = false;
        redis::ReplyReader reader{};
        bool allowed = false;
        bool holds = false;
        std::string held{};
        bool ended = false;
        std::unique_ptr<Waiting> waiting{};
        std::deque<redis::Reply> commands{};  // behind the one that waits
    };
    using Words = std::vector<redis::Reply>;

    template <typename Body>
    void set(Body body) {
        const std::lock_guard lock{mutex_};
        body();
        changed_.raise();
    }
    void run();
    void read(Client& client);
    void carry_out(Client& client);
    std::string answer(Client& client, const Words& words);
    std::string hello(Client& client, const Words& words);
    std::string auth(Client& client, const Words& words);
    std::string add_once(Client& client, const Words& words);
    std::string here(const Words& words);
    std::string range(const std::string& log, std::string_view from, std::size_t most) const;
    std::string last(const std::string& log) const;
    std::string client_command(const Client& client, const Words& words);
    static std::string nothing(const Client& client) { return client.resp3 ? "_\r\n" : "*-1\r\n"; }
    void wake_waiting();
    void send(Client& client, const std::string& reply);
    void write(Client& client, const std::string& bytes);

    std::mutex mutex_;
    net::Wake changed_;
    std::unique_ptr<net::Listener> listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
    bool stopping_ = false;
    std::vector<std::unique_ptr<Client>> clients_;
    std::int64_t next_id_ = 1;
    std::map<std::string, std::vector<Entry>> logs_;
    std::map<std::string, std::string> said_;
    std::map<std::string, std::map<std::string, std::string>> here_;
    std::map<std::string, std::size_t> seen_;
    std::uint64_t place_ = 0;
    std::size_t cut_ = 0;
    Speaks speaks_ = Speaks::resp3;
    bool lose_reply_ = false, replica_ = false, silent_ = false, chatter_ = false;
    std::string refusal_, user_, password_, hold_;
};

}  // namespace test
