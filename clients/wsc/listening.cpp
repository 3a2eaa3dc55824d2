// A loop around sessions: between two of them it waits for the next client.
// The listening sockets are watched during a session, too, so that nobody else is left waiting.
// Leaves out: handshakes beside one another; a client that is slow with its own holds up the next,
// for as long as the handshake's timeout allows.
#include "clients/wsc/listening.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "clients/wsc/door.hpp"
#include "clients/wsc/failure.hpp"
#include "net/os_error.hpp"
#include "ws/handshake.hpp"

namespace wsc {

namespace {

class Listening {
  public:
    Listening(const Settings& settings, Screen& screen, const Signals& signals, History& history,
              Kept kept)
        : settings_{settings},
          screen_{screen},
          signals_{signals},
          history_{history},
          kept_{kept},
          door_{settings} {}

    Ending run() {
        screen_.notice("Listening on " + door_.name() + " (press CTRL+C to quit)");
        screen_.begin_prompt();
        screen_.prompt()->set_history(history_.read());
        while (!over_) turn();
        return ending_;
    }

  private:
    void turn() {
        std::vector<pollfd> polled{
            {signals_.fd(), POLLIN, 0},
            {screen_.interactive() ? screen_.prompt()->fd() : -1, POLLIN, 0}};
        for (const net::Fd& socket : door_.sockets())
            polled.push_back({socket.get(), POLLIN, 0});
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
            net::throw_system_error("poll");
        if (polled[0].revents != 0) handle_signals();
        if (polled[1].revents != 0) read_keys();
        for (std::size_t i = 2; i < polled.size() && !over_; ++i)
            if (polled[i].revents != 0) serve(take(polled[i].fd));
    }

    static net::Fd take(int listener) {
        return net::Fd{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    }

    void handle_signals() {
        while (const auto number = signals_.next()) {
            screen_.follow_terminal(*number);
            if (!Signals::asks_to_leave(*number)) continue;
            ending_.signal = *number;
            over_ = true;
        }
    }

    // Only on a terminal: what is piped in waits for a client.
    void read_keys() {
        screen_.prompt()->fill();
        while (const auto line = screen_.prompt()->next_buffered()) {
            screen_.typed(*line);
            screen_.error("no client is connected");
        }
        over_ = over_ || screen_.prompt()->at_end();
    }

    void serve(net::Fd socket) {
        if (!socket) return;
        const ws::Tracer::Sink trace = [this](std::string_view line) { screen_.trace(line); };
        Wire wire{ws::Role::server, settings_.trace ? trace : ws::Tracer::Sink{}, kept_};
        Opened opened;
        try {
            const Waiting waiting{signals_, settings_.handshake_timeout};
            opened = accept_client(std::move(socket), waiting, wire);
        } catch (const PeerFailure& failure) {
            // No client after all; it was told why.
            if (settings_.trace) screen_.trace(std::string{"refused: "} + failure.what());
            return;
        } catch (const Interrupted& interrupted) {
            ending_.signal = interrupted.number;
            over_ = true;
            return;
        }
        screen_.notice("Client connected");
        Surroundings around{settings_, screen_, signals_, wire, history_, {}, &refuse_another};
        for (const net::Fd& listening : door_.sockets())
            around.others.push_back(listening.get());
        Session session{std::move(opened), ws::Role::server, around};
        const Ending ending = session.run();
        ending_.signal = ending.signal;
        ending_.input_refused = ending_.input_refused || ending.input_refused;
        const bool hold = settings_.wait && settings_.wait->count() < 0;
        over_ = ending.signal || (ending.input_ended && !hold) || screen_.reader_gone();
    }

    static void refuse_another(int listener) {
        const net::Fd client = take(listener);
        if (!client) return;
        const std::string answer = ws::refuse_response(ws::Errc::too_many_connections);
        // A new socket has room for it. Its request stays unread, and it is gone with the socket.
        ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        net::shutdown_sending(client);
    }

    const Settings& settings_;
    Screen& screen_;
    const Signals& signals_;
    History& history_;
    Kept kept_;
    Door door_;
    Ending ending_{.code = ws::close_code::normal};
    bool over_ = false;
};

}  // namespace

Ending listen(const Settings& settings, Screen& screen, const Signals& signals, History& history,
              Kept kept) {
    return Listening{settings, screen, signals, history, kept}.run();
}

}  // namespace wsc
