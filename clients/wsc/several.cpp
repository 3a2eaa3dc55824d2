// Standard input and the reader of standard output are in an epoll of its own, which the server's loop
// watches as one descriptor. No input is read while one of the clients is slow: what is piped in goes to
// all, so the slowest sets the pace, until its write timeout has passed.
// RFC 6455 §7.4.1 (1000, 1001).
#include "clients/wsc/several.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "clients/wsc/door.hpp"
#include "clients/wsc/failure.hpp"
#include "clients/wsc/outgoing.hpp"
#include "endpoint/server.hpp"
#include "net/epoll.hpp"
#include "net/wake.hpp"
#include "ws/hex.hpp"

namespace wsc {

namespace {

using endpoint::LoopConnection;

class Several {
  public:
    Several(const Settings& settings, Screen& screen, const Signals& signals, History& history, Kept kept)
        : settings_{settings},
          screen_{screen},
          signals_{signals},
          history_{history},
          packets_{kept.packets},
          door_{settings},
          server_{options(), handlers(), door_.take_sockets()} {
        always_.raise();
    }

    Ending run() {
        screen_.notice("Listening on " + door_.name() + " (press CTRL+C to quit)");
        screen_.begin_prompt();
        screen_.prompt()->set_history(history_.read());
        if (const int output = screen_.watched_output(); output >= 0) ready_.add(output, 0, reader);
        server_.watch(signals_.fd(), [this] { attempt([this] { take_signals(); }); });
        server_.watch(ready_.fd(), [this] { attempt([this] { look(); }); });
        watch_input();
        const net::Wake never;
        server_.run(never.fd());
        if (failure_) std::rethrow_exception(failure_);
        return ending_;
    }

  private:
    using Number = std::uint64_t;  // of a client, from 1; never used again
    enum Tag : std::uint64_t { input, reader };

    endpoint::ServerOptions options() const {
        endpoint::ServerOptions options;
        options.path = "";
        options.any_subprotocol = true;
        options.limits.max_message_bytes = settings_.max_message_bytes;
        options.handshake_timeout = settings_.handshake_timeout;
        options.close_timeout = settings_.close_timeout;
        options.shutdown_timeout = std::min(settings_.close_timeout, std::chrono::milliseconds{1000});
        options.write_timeout = settings_.write_timeout;
        options.ping_interval = settings_.ping_interval.value_or(std::chrono::milliseconds{0});
        options.idle_timeout = 3 * options.ping_interval;
        if (settings_.trace) options.trace = [this](std::string_view line) { screen_.trace(line); };
        options.max_traced = 1;
        if (packets_ != nullptr) options.make_tap = [this] { return packets_->tap(); };
        options.admit = [this](const ws::Request&, const net::Address&) {
            return clients_.size() < settings_.clients ? ws::Errc::none : ws::Errc::too_many_connections;
        };
        return options;
    }

    endpoint::Handlers handlers() {
        endpoint::Handlers handlers;
        handlers.on_open = [this](LoopConnection& client) { attempt([&] { came(client); }); };
        handlers.on_message = [this](LoopConnection& client, const endpoint::Message& message) {
            attempt([&] {
                screen_.message(message.type, message.data, mark(client.tag));
                if (screen_.reader_gone()) leave(ws::close_code::normal);
            });
        };
        handlers.on_drain = [this](LoopConnection& client) {
            attempt([&] {
                slow_.erase(client.tag);
                read_input();
            });
        };
        handlers.on_close = [this](LoopConnection& client, const endpoint::Error& error) {
            attempt([&] { went(client, error); });
        };
        handlers.on_log = [this](const net::Address&, std::string_view line) {
            if (settings_.trace) screen_.trace(ws::escape(line));
        };
        return handlers;
    }

    // What fails here, fails for all: they are told that we go.
    template <typename Body>
    void attempt(Body body) {
        try {
            body();
        } catch (const Interrupted&) {
            throw;
        } catch (...) {
            if (!failure_) failure_ = std::current_exception();
            leave(ws::close_code::going_away);
        }
    }

