// The frame lab beside the hand-made servers: pages, and traces of conversations, as lab/lab.hpp
// describes them. Lessons 5, 6 and 7. Open http://localhost:8080/lab in a browser.
// Leaves out: what a WebSocket server is; a server without this file is none the worse.
#pragma once

#include <sys/socket.h>

#include <thread>

#include "lab/lab.hpp"
#include "lessons/05-frames/frame_socket.hpp"
#include "ws/handshake.hpp"

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

// True: the request was the lab's business, and that is done. A request with the token of a trace
// goes on as any other, but its frames are shown there.
inline bool serve_lab(FrameSocket& connection, const ws::Request& request, ws::Errc errc,
                      const std::string& path, lab::Lab& lab) {
    endpoint::HttpReply reply;
    if (errc == ws::Errc::not_an_upgrade && lab.pages.answer(request, path, reply)) {
        const std::string head =
            ws::http_response(reply.status, reply.content_type, reply.body.size(), reply.headers);
        connection.send_raw(ws::as_bytes(head + reply.body));
        connection.end();
        return true;
    }
    if (errc != ws::Errc::none) return false;
    const std::string_view token = lab::lab_token(request);
    if (request.path == lab::trace_path) {
        if (connection.send_raw(ws::as_bytes(ws::accept_response(request))))
            show_trace(connection, lab.traces, token);
        return true;
    }
    if (ws::Tracer::Tap tap = lab.traces.watch(token)) connection.tap(std::move(tap));
    return false;
}

}  // namespace lesson
