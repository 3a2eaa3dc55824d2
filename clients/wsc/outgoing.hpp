// What a line of the input asks to be sent: a message, a ping or pong, a Close. RFC 6455 §5.5, §5.6, §7.4.
// Nothing that would break a rule comes out; whoever asks for it is told which one.
// Leaves out: to whom it is sent (session, several).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "clients/wsc/options.hpp"
#include "ws/close.hpp"
#include "ws/frame.hpp"

namespace wsc {

struct Outgoing {
    enum Kind { message, ping, pong, close };
    Kind kind = message;
    ws::Opcode opcode = ws::Opcode::text;  // of a message
    std::string bytes{};                   // of a Close its reason
    ws::CloseCode code = ws::close_code::normal;
};

// One line: why it is not sent.
class LineRefused : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A line of the input as the options say it is to be read: text, hex, bytes, or a slash command.
// `typed`: on a terminal, and not from a pipe. Throws LineRefused, as do the following.
Outgoing read_line(const Settings& settings, bool typed, std::string line);

Outgoing text_message(std::string text);       // must be UTF-8
Outgoing hex_message(std::string_view text);   // "81 05 48"

}  // namespace wsc