    // --- clients ---------------------------------------------------------------------------------

    void came(LoopConnection& client) {
        client.tag = ++last_;
        clients_.emplace(last_, client.id());
        const std::string who = "Client " + std::to_string(last_) + " connected";
        if (!screen_.interactive())
            screen_.notice(who);
        else if (clients_.size() == 1)
            screen_.notice("Client connected");
        else
            screen_.notice(who + " (/to " + std::to_string(last_) + " TEXT is for this one, /clients lists all)");
        read_input();
    }

    void went(LoopConnection& client, const endpoint::Error& error) {
        using Kind = endpoint::Error::Kind;
        const std::string whose = mark(client.tag);
        if (error.kind == Kind::rule)
            screen_.error(whose + "Invalid WebSocket frame: " + std::string{ws::rule(error.rule).sentence});
        if (error.kind == Kind::timed_out && !leaving_) screen_.error(whose + error.reason);
        const bool lost = error.kind == Kind::lost || error.kind == Kind::timed_out;
        if (lost && (client.backlog() > 0 || slow_.contains(client.tag))) {
            screen_.error(whose + "not all messages were sent: the connection has ended");
            ending_.input_refused = !screen_.interactive();
        }
        const bool closed = error.kind == Kind::closed;
        if (!leaving_)
            screen_.notice(whose + "Disconnected (code: " +
                           std::to_string(closed ? error.code : ws::close_code::abnormal) + ", reason: \"" +
                           ws::escape(closed ? error.reason : "") + "\")");
        clients_.erase(client.tag);
        slow_.erase(client.tag);
        const bool hold = settings_.wait && settings_.wait->count() < 0;
        if (clients_.empty() && !hold && has_nothing_to_say()) return leave(ws::close_code::normal);
        read_input();
    }

    // Whose line it is. A program that reads a pipe gets it always; it cannot know how many there are.
    std::string mark(Number number) const {
        const bool alone = screen_.interactive() && clients_.size() < 2;
        return alone ? "" : std::to_string(number) + ": ";
    }

    // --- the input -------------------------------------------------------------------------------

    // What is piped in waits for a client, and for those who are slow.
    bool takes_input() const {
        return !input_ended_ && !leaving_ && slow_.empty() && (screen_.interactive() || !clients_.empty());
    }

    void read_input() {
        while (takes_input()) {
            if (auto line = screen_.prompt()->next_buffered())
                obey(*std::move(line));
            else if (screen_.prompt()->at_end())
                end_of_input();
            else
                break;
        }
        watch_input();
    }

    void watch_input() {
        if (watched_ == takes_input()) return;
        watched_ = !watched_;
        if (!watched_) return ready_.remove(input_fd_);
        try {
            ready_.add(input_fd_, net::Epoll::readable, input);
        } catch (const std::system_error& error) {
            // A file can always be read, and epoll(7) takes none.
            if (error.code() != std::errc::operation_not_permitted) throw;
            input_fd_ = always_.fd();
            ready_.add(input_fd_, net::Epoll::readable, input);
        }
    }

    void look() {
        for (const epoll_event& event : ready_.wait(std::chrono::milliseconds{0})) {
            if (event.data.u64 == reader) return leave(ws::close_code::normal);
            if (!watched_) continue;
            screen_.prompt()->fill();
            read_input();
        }
    }

    // A pipe's end means "that was all", and those who are here may go on speaking; Ctrl-D means "I
    // leave".
    void end_of_input() {
        input_ended_ = true;
        if (screen_.interactive()) leave(ws::close_code::normal);
    }

    // The last client has left: had the input ended, too? A server with nothing left to say serves no
    // other.
    bool has_nothing_to_say() {
        pollfd ready{STDIN_FILENO, POLLIN, 0};
        if (!input_ended_ && !screen_.interactive() && ::poll(&ready, 1, 0) == 1) screen_.prompt()->fill();
        return input_ended_ || screen_.prompt()->exhausted();
    }

