// The programs' pipes are in an epoll of its own, which the server's loop watches as one descriptor.
// Nothing is kept for whoever is slow: a client that does not read stops its program's output, and a
// program that does not read stops its client. RFC 6455 §7.4.1 (1000, 1011).
#include "clients/wsc/serving.hpp"

#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <map>

#include "clients/wsc/child.hpp"
#include "clients/wsc/failure.hpp"
#include "endpoint/server.hpp"
#include "net/epoll.hpp"
#include "net/wake.hpp"
#include "terminal/job.hpp"
#include "ws/hex.hpp"
#include "ws/utf8.hpp"

namespace wsc {

namespace {

// How long a program has between SIGHUP and SIGKILL.
constexpr std::chrono::seconds farewell{2};

class Serving {
  public:
    Serving(const Settings& settings, Screen& screen, const Signals& signals)
        : settings_{settings}, screen_{screen}, signals_{signals}, server_{options(), handlers()} {}

    Ending run() {
        screen_.notice("Listening on port " + std::to_string(server_.port()) + " (press CTRL+C to quit)");
        server_.watch(signals_.fd(), [this] { take_signals(); });
        server_.watch(ready_.fd(), [this] { look(std::chrono::milliseconds{0}); });
        const net::Wake never;
        server_.run(never.fd());
        while (!programs_.empty()) look(std::nullopt);
        return ending_;
    }

  private:
    // A client and its program. The program may outlive it for a moment.
    struct Program {
        Program(const std::string& command, const endpoint::LoopConnection& of,
                const std::vector<std::pair<std::string, std::string>>& variables)
            : client{of.id()}, child{command, variables} {}
        endpoint::ConnectionId client;
        Child child;
        net::Fd timer{};         // until SIGKILL, once the client has gone
        bool reads_output = true;  // epoll looks at it
        bool awaits_input = false;
        bool gone = false;  // the client
    };
    using Programs = std::map<std::uint64_t, Program>;
    // What of a program is ready: the last two bits of its tag.
    enum Part : std::uint64_t { output, input, process, timer };

    endpoint::ServerOptions options() const {
        endpoint::ServerOptions options;
        options.host = settings_.host.empty() ? "localhost" : settings_.host;
        options.port = *settings_.listen;
        options.path = "";
        options.limits.max_message_bytes = settings_.max_message_bytes;
        options.handshake_timeout = settings_.handshake_timeout;
        options.close_timeout = options.shutdown_timeout = settings_.close_timeout;
        options.write_timeout = settings_.write_timeout;
        if (settings_.ping_interval) {
            options.ping_interval = *settings_.ping_interval;
            options.idle_timeout = 3 * *settings_.ping_interval;
        }
        if (settings_.trace) options.trace = [this](std::string_view line) { screen_.trace(line); };
        // Whose page it is that a program works for, is checked as on every server of ours (§10.2).
        options.admit = [this, same_host = options.admit](const ws::Request& request, const net::Address& peer) {
            if (programs_.size() >= settings_.max_programs) return ws::Errc::too_many_connections;
            return same_host(request, peer);
        };
        return options;
    }

    endpoint::Handlers handlers() {
        endpoint::Handlers handlers;
        handlers.on_request = [this](endpoint::LoopConnection& client, const ws::Request& request) {
            start(client, request);
        };
        handlers.on_open = [](endpoint::LoopConnection& client) {
            if (client.tag == 0)
                client.close(ws::close_code::try_again_later, "no program could be started");
        };
        handlers.on_message = [this](endpoint::LoopConnection& client, const endpoint::Message& message) {
            const auto found = programs_.find(client.tag);
            if (found == programs_.end()) return;
            found->second.child.give(ws::as_text(message.data));
            watch_input(*found);
        };
        handlers.on_drain = [this](endpoint::LoopConnection& client) {
            const auto found = programs_.find(client.tag);
            if (found != programs_.end()) read_output(*found, true);
        };
        handlers.on_close = [this](endpoint::LoopConnection& client, const endpoint::Error& error) {
            screen_.notice("Disconnected " + client.address().to_string() + ": " + error.message());
            if (const auto found = programs_.find(client.tag); found != programs_.end()) hang_up(*found);
        };
        handlers.on_log = [this](const net::Address& who, std::string_view line) {
            screen_.error(who.to_string() + ": " + ws::escape(line));
        };
        return handlers;
    }

    void start(endpoint::LoopConnection& client, const ws::Request& request) {
        const std::uint64_t key = ++last_;
        const std::string_view target = request.target;
        const std::size_t question = std::min(target.find('?'), target.size());
        try {
            const auto [place, made] = programs_.try_emplace(
                key, settings_.run, client,
                std::vector<std::pair<std::string, std::string>>{
                    {"REMOTE_ADDR", client.address().ip()},
                    {"PATH_INFO", std::string{target.substr(0, question)}},
                    {"QUERY_STRING", std::string{target.substr(std::min(question + 1, target.size()))}}});
            const Child& child = place->second.child;
            ready_.add(child.output(), net::Epoll::readable, tag(key, output));
            ready_.add(child.process(), net::Epoll::readable, tag(key, process));
            client.tag = key;
            screen_.notice("Client connected " + client.address().to_string());
        } catch (const std::system_error& error) {
            programs_.erase(key);
            screen_.error(std::string{"--run: "} + error.what());
        }
    }

