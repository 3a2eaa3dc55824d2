// A connection that knows how large its messages are, and what crosses the wire in their place.
// Lesson 14. One thread sends, one receives.
#pragma once

#include <optional>

#include "cli/compression_options.hpp"
#include "cli/say.hpp"
#include "endpoint/dial_accept.hpp"
#include "lessons/14-compression/counted.hpp"
#include "ws/hex.hpp"

namespace lesson {

class CountedConnection {
  public:
    // `compression` outlives it. `says`: of each message that leaves, size and bytes are printed.
    CountedConnection(const std::string& url, endpoint::DialOptions options,
                      ws::Extensions* compression, bool says) {
        if (says)
            traffic_.on_send = [](const Sizes& sizes, ws::Bytes payload) {
                cli::say("Sent: " + sizes.to_string() + " [" + ws::hex(payload, 48) + "]");
            };
        if (compression != nullptr) options.extensions = &counted_.emplace(*compression, traffic_);
        connection_ = endpoint::dial(url, options);
    }

    bool send(ws::Opcode type, ws::Bytes data) {
        const Sizes before = traffic_.sent;
        const bool sent = connection_->write_message(type, data);
        traffic_.sent.since(before, data.size());
        return sent;
    }

    struct Received {
        std::string text;
        Sizes sizes;
    };
    std::optional<Received> receive() {
        const Sizes before = traffic_.received;
        const auto message = connection_->read_message();
        if (!message) return std::nullopt;
        const Sizes sizes = traffic_.received.since(before, message->data.size());
        // Of a large one nothing is shown, so nothing is copied.
        return Received{message->data.size() > 100'000 ? "" : message->to_string(), sizes};
    }

    void close() { connection_->close(ws::close_code::normal); }

    // The end, and what went both ways.
    endpoint::Error end() {
        close();
        connection_->wait_until_closed();
        cli::say("Sent " + traffic_.sent.to_string() + ", received " + traffic_.received.to_string());
        return connection_->error();
    }

  private:
    Traffic traffic_;
    std::optional<Counted> counted_;
    std::unique_ptr<endpoint::BlockingConnection> connection_;
};

}  // namespace lesson
