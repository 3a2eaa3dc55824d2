// wsc: WebSockets from the command line, for those who know wscat. RFC 6455.
// Here: options to one of the two modes, and every end to an exit status. The man page has the
// table of them. Leaves out: compressing what -l sends.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "cli/options.hpp"
#include "cli/standard_streams.hpp"
#include "clients/wsc/failure.hpp"
#include "clients/wsc/listening.hpp"
#include "clients/wsc/serving.hpp"
#include "clients/wsc/several.hpp"
#include "net/random.hpp"

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
                Kept kept) {
    const ws::Tracer::Sink trace = [&screen](std::string_view line) { screen.trace(line); };
    Wire wire{ws::Role::client, settings.trace ? trace : ws::Tracer::Sink{}, kept};
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

// --reconnect. Each wait is twice as long as the one before, up to half a minute, and less by a random
// part: or all who lost the same server would come back to it in the same moment.
constexpr std::chrono::milliseconds first_wait{1000}, longest_wait{30'000};

std::chrono::milliseconds jittered(std::chrono::milliseconds wait) {
    net::RandomPool random;
    return wait / 2 + wait / 2 * random.bytes<1>()[0] / 255;
}

// The peer has ended it, and not because it had nothing more to say.
bool is_lost(const Ending& ending) {
    return !ending.by_us && !ending.signal && ending.code != ws::close_code::normal;
}

Ending converse_on(const Settings& settings, Screen& screen, const Signals& signals,
                   History& history, Kept kept) {
    for (std::chrono::milliseconds wait = first_wait;;) {
        const auto begun = net::Clock::now();
        try {
            const Ending ending = converse(settings, screen, signals, history, kept);
            if (!is_lost(ending) || ending.input_ended) return ending;
        } catch (const PeerFailure& failure) {
            screen.error(failure.what());
        }
        if (net::Clock::now() - begun > longest_wait) wait = first_wait;  // it had gone well
        const std::chrono::milliseconds pause = jittered(wait);
        wait = std::min(2 * wait, longest_wait);
        screen.notice("Reconnecting in " + std::to_string(pause.count()) + " ms");
        Waiting{signals, pause}.pause();
    }
}

// The shell that started us sees that it was the signal that ended us; Ctrl-C is how wsc is left.
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
        Screen screen{settings};
        History history{settings.history, settings.keep_history};
        std::optional<Recorder> recorder;
        if (!settings.record.empty()) recorder.emplace(settings.record);
        std::optional<cli::Capture> capture;
        if (!settings.pcap.empty()) capture.emplace(settings.pcap);
        const Kept kept{recorder ? &*recorder : nullptr, capture ? &*capture : nullptr};
        try {
            const Ending ending =
                !settings.run.empty() ? serve_programs(settings, screen, signals)
                : settings.clients > 1 ? listen_to_several(settings, screen, signals, history, kept)
                : settings.listen ? listen(settings, screen, signals, history, kept)
                : settings.reconnect ? converse_on(settings, screen, signals, history, kept)
                                     : converse(settings, screen, signals, history, kept);
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
            screen.error(ws::escape(std::string_view{error.what()}));
            status = own_failure_status;
        }
    }
    // The terminal is as it was.
    return signal_number != 0 && signal_number != SIGINT ? end_by_signal(signal_number) : status;
}

int complain(const std::string& what, int status) {
    std::fflush(stdout);
    std::fprintf(stderr, "error: %s\n", ws::escape(what).c_str());
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    cli::open_standard_streams();
    cli::guard_output();
    try {
        return run(parse_options(argc, argv));
    } catch (const cli::UsageError& error) {
        return complain(std::string{error.what()} + " (--help shows the options)", usage_status);
    } catch (const std::exception& error) {
        return complain(error.what(), own_failure_status);
    }
}
