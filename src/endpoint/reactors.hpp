// One event loop a core: clients on several threads, rooms that span them. Lesson 15.
// Each loop is an endpoint::Server with its own listening socket, clients, rooms and counters, so a
// message that goes back to its sender meets no lock and no other thread. What is for clients of
// another loop goes there as a letter (endpoint/mailbox), and is sent by the loop that owns them.
// Leaves out: moving a client to another loop; one order for all that several clients say at once.
#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "endpoint/hub.hpp"
#include "endpoint/mailbox.hpp"

namespace endpoint {

// A client, whatever loop it is on; a value that any thread may keep, also when the client has gone.
struct ClientHandle {
    unsigned loop = 0;
    ConnectionId id = 0;
};

// The application on one loop; all are called on that loop's thread.
struct LoopHandlers : Handlers {
    // A member of a room was too slow (Hub).
    Hub::OnDrop on_drop{};
    // A letter came for a client that is gone or closing, so it was not sent.
    std::function<void(ConnectionId to, const ws::PreparedMessage&)> on_missed{};
};

// One of the loops, for the handlers on it.
class Reactor {
  public:
    Reactor(std::deque<Reactor>& all, unsigned number, std::size_t max_mailbox_bytes);

    unsigned number() const { return number_; }  // from 0
    ClientHandle handle(const LoopConnection& client) const { return {number_, client.id()}; }

    // The loop itself, and the members of rooms who are on it. Not before the server runs.
    Server& server() { return *server_; }
    // A client that goes leaves its room by itself.
    Hub& hub() { return *hub_; }

    // Sends a message of this client's to all in the room, on all loops: here by the end of this
    // turn, elsewhere soon. What one client says arrives in its order, everywhere. When a mailbox
    // is full we stop reading from this client until there is room: nothing is dropped.
    void broadcast(LoopConnection& from, std::string_view room, ws::Opcode type, ws::Bytes data);
    void broadcast(LoopConnection& from, std::string_view room, std::string_view text) {
        broadcast(from, room, ws::Opcode::text, ws::as_bytes(text));
    }

    // --- for Reactors ----------------------------------------------------------------------------

    void listen(ServerOptions options, LoopHandlers handlers, std::vector<net::Fd> listening);
    void run(int stop_fd);
    const Server& server() const { return *server_; }
    Mailbox& mailbox() { return mailbox_; }

  private:
    void on_mail();
    void deliver(const Letter& letter);
    void send_to_room(const SharedMessage& message);
    void send_to_client(ConnectionId to, const ws::PreparedMessage& message);
    void hold(LoopConnection& client);
    void resume_held();

    std::deque<Reactor>& all_;
    unsigned number_;
    Mailbox mailbox_;
    std::optional<Server> server_;
    std::optional<Hub> hub_;
    std::function<void(ConnectionId, const ws::PreparedMessage&)> on_missed_;
    bool encodes_itself_ = false;  // its clients may have extensions
    std::vector<Letter> letters_;  // that were taken,
    std::size_t next_ = 0;         // and how many of them are delivered
    std::vector<ConnectionId> held_;  // we do not read from them until there is room
};

// Adds each of them, the errors' too.
void add(Counters& sum, const Counters& more);

struct ReactorsOptions : ServerOptions {
    unsigned loops = 1;
    // Letters that wait for one loop.
    std::uint64_t max_mailbox_bytes = 4u << 20;
};

class Reactors {
  public:
    // Called once for each loop, here. `options` are the loop's own copy and may be changed: what is
    // for one thread only, such as extensions, has to be another object for each.
    using Make = std::function<LoopHandlers(Reactor& loop, ServerOptions& options)>;

    // Listens. The limits of connections are divided among the loops, as their clients are: by
    // chance, so that a loop may be full a little before the whole is. Throws as Server does.
    Reactors(const ReactorsOptions& options, const Make& make);
    Reactors(const Reactors&) = delete;
    Reactors& operator=(const Reactors&) = delete;

    std::uint16_t port() const { return loops_.front().server().port(); }
    unsigned loops() const { return static_cast<unsigned>(loops_.size()); }

    // Serves until `stop_fd` is readable: the first loop on this thread, each other one on its own.
    // Then each does as Server::run() does, all of them at once. When one loop fails, the others end
    // in the same way, and the exception comes out here.
    void run(int stop_fd);

    // --- for all threads -------------------------------------------------------------------------

    // The sums; each number is of this moment, but not all of the same.
    Counters counters() const;
    // Those of one loop.
    const Counters& counters(unsigned loop) const { return loops_[loop].server().counters(); }

    // Sends to one client. Ok: its loop has the letter; if the client is gone by then, on_missed is
    // called. Too slow a client is closed with 1013. Full: try again later, or drop it.
    Posted send(ClientHandle to, ws::Opcode type, ws::Bytes data);
    Posted send(ClientHandle to, std::string_view text) {
        return send(to, ws::Opcode::text, ws::as_bytes(text));
    }

    // Sends to all in the room. Waits where a mailbox is full, so it is not for handlers: those have
    // Reactor::broadcast(). Closed: the loops have ended.
    Posted broadcast(std::string_view room, ws::Opcode type, ws::Bytes data);

  private:
    void run_loop(Reactor& loop, int stop_fd);
    void fail(std::exception_ptr failure);

    std::deque<Reactor> loops_;
    std::mutex mutex_;  // guards failure_
    std::exception_ptr failure_;
};

}  // namespace endpoint