    void obey(std::string line) {
        screen_.typed(line);
        if (screen_.interactive() && !history_.add(line)) screen_.error(history_.error());
        try {
            // One message that is all of a pipe holds no commands.
            const bool may_command = !settings_.raw || screen_.interactive();
            if (may_command && line == "/clients") {
                screen_.answer(list_of_clients());
            } else {
                const auto receiver = may_command ? take_receiver(line) : std::nullopt;
                send_to(receiver, std::move(line));
            }
        } catch (const LineRefused& refused) {
            screen_.error(refused.what());
            ending_.input_refused = !screen_.interactive();
        }
    }

    std::string list_of_clients() {
        std::string list;
        for (const auto& [number, id] : clients_) {
            list += (list.empty() ? "" : "\n") + std::to_string(number);
            if (const LoopConnection* client = server_.find(id); client != nullptr && settings_.listen_path.empty())
                list += "  " + client->address().to_string();
        }
        return list.empty() ? "no client is connected" : list;
    }

    // "/to 2 hello" becomes "hello". Throws LineRefused when there is no such client.
    std::optional<Number> take_receiver(std::string& line) const {
        constexpr std::string_view command = "/to ";
        if (!line.starts_with(command)) return std::nullopt;
        const std::size_t end = std::min(line.find(' ', command.size()), line.size());
        const std::string name = line.substr(command.size(), end - command.size());
        Number number = 0;
        const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (error != std::errc{} || stop != name.data() + name.size() || !clients_.contains(number))
            throw LineRefused{"there is no client '" + ws::escape(name, 40) + "'; /clients lists them"};
        line.erase(0, std::min(end + 1, line.size()));
        return number;
    }

    // To this one, or to all.
    void send_to(std::optional<Number> receiver, std::string line) {
        const Outgoing what = read_line(settings_, screen_.interactive(), std::move(line));
        if (clients_.empty()) throw LineRefused{"no client is connected"};
        for (const auto& [number, id] : clients_)
            if (LoopConnection* client = server_.find(id); client != nullptr && number == receiver.value_or(number))
                send(*client, what);
    }

    void send(LoopConnection& client, const Outgoing& what) {
        const ws::Bytes bytes = ws::as_bytes(what.bytes);
        switch (what.kind) {
            case Outgoing::message:
                if (client.send(what.opcode, bytes) == endpoint::Sent::slow) slow_.insert(client.tag);
                break;
            case Outgoing::ping: client.ping(bytes); break;
            case Outgoing::pong: client.pong(bytes); break;
            case Outgoing::close: client.close(what.code, what.bytes); break;
        }
    }

    // --- the end ---------------------------------------------------------------------------------

    void take_signals() {
        while (const auto number = signals_.next()) {
            screen_.follow_terminal(*number);
            if (!Signals::asks_to_leave(*number)) continue;
            // The second time at once.
            if (leaving_) throw Interrupted{*number};
            ending_.signal = *number;
            leave(*number == SIGINT ? ws::close_code::normal : ws::close_code::going_away);
        }
    }

    void leave(ws::CloseCode code) {
        leaving_ = true;
        server_.for_each_open([code](LoopConnection& client) { client.close(code); });
        server_.stop();
        watch_input();
    }

    const Settings& settings_;
    Screen& screen_;
    const Signals& signals_;
    History& history_;
    cli::Capture* packets_;
    Door door_;
    net::Epoll ready_;
    net::Wake always_;  // readable, for an input that epoll does not take
    int input_fd_ = STDIN_FILENO;
    std::map<Number, endpoint::ConnectionId> clients_;
    std::set<Number> slow_;  // what was sent to them waits: no input is read until it has gone
    Number last_ = 0;
    bool watched_ = false;  // the input
    bool input_ended_ = false;
    bool leaving_ = false;
    std::exception_ptr failure_;
    Ending ending_{.code = ws::close_code::normal};
    endpoint::Server server_;
};

}  // namespace

Ending listen_to_several(const Settings& settings, Screen& screen, const Signals& signals,
                         History& history, Kept kept) {
    return Several{settings, screen, signals, history, kept}.run();
}

}  // namespace wsc
