// Messages and the ends of connections in words for people. Lesson 8.
// RFC 6455 §7.1.5 and §7.1.6: the code and the reason of a connection's end. What came from the
// peer is escaped here, so that every caller may print it.
#include "endpoint/message.hpp"

#include <algorithm>
#include <system_error>

#include "ws/hex.hpp"

namespace endpoint {

namespace {

// What Message::to_string() shows at most.
constexpr std::size_t shown_text_bytes = 200;
constexpr std::size_t shown_binary_bytes = 16;

}  // namespace

Error Error::lost_connection(int error) {
    return {.kind = Kind::lost,
            .code = ws::close_code::abnormal,
            .reason = error == 0 ? "the peer ended the connection"
                                 : std::generic_category().message(error)};
}

bool Error::expected(std::initializer_list<ws::CloseCode> codes) const {
    return kind == Kind::closed && std::ranges::find(codes, code) != codes.end();
}

std::string Error::message() const {
    switch (kind) {
        case Kind::none: return "the connection is open";
        case Kind::closed:
            return "closed: " + ws::describe_close_code(code) +
                   (reason.empty() ? "" : ' ' + ws::quote(ws::as_bytes(reason)));
        case Kind::rule:
            return std::string{ws::rule(rule).section} + ": " +
                   std::string{ws::rule(rule).sentence} + "; failed with " + std::to_string(code);
        case Kind::lost: return "lost without a Close frame (1006): " + reason;
        case Kind::timed_out: return "given up (1006): " + reason;
    }
    return "?";
}

std::string Message::to_string() const {
    if (type == ws::Opcode::text) return ws::escape(data, shown_text_bytes);
    return std::to_string(data.size()) + " bytes [" + ws::hex(data, shown_binary_bytes) + ']';
}

}  // namespace endpoint