    static std::uint64_t tag(std::uint64_t key, Part part) { return key << 2 | part; }

    // What programs have said, read and done.
    void look(std::optional<std::chrono::milliseconds> most) {
        for (const epoll_event& event : ready_.wait(most)) {
            const auto found = programs_.find(event.data.u64 >> 2);
            if (found == programs_.end()) continue;  // it ended earlier in this turn
            switch (static_cast<Part>(event.data.u64 & 3)) {
                case output: forward(*found); break;
                case input:
                    found->second.child.flush();
                    watch_input(*found);
                    break;
                case process: ended(*found); break;
                case timer: found->second.child.kill(); break;
            }
        }
    }

    // Its lines to its client. False when there will be no more.
    bool forward(Programs::value_type& entry) {
        Program& program = entry.second;
        std::vector<std::string> lines;
        const bool more = program.child.take_lines(lines);
        endpoint::LoopConnection* client = program.gone ? nullptr : server_.find(program.client);
        for (const std::string& line : lines) {
            if (client == nullptr) break;
            // RFC 6455 §5.6: a text is UTF-8. What is none may still be wanted.
            const ws::Bytes bytes = ws::as_bytes(line);
            const auto sent = client->send(ws::is_utf8(bytes) ? ws::Opcode::text : ws::Opcode::binary, bytes);
            if (sent == endpoint::Sent::slow) read_output(entry, false);
        }
        if (client != nullptr && program.child.babbles()) {
            client->close(ws::close_code::internal_error, "a line of more than 1 MiB");
            read_output(entry, false);
        }
        if (!more) read_output(entry, false);
        return more;
    }

    void read_output(Programs::value_type& entry, bool on) {
        if (entry.second.reads_output == on) return;
        entry.second.reads_output = on;
        if (on)
            ready_.add(entry.second.child.output(), net::Epoll::readable, tag(entry.first, output));
        else
            ready_.remove(entry.second.child.output());
    }

    // As long as lines wait for the program, its client is not read.
    void watch_input(Programs::value_type& entry) {
        Program& program = entry.second;
        const bool waits = program.child.waiting();
        if (program.awaits_input == waits) return;
        program.awaits_input = waits;
        // Only then: without any event, that nobody reads it would still be reported, again and again.
        if (waits)
            ready_.add(program.child.input(), net::Epoll::writable, tag(entry.first, input));
        else if (program.child.input() >= 0)
            ready_.remove(program.child.input());
        endpoint::LoopConnection* client = program.gone ? nullptr : server_.find(program.client);
        if (client == nullptr) return;
        waits ? client->pause() : client->resume();
    }

    // What it had still printed goes first. A pipe holds 64 KiB; whoever holds it open besides is not
    // waited for.
    void ended(Programs::value_type& entry) {
        const std::optional<int> status = entry.second.child.reap();
        if (!status) return;
        for (int reads = 0; reads < 32 && forward(entry); ++reads) continue;
        endpoint::LoopConnection* client = entry.second.gone ? nullptr : server_.find(entry.second.client);
        if (client != nullptr) {
            client->tag = 0;
            const bool well = *status == 0;
            client->close(well ? ws::close_code::normal : ws::close_code::internal_error,
                          well ? "" : "the program has ended with status " + std::to_string(*status));
        }
        programs_.erase(entry.first);
    }

    // Its client has gone.
    void hang_up(Programs::value_type& entry) {
        Program& program = entry.second;
        program.gone = true;
        program.child.hang_up();
        read_output(entry, true);  // and dropped: it must not wait for us with its end
        program.timer = net::Fd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
        itimerspec once{};
        once.it_value.tv_sec = farewell.count();
        ::timerfd_settime(program.timer.get(), 0, &once, nullptr);
        ready_.add(program.timer.get(), net::Epoll::readable, tag(entry.first, timer));
    }

    void take_signals() {
        while (const auto number = signals_.next()) {
            if (*number == SIGTSTP) terminal::stop_process();
            if (!Signals::asks_to_leave(*number)) continue;
            // The second time at once: the programs' own time is over, too.
            for (auto& [key, program] : programs_)
                if (ending_.signal) program.child.kill();
            ending_.signal = *number;
            server_.stop();
        }
    }

    const Settings& settings_;
    Screen& screen_;
    const Signals& signals_;
    net::Epoll ready_;
    Programs programs_;
    std::uint64_t last_ = 0;
    Ending ending_{.code = ws::close_code::normal};
    endpoint::Server server_;
};

}  // namespace

Ending serve_programs(const Settings& settings, Screen& screen, const Signals& signals) {
    try {
        return Serving{settings, screen, signals}.run();
    } catch (const std::system_error& error) {
        throw PeerFailure{std::string{"listen "} + error.what()};
    }
}

}  // namespace wsc
