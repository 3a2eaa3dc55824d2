// The payload of Close frames, RFC 6455 §5.5.1: two bytes of code, then text. Lesson 8.
// Codes that stand for "there was no code" or "there was no Close" (§7.4.1) can be received from
// the wire only by mistake, and can be sent by none.
#include "ws/close.hpp"

#include <cassert>

#include "ws/byte_order.hpp"
#include "ws/characters.hpp"
#include "ws/utf8.hpp"

namespace ws {

namespace {

// §5.5: 125 bytes for a control frame's payload, less two for the code.
constexpr std::size_t max_reason_bytes = 123;

std::string_view name_of(CloseCode code) {
    switch (code) {
        case close_code::normal: return "normal closure";
        case close_code::going_away: return "going away";
        case close_code::protocol_error: return "protocol error";
        case close_code::unsupported_data: return "unsupported data";
        case close_code::none: return "no code in the Close frame";
        case close_code::abnormal: return "the connection ended without a Close frame";
        case close_code::invalid_payload: return "invalid payload data";
        case close_code::policy_violation: return "policy violation";
        case close_code::message_too_big: return "message too big";
        case close_code::mandatory_extension: return "mandatory extension missing";
        case close_code::internal_error: return "internal error";
        case close_code::service_restart: return "service restart";
        case close_code::try_again_later: return "try again later";
        case close_code::bad_gateway: return "bad gateway";
        case close_code::tls_handshake: return "TLS handshake failed";
        default: break;
    }
    if (code >= 3000 && code <= 3999) return "registered by an application";
    if (code >= 4000 && code <= 4999) return "private";
    return "not a valid code";
}

// What a control frame holds of a reason, which never ends within a character.
std::string_view fitting(std::string_view reason) {
    if (reason.size() <= max_reason_bytes) return reason;
    std::size_t end = max_reason_bytes;
    while (end > 0 && continues_character(static_cast<std::uint8_t>(reason[end]))) --end;
    return reason.substr(0, end);
}

}  // namespace

bool may_be_sent(CloseCode code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

std::string describe_close_code(CloseCode code) {
    return std::to_string(code) + " (" + std::string{name_of(code)} + ")";
}

Errc parse_close_body(Bytes payload, CloseBody& body) {
    body = {};
    if (payload.empty()) return Errc::none;

    // RFC 6455 §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte
    // unsigned integer"
    if (payload.size() == 1) return Errc::close_body_of_one_byte;
    body.code = load_be<CloseCode>(payload);
    body.reason = payload.subspan(2);

    // RFC 6455 §7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control
    // frame by an endpoint"; §7.4.2: "Status codes in the range 0-999 are not used."
    if (!may_be_sent(body.code)) return Errc::invalid_close_code;

    // RFC 6455 §5.5.1: "the body MAY contain UTF-8-encoded data"; §8.1: anything else in it
    // fails the connection.
    if (!is_utf8(body.reason)) return Errc::invalid_close_reason;
    return Errc::none;
}

void append_close_body(Buffer& out, CloseCode code, std::string_view reason) {
    if (code == close_code::none) return;
    assert(may_be_sent(code));
    std::array<std::uint8_t, 2> bytes;
    store_be(bytes, code);
    append(out, bytes);
    append(out, as_bytes(fitting(reason)));
}

}  // namespace ws
