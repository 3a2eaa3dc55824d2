// Messages that are JSON, as gorilla's ReadJSON and WriteJSON have them. Lesson 12.
// Joins json, which knows no message, to the endpoints: RFC 8259 over RFC 6455 §5.6.
// Leaves out: what the members mean; that is the application's.
#pragma once

#include <optional>
#include <string>

#include "endpoint/blocking.hpp"
#include "json/parse.hpp"
#include "json/write.hpp"

namespace endpoint {

// What a text message says. Nothing when it is no JSON or is binary: then `why` is one line, safe
// to print and to send back. The connection is none the worse for it.
inline std::optional<json::Value> read_json(const Message& message, std::string& why,
                                            const json::ParseLimits& limits = {}) {
    if (message.type != ws::Opcode::text) {
        why = "JSON comes in text messages, not in binary ones";
        return std::nullopt;
    }
    json::Value value;
    if (const json::ParseError error = json::parse(ws::as_text(message.data), value, limits)) {
        why = "not JSON: " + error.message();
        return std::nullopt;
    }
    return value;
}

// Sends a value as a text message; false as BlockingConnection::write_message(). Never throws for
// what the value holds: the text is always UTF-8.
inline bool write_json(BlockingConnection& connection, const json::Value& value) {
    return connection.write_message(json::write(value));
}

}  // namespace endpoint
