// Lesson 4 as two functions, one for each side, so that the lessons on frames begin where frames
// begin. RFC 6455 §4.1, §4.2. Lessons 5, 6 and 7.
// Leaves out: origin, subprotocols, authentication (lesson 10).
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
#include "ws/handshake.hpp"

namespace lesson {

// One line for the server's log: who broke which rule.
inline void log_broken_rule(const net::Address& peer, ws::Errc errc) {
    const ws::Rule& broken = ws::rule(errc);
    std::fprintf(stderr, "%s: %s: %s\n", peer.to_string().c_str(),
                 std::string{broken.section}.c_str(), std::string{broken.sentence}.c_str());
}

// --- the server's side --------------------------------------------------------------------------

// Reads a request, judges it and answers. False: the connection is over, everything is said.
inline bool accept_handshake(FrameSocket& connection, const net::Address& peer,
                             const ServerOptions& options) {
    const std::string& path = options.common.path;
    ws::HeadReader reader;
    ws::Request request;
    ws::Errc errc = ws::Errc::none;
    if (connection.receive_head(reader, net::after(options.timeout())))
        errc = request.parse(reader.text());
    else if (connection.errc() != ws::Errc::none)
        errc = connection.errc();
    else if (connection.io().status == net::IoStatus::timed_out)
        errc = ws::Errc::handshake_timeout;
    else
        return false;  // gone before its request was complete: nobody is left to answer

    if (errc == ws::Errc::none) errc = ws::check_request(request);
    if (serve_lab(connection, request, errc, path, *options.lab)) return false;  // see lab.hpp
    if (errc == ws::Errc::none && request.path != path) errc = ws::Errc::path_not_found;
    if (errc == ws::Errc::none)
        return connection.send_raw(ws::as_bytes(ws::accept_response(request)));
    log_broken_rule(peer, errc);
    connection.send_raw(ws::as_bytes(ws::refuse_response(errc)));
    connection.end();
    return false;
}

// --- the client's side --------------------------------------------------------------------------

// Why there is no connection, for one line: the status line of the server's answer with the
// reason that follows it, or what happened instead of an answer.
inline std::string describe_refusal(FrameSocket& connection, const ws::Response& response,
                                    ws::Errc errc, int stop_fd) {
    if (errc == ws::Errc::none) {
        if (connection.io().status == net::IoStatus::timed_out)
            return "the server did not answer in time";
        if (connection.io().status == net::IoStatus::closed)
            return "the server ended the connection without an answer";
        return connection.io().message();
    }
    if (errc != ws::Errc::unexpected_status) return std::string{ws::rule(errc).sentence};
    // A server that refuses ends the connection behind its reason. One that does not gets no
    // more than a moment and a kilobyte.
    const net::Deadline moment = net::after(std::chrono::seconds{1});
    while (connection.pending().size() < 1024 && connection.fill(moment, stop_fd)) {
    }
    std::string line = ws::escape(response.start_line);
    const std::string_view body = ws::as_text(connection.pending());
    const std::string_view reason = body.substr(0, body.find_first_of("\r\n"));
    if (!reason.empty()) line += ": " + ws::escape(reason, 200);
    return line;
}

// Asks for the WebSocket and judges the answer. False: the handshake failed, and standard error
// says why. Throws net::Stopped when Ctrl-C came first.
inline bool ask_handshake(FrameSocket& connection, const std::string& host,
                          const std::string& resource, const std::string& key,
                          std::chrono::seconds timeout, const net::StopSignal& stop) {
    ws::ClientHandshake handshake{.host = host, .resource = resource, .key = key};
    if (key.empty()) handshake.key = ws::make_key(net::RandomPool{}.bytes<16>());
    if (!ws::is_sendable(handshake)) {
        std::fprintf(stderr,
                     "Handshake failed: the host or the path holds a character that must "
                     "not stand in a request\n");
        return false;
    }

    ws::HeadReader reader{{}, ws::HeadReader::Interim::skip};
    ws::Response response;
    ws::Errc errc = ws::Errc::none;
    if (connection.send_raw(ws::as_bytes(ws::client_request(handshake))) &&
        connection.receive_head(reader, net::after(timeout), stop.fd())) {
        errc = response.parse(reader.text());
        if (errc == ws::Errc::none) errc = ws::check_response(response, handshake);
        if (errc == ws::Errc::none) return true;
    } else {
        errc = connection.errc();
    }
    std::fprintf(stderr, "Handshake failed: %s\n",
                 describe_refusal(connection, response, errc, stop.fd()).c_str());
    return false;
}

}  // namespace lesson
