// The lab's handlers stand before the application's and keep for themselves what is theirs.
// Lesson 11. A trace's reader is a client as any other: its limits and its end are the loop's.
// Pointers to clients are good here from on_request to on_close, which the loop promises.
#include "lab/lab_loop.hpp"

#include <utility>

namespace lab {

void LabLoop::attach(endpoint::ServerOptions& options, endpoint::Handlers& handlers) {
    path_ = options.path;
    if (!path_.empty()) options.further_paths.emplace_back(trace_path);
    attach_requests(handlers);
    attach_clients(handlers);
}

void LabLoop::attach_requests(endpoint::Handlers& handlers) {
    handlers.on_request = [this, next = std::move(handlers.on_request)](
                              endpoint::LoopConnection& client, const ws::Request& request) {
        begin(client, request);
        if (next && !is_reader(client)) next(client, request);
    };
    handlers.on_http = [this, first = std::move(handlers.on_http)](const ws::Request& request,
                                                                   ws::HttpReply& reply) {
        return (first && first(request, reply)) || pages_.answer(request, path_, reply);
    };
}

void LabLoop::attach_clients(endpoint::Handlers& handlers) {
    // The same for each: the application's handler, if there is one and the client is no reader.
    const auto guard = [this](auto& handler) {
        if (!handler) return;
        handler = [this, next = std::move(handler)](endpoint::LoopConnection& client,
                                                    auto&&... what) {
            if (!is_reader(client)) next(client, what...);
        };
    };
    guard(handlers.on_open);
    guard(handlers.on_message);
    guard(handlers.on_piece);
    guard(handlers.on_drain);
    handlers.on_close = [this, next = std::move(handlers.on_close)](
                            endpoint::LoopConnection& client, const endpoint::Error& error) {
        const auto found = tokens_.find(client.id());
        if (found == tokens_.end()) {
            if (next) next(client, error);
            return;
        }
        const auto reader = readers_.find(found->second);
        if (reader != readers_.end() && reader->second.client == &client) readers_.erase(reader);
        tokens_.erase(found);
    };
}

bool LabLoop::is_reader(const endpoint::LoopConnection& client) const {
    return !tokens_.empty() && tokens_.contains(client.id());
}

void LabLoop::begin(endpoint::LoopConnection& client, const ws::Request& request) {
    std::string token{lab_token(request)};
    if (request.path != trace_path) {
        // One conversation a trace: the frames of a second one would mix with those of the first.
        const auto reader = readers_.find(token);
        if (reader == readers_.end() || std::exchange(reader->second.taken, true)) return;
        client.tap([this, token](ws::Direction direction, ws::Bytes bytes) {
            show(token, direction, bytes);
        });
        return;
    }
    tokens_.emplace(client.id(), token);
    TraceEnd refused;
    if (token.empty())
        refused = no_token;
    else if (readers_.size() >= max_trace_readers)
        refused = too_many_readers;
    else if (!readers_.try_emplace(std::move(token), Reader{&client}).second)
        refused = token_in_use;
    if (!refused.reason.empty()) return client.close(refused.code, refused.reason);
    const auto ready = static_cast<std::uint8_t>(TraceMark::ready);
    client.send(ws::Opcode::binary, ws::Bytes{&ready, 1});
}

void LabLoop::show(const std::string& token, ws::Direction direction, ws::Bytes bytes) {
    const auto found = readers_.find(token);
    if (found == readers_.end()) return;
    endpoint::LoopConnection& reader = *found->second.client;
    if (reader.backlog() + bytes.size() >= max_trace_bytes) {
        // Out of the list at once: its on_close may be long in coming.
        readers_.erase(found);
        return reader.close(reader_too_slow.code, reader_too_slow.reason);
    }
    reader.send(ws::Opcode::binary, trace_message(direction, bytes));
}

}  // namespace lab
