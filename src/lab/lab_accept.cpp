// A trace over the blocking endpoint: one thread reads, so that pings and the Close are answered,
// and one writes what the conversation leaves. Lesson 8.
// The lab's path is let in under the same conditions as the server's own: options.admit decides.
#include "lab/lab_accept.hpp"

#include <thread>
#include <utility>

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
    const std::string path = std::exchange(options.path, {});
    const auto admit = std::move(options.admit);
    bool wants_trace = false;
    std::string token;
    options.admit = [&](const ws::Request& request, const net::Address& from) {
        wants_trace = request.path == trace_path;
        if (!wants_trace && !path.empty() && request.path != path) return ws::Errc::path_not_found;
        token = lab_token(request);
        return admit ? admit(request, from) : ws::Errc::none;
    };
    options.on_http = [&](const ws::Request& request, endpoint::HttpReply& reply) {
        return lab.pages.answer(request, path, reply);
    };
    options.watch = [&](const ws::Request&) {
        return wants_trace ? ws::Tracer::Tap{} : lab.traces.watch(token);
    };
    std::unique_ptr<endpoint::BlockingConnection> connection =
        endpoint::accept(socket, options, peer);
    if (!connection || !wants_trace) return connection;
    show_trace(*connection, lab.traces, token);
    return nullptr;
}

}  // namespace lab
