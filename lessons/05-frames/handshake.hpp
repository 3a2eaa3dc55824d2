// Lesson 4 as two functions, one for each side, so that the lessons on frames begin where frames
// begin. RFC 6455 §4.1, §4.2. Lessons 5, 6 and 7.
// Leaves out: subprotocols, authentication; which pages may come in is for lesson 10 to explain.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/lab.hpp"
#include "lessons/05-frames/programs.hpp"
#include "net/address.hpp"
#include "net/random.hpp"
#include "net/signal.hpp"
#include "ws/opening.hpp"

namespace lesson {

// One line for the server's log: who broke which rule of frames.
inline void log_broken_rule(const net::Address& peer, ws::Errc errc) {
    const ws::Rule& broken = ws::rule(errc);
    std::fprintf(stderr, "%s: %s: %s\n", peer.to_string().c_str(),
                 std::string{broken.section}.c_str(), std::string{broken.sentence}.c_str());
}

// --- the server's side --------------------------------------------------------------------------

// Reads a request, judges it and answers. False: the connection is over, everything is said.
inline bool accept_handshake(FrameSocket& connection, const net::Address& peer,
                             const ServerOptions& options) {
    using Step = ws::ServerOpening::Step;
    if (const auto taps = options.capture->taps()) connection.tap(taps());
    ws::ServerOpening opening;
    Step step = connection.receive_head(opening, net::after(options.timeout()));
    if (step == Step::more && connection.io().status == net::IoStatus::timed_out)
        step = opening.refuse(ws::Errc::handshake_timeout);
    if (step == Step::more) return false;  // gone: nobody is left to answer
    if (step == Step::decide) {
        ws::Policy policy{.path = options.common.path};
        add_lab(policy, *options.lab);  // see lab.hpp
        step = opening.decide(policy);
    }
    if (step == Step::refuse)
        std::fprintf(stderr, "%s: %s\n", peer.to_string().c_str(), opening.refusal().c_str());
    if (step == Step::open) show_to_reader(connection, opening.request(), *options.lab);
    const bool sent = connection.send_raw(ws::as_bytes(opening.answer() + opening.page()));
    if (step == Step::open)
        return sent && !serve_trace(connection, opening.request(), *options.lab);
    connection.end();
    return false;
}

// --- the client's side --------------------------------------------------------------------------

// What happened instead of an answer.
inline std::string describe(const net::IoResult& result) {
    if (result.status == net::IoStatus::timed_out) return "the server did not answer in time";
    if (result.status == net::IoStatus::closed)
        return "the server ended the connection without an answer";
    return result.message();
}

// Waits for the reason behind a refusal, a moment long: it may come after its head.
inline ws::Bytes receive_reason(FrameSocket& connection, const ws::ClientOpening& opening,
                                int stop_fd) {
    const net::Deadline moment = net::after(std::chrono::seconds{1});
    while (opening.awaits_reason(connection.pending()) && connection.fill(moment, stop_fd)) {
    }
    return connection.pending();
}

// Asks for the WebSocket and judges the answer. False: the handshake failed, and standard error
// says why. Throws net::Stopped when Ctrl-C came first.
inline bool ask_handshake(FrameSocket& connection, const std::string& host,
                          const std::string& resource, const std::string& key,
                          std::chrono::seconds timeout, const net::StopSignal& stop) {
    using Step = ws::ClientOpening::Step;
    ws::ClientHandshake handshake{.host = host, .resource = resource, .key = key};
    if (key.empty()) handshake.key = ws::make_key(net::RandomPool{}.bytes<16>());
    if (!ws::is_sendable(handshake)) {
        std::fprintf(stderr,
                     "Handshake failed: the host or the path holds a character that must "
                     "not stand in a request\n");
        return false;
    }

    ws::ClientOpening opening{handshake};
    Step step = Step::more;
    if (connection.send_raw(ws::as_bytes(opening.request())))
        step = connection.receive_head(opening, net::after(timeout), stop.fd());
    if (step == Step::open) return true;
    const std::string why =
        step == Step::failed ? opening.failure(receive_reason(connection, opening, stop.fd()))
                             : opening.failure(describe(connection.io()));
    std::fprintf(stderr, "%s\n", why.c_str());
    return false;
}

}  // namespace lesson
