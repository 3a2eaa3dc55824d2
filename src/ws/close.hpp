// Close codes and the body of a Close frame, RFC 6455 §5.5.1 and §7.4. Lesson 8.
// Which codes may be sent, what their numbers mean, and the reason behind them.
// Leaves out: when to send one, and what to do after it (ws/connection).
#pragma once

#include <string>
#include <string_view>

#include "ws/bytes.hpp"
#include "ws/error.hpp"

namespace ws {

// A close code is any number; these are the ones with a name (§7.4.1, and 1012 to 1014 from the
// IANA registry that §11.7 set up).
using CloseCode = std::uint16_t;

namespace close_code {
inline constexpr CloseCode normal = 1000;
inline constexpr CloseCode going_away = 1001;
inline constexpr CloseCode protocol_error = 1002;
inline constexpr CloseCode unsupported_data = 1003;
inline constexpr CloseCode none = 1005;      // never sent: the Close frame had no code
inline constexpr CloseCode abnormal = 1006;  // never sent: the connection ended without a Close
inline constexpr CloseCode invalid_payload = 1007;
inline constexpr CloseCode policy_violation = 1008;
inline constexpr CloseCode message_too_big = 1009;
inline constexpr CloseCode mandatory_extension = 1010;
inline constexpr CloseCode internal_error = 1011;
inline constexpr CloseCode service_restart = 1012;
inline constexpr CloseCode try_again_later = 1013;
inline constexpr CloseCode bad_gateway = 1014;
inline constexpr CloseCode tls_handshake = 1015;  // never sent
}  // namespace close_code

// May this code stand in a Close frame? §7.4: not 0 to 999, not 1004, 1005, 1006, 1015, not the
// unassigned rest up to 2999, nothing from 5000 on.
bool may_be_sent(CloseCode code);

// "1001 (going away)", for logs and terminals.
std::string describe_close_code(CloseCode code);

struct CloseBody {
    CloseCode code = close_code::none;
    Bytes reason;  // UTF-8; lives as long as the payload that it was read from
};

// Reads the payload of a Close frame; an empty one gives code 1005 and no reason.
Errc parse_close_body(Bytes payload, CloseBody& body);

// Appends code and reason as the payload of a Close frame; nothing for code 1005. The reason is
// cut to 123 bytes, never within a character. `code` may be sent or is 1005.
void append_close_body(Buffer& out, CloseCode code, std::string_view reason);

}  // namespace ws
