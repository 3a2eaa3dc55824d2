// wsc: WebSockets from the command line, for those who know wscat. RFC 6455.
// Here: options to one of the two modes, and every end to an exit status. The man page has the
// table of them. Leaves out: compression (no extension is offered).
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "cli/options.hpp"
#include "clients/wsc/failure.hpp"
#include "clients/wsc/listening.hpp"

namespace {

using namespace wsc;

// --status: how the connection ended, as the exit status.
int status_of(const Ending& ending) {
    constexpr int other_code = 3, no_close = 4;
    switch (ending.code) {
        case ws::close_code::normal:
        case ws::close_code::none: return 0;
        case ws::close_code::abnormal: return no_close;
        default: return other_code;
    }
}

Ending converse(const Settings& settings, Screen& screen, const Signals& signals, History& history,
                Recorder* recorder) {
    const ws::Tracer::Sink trace = [&screen](std::string_view line) { screen.trace(line); };
    Wire wire{ws::Role::client, settings.trace ? trace : ws::Tracer::Sink{}, recorder};
    Opened opened;
    try {
        opened = open_connection(settings, Waiting{signals, settings.handshake_timeout}, wire);
    } catch (...) {
        wire.end();
        throw;
    }
    screen.begin_prompt();
    screen.prompt()->set_history(history.read());
    screen.notice("Connected (press CTRL+C to quit)");
    Surroundings around{settings, screen, signals, wire, history, {}, {}};
    return Session{std::move(opened), ws::Role::client, around}.run();
}

// Whoever started us sees that it was the signal that ended us; Ctrl-C is how wsc is left.
int end_by_signal(int number) {
    if (number == SIGINT) return 0;
    ::signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    ::raise(number);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    return 128 + number;
}

int status_after(const Settings& settings, const Ending& ending) {
    if (ending.failed && settings.connect) return peer_failure_status;
    if (settings.tell_status && settings.connect && status_of(ending) != 0)
        return status_of(ending);
    return ending.input_refused ? own_failure_status : 0;
}

int run(Settings settings) {
    if (settings.tls.passphrase && settings.tls.passphrase->empty())
        settings.tls.passphrase = ask_passphrase();
    if (!settings.replay.empty()) read_record(settings.replay);  // complain before connecting
    const Signals signals;
    int signal_number = 0;
    int status = 0;
    {
        Screen screen{settings, signals};
        History history{settings.history, settings.keep_history};
        std::unique_ptr<Recorder> recorder;
        if (!settings.record.empty()) recorder = std::make_unique<Recorder>(settings.record);
        try {
            const Ending ending =
                settings.listen ? listen(settings, screen, signals, history, recorder.get())
                                : converse(settings, screen, signals, history, recorder.get());
            signal_number = ending.signal.value_or(0);
            status = status_after(settings, ending);
        } catch (const Interrupted& interrupted) {
            screen.clear_typed();
            signal_number = interrupted.number;
        } catch (const PeerFailure& failure) {
            screen.error(failure.what());
            if (settings.trace && !failure.rule().empty()) screen.trace(failure.rule());
            status = peer_failure_status;
        } catch (const std::exception& error) {
            screen.error(error.what());
            status = own_failure_status;
        }
    }
    // The terminal is as it was.
    return signal_number != 0 && signal_number != SIGINT ? end_by_signal(signal_number) : status;
}

// A socket must not get the number of a standard stream that the caller has closed.
void open_standard_streams() {
    for (;;) {
        const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0) return;
        if (fd > STDERR_FILENO) {
            ::close(fd);
            return;
        }
        ::fcntl(fd, F_SETFD, 0);
    }
}

int complain(const std::string& what, int status) {
    std::fflush(stdout);
    std::fprintf(stderr, "error: %s\n", ws::escape(what).c_str());
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_streams();
    try {
        return run(parse_options(argc, argv));
    } catch (const cli::UsageError& error) {
        return complain(std::string{error.what()} + " (--help shows the options)", usage_status);
    } catch (const std::exception& error) {
        return complain(error.what(), own_failure_status);
    }
}
