// A trace over the blocking endpoint: one thread reads, so that pings and the Close are answered,
// and one writes what the conversation leaves. Lesson 8.
// The lab's path is let in under the same conditions as the server's own: options.admit decides.
#include "lab/lab_accept.hpp"

#include <thread>

namespace lab {

namespace {

// How long a message of the trace may wait for its reader, which is a page on the same machine.
constexpr std::chrono::seconds patience{2};

void write_trace(endpoint::BlockingConnection& connection, Traces::Reader& reader) {
    while (const std::optional<ws::Buffer> message = reader.next()) {
        connection.set_write_deadline(net::after(patience));
        if (!connection.write_message(ws::Opcode::binary, *message)) return;
    }
    connection.close(reader.end().code, reader.end().reason);
}

void show_trace(endpoint::BlockingConnection& connection, Traces& traces, std::string_view token) {
    Traces::Reader reader{traces, token};
    std::thread writer{[&] { write_trace(connection, reader); }};
    connection.wait_until_closed();
    reader.stop();
    writer.join();
}

}  // namespace

std::unique_ptr<endpoint::BlockingConnection> accept(Lab& lab, const net::Fd& socket,
                                                     endpoint::AcceptOptions options,
                                                     const net::Address& peer) {
    if (!options.path.empty()) options.further_paths.emplace_back(trace_path);
    options.on_http = [&](const ws::Request& request, ws::HttpReply& reply) {
        return lab.pages.answer(request, options.path, reply);
    };
    bool wants_trace = false;
    std::string token;
    // Noted while the request is there: an open connection no longer knows it.
    options.tap = [&](const ws::Request& request) {
        wants_trace = request.path == trace_path;
        token = lab_token(request);
        return wants_trace ? ws::Tracer::Tap{} : lab.traces.tap(token);
    };
    std::unique_ptr<endpoint::BlockingConnection> connection =
        endpoint::accept(socket, options, peer);
    if (!connection || !wants_trace) return connection;
    show_trace(*connection, lab.traces, token);
    return nullptr;
}

}  // namespace lab
