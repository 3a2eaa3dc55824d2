// Lines to messages, and the slash commands: wscat's, and /binary.
// RFC 6455 §5.5 (control frames), §5.6 (text is UTF-8), §7.4 (close codes).
#include "clients/wsc/outgoing.hpp"

#include <charconv>
#include <utility>

#include "ws/hex.hpp"
#include "ws/http.hpp"
#include "ws/unhex.hpp"
#include "ws/utf8.hpp"

namespace wsc {

namespace {

constexpr std::size_t max_reason_bytes = 123;  // RFC 6455 §5.5: 125, less two for the code

std::string joined_words(std::string_view text) {
    std::string joined;
    for (const char c : ws::trim(text)) {
        const bool space = c == ' ' || c == '\t';
        if (!space)
            joined += c;
        else if (!joined.ends_with(' '))
            joined += ' ';
    }
    return joined;
}

Outgoing ping_or_pong(Outgoing::Kind kind, std::string_view bytes) {
    if (bytes.size() > ws::max_control_bytes)
        throw LineRefused{"a ping or pong carries at most 125 bytes, not " + std::to_string(bytes.size()) +
                          " (RFC 6455 §5.5)"};
    return {.kind = kind, .bytes = std::string{bytes}};
}

ws::CloseCode read_close_code(std::string_view number) {
    ws::CloseCode code = ws::close_code::normal;
    if (number.empty()) return code;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), code);
    if (error == std::errc{} && end == number.data() + number.size() && ws::may_be_sent(code)) return code;
    throw LineRefused{'\'' + ws::escape(number, 40) +
                      "' is no close code that may be sent: 1000 to 1003, 1007 to 1014, "
                      "3000 to 4999 (RFC 6455 §7.4)"};
}

// "/close", "/close 4001", "/close 4001 why". Words are joined by one space each, as in wscat.
Outgoing close_command(std::string_view arguments) {
    arguments = ws::trim(arguments);
    const std::size_t space = std::min(arguments.find_first_of(" \t"), arguments.size());
    const ws::CloseCode code = read_close_code(arguments.substr(0, space));
    std::string reason = joined_words(arguments.substr(space));
    if (reason.size() > max_reason_bytes)
        throw LineRefused{"the reason of a Close has at most 123 bytes, not " +
                          std::to_string(reason.size()) + " (RFC 6455 §5.5)"};
    if (!ws::is_utf8(ws::as_bytes(reason)))
        throw LineRefused{"the reason of a Close must be UTF-8 (RFC 6455 §5.5.1)"};
    return {.kind = Outgoing::close, .bytes = std::move(reason), .code = code};
}

Outgoing command(std::string_view text) {
    const std::size_t space = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view name = text.substr(0, space);
    const std::string_view rest = text.substr(std::min(space + 1, text.size()));
    if (name == "/ping") return ping_or_pong(Outgoing::ping, rest);
    if (name == "/pong") return ping_or_pong(Outgoing::pong, rest);
    if (name == "/close") return close_command(rest);
    if (name == "/binary") return hex_message(rest);
    throw LineRefused{"Unrecognized slash command."};
}

}  // namespace

Outgoing text_message(std::string text) {
    if (!ws::is_utf8(ws::as_bytes(text)))
        throw LineRefused{
            "this line is not UTF-8, and a text message must be (RFC 6455 §5.6); "
            "--binary sends bytes"};
    return {.bytes = std::move(text)};
}

Outgoing hex_message(std::string_view text) {
    const auto bytes = ws::unhex(text);
    if (!bytes)
        throw LineRefused{'\'' + ws::escape(text, 40) +
                          "' is no hex: expected bytes of two digits each, such as 81 05 48"};
    return {.opcode = ws::Opcode::binary, .bytes = std::string{ws::as_text(*bytes)}};
}

Outgoing read_line(const Settings& settings, bool typed, std::string line) {
    if (settings.slash && line.starts_with('/') && (!settings.raw || typed)) return command(line);
    if (!settings.binary) return text_message(std::move(line));
    if (!settings.raw || typed) return hex_message(line);
    return {.opcode = ws::Opcode::binary, .bytes = std::move(line)};
}

}  // namespace wsc
