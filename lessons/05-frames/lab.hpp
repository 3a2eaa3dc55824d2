// The frame lab beside the hand-made servers: pages, and traces of conversations, as lab/lab.hpp
// describes them. Lessons 5, 6 and 7. Open http://localhost:8080/lab in a browser.
// Leaves out: what a WebSocket server is; a server without this file is none the worse.
#pragma once

#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

#include "lab/lab.hpp"
#include "lessons/05-frames/frame_socket.hpp"
#include "ws/byte_order.hpp"
#include "ws/opening.hpp"

namespace lesson {

// Sends what the conversation leaves, and at last a Close. A reader that takes nothing for two
// seconds is given up; and whatever happens, nobody waits for it afterwards.
inline void write_trace(const net::Fd& socket, lab::Traces::Reader& reader) {
    const auto send = [&socket](ws::Opcode opcode, ws::Bytes payload) {
        ws::Buffer bytes;
        ws::FrameHeader header;
        header.opcode = opcode;
        ws::append_frame(bytes, header, payload);
        return static_cast<bool>(net::send_all(socket, bytes, net::after(std::chrono::seconds{2})));
    };
    bool sent = true;
    while (sent) {
        const auto message = reader.next();
        if (!message) break;
        sent = send(ws::Opcode::binary, *message);
    }
    ws::Buffer body(2);
    ws::store_be(body, reader.end().code);
    ws::append(body, ws::as_bytes(reader.end().reason));
    if (sent) send(ws::Opcode::close, body);
    ::shutdown(socket.get(), SHUT_RDWR);
}

// Shows a trace until its reader says Close or goes. One thread writes, so that this one can
// listen; it sends nothing itself.
inline void show_trace(FrameSocket& connection, lab::Traces& traces, std::string_view token) {
    lab::Traces::Reader reader{traces, token};
    std::thread writer{[&] { write_trace(connection.socket(), reader); }};
    Frame frame;
    while (connection.receive(frame) && frame.header.opcode != ws::Opcode::close) {
    }
    reader.stop();
    writer.join();
}

// The lab's share of what a server wants: its pages, and the path of traces.
inline void add_lab(ws::Policy& policy, const lab::Lab& lab) {
    static const std::vector<std::string> further{std::string{lab::trace_path}};
    policy.further_paths = further;
    policy.on_http = [&lab, path = policy.path](const ws::Request& request, ws::HttpReply& reply) {
        return lab.pages.answer(request, path, reply);
    };
}

// A conversation with the token of a trace is one as any other, but it is shown there.
inline void show_to_reader(FrameSocket& connection, const ws::Request& request, lab::Lab& lab) {
    if (request.path == lab::trace_path) return;
    if (ws::Tracer::Tap tap = lab.traces.tap(lab::lab_token(request)))
        connection.tap(std::move(tap));
}

// True: the request was for a trace, and that is over.
inline bool serve_trace(FrameSocket& connection, const ws::Request& request, lab::Lab& lab) {
    if (request.path != lab::trace_path) return false;
    show_trace(connection, lab.traces, lab::lab_token(request));
    return true;
}

}  // namespace lesson
