// The table of rules: one line for each Errc, in its order. Lessons 4 and 5.
// The compiler checks that no line is out of place and that each sentence fits into a close reason
// (RFC 6455 §5.5.1: at most 123 bytes), so rule() can look up without a search.
#include "ws/error.hpp"

#include <algorithm>
#include <array>

namespace ws {

namespace {

constexpr auto rules = std::to_array<Rule>({
    {Errc::none, "none", 0, 0, "", "no rule was broken"},

    {Errc::head_too_long, "head_too_long", 431, 0, "RFC 6585 §5",
     "the head of the handshake is longer than this endpoint allows"},
    {Errc::start_line_too_long, "start_line_too_long", 414, 0, "RFC 9110 §15.5.15",
     "the first line is longer than this endpoint allows"},
    {Errc::too_many_headers, "too_many_headers", 431, 0, "RFC 6585 §5",
     "the head has more header lines than this endpoint allows"},
    {Errc::bare_line_feed, "bare_line_feed", 400, 0, "RFC 9112 §2.2",
     "every line of the head must end with CR LF, and CR may stand nowhere else"},
    {Errc::control_byte_in_head, "control_byte_in_head", 400, 0, "RFC 9110 §5.5",
     "the head holds a control byte; if it is TLS: this port speaks ws://, not wss://"},
    {Errc::malformed_start_line, "malformed_start_line", 400, 0, "RFC 9112 §3",
     "the first line is not that of an HTTP message"},
    {Errc::malformed_header, "malformed_header", 400, 0, "RFC 9112 §5",
     "a header line is not 'name: value', or its name holds a character that a name may not have"},
    {Errc::space_before_colon, "space_before_colon", 400, 0, "RFC 9112 §5.1",
     "a header's name and its colon must not be separated by a space"},
    {Errc::folded_header, "folded_header", 400, 0, "RFC 9112 §5.2",
     "a header line must not begin with a space (folded lines are obsolete)"},
    {Errc::duplicate_header, "duplicate_header", 400, 0, "RFC 6455 §11.3",
     "a Sec-WebSocket header that may appear only once appears twice"},

    {Errc::unsupported_http_version, "unsupported_http_version", 505, 0, "RFC 6455 §4.2.1",
     "the handshake needs HTTP/1.1"},
    {Errc::method_not_get, "method_not_get", 405, 0, "RFC 6455 §4.2.1",
     "the method of the handshake must be GET"},
    {Errc::malformed_target, "malformed_target", 400, 0, "RFC 6455 §4.2.1",
     "the request target is neither a path nor an http:// URL"},
    {Errc::missing_host, "missing_host", 400, 0, "RFC 6455 §4.2.1",
     "the Host header is missing"},
    {Errc::duplicate_host, "duplicate_host", 400, 0, "RFC 9112 §3.2",
     "there is more than one Host header"},
    {Errc::malformed_host, "malformed_host", 400, 0, "RFC 9112 §3.2",
     "the Host header is not a host with an optional port"},
    {Errc::host_mismatch, "host_mismatch", 400, 0, "RFC 9112 §3.2",
     "the URL in the request line and the Host header name different hosts"},
    {Errc::request_body, "request_body", 400, 0, "RFC 9112 §6",
     "a handshake has no body, so Content-Length and Transfer-Encoding do not belong into it"},
    {Errc::not_an_upgrade, "not_an_upgrade", 426, 0, "RFC 6455 §4.2.1",
     "Not a websocket handshake: the header 'Upgrade: websocket' is missing"},
    {Errc::connection_without_upgrade, "connection_without_upgrade", 400, 0, "RFC 6455 §4.2.1",
     "the Connection header does not list Upgrade; a proxy in between may have removed it"},
    {Errc::unsupported_version, "unsupported_version", 426, 0, "RFC 6455 §4.4",
     "Sec-WebSocket-Version must be 13"},
    {Errc::missing_key, "missing_key", 400, 0, "RFC 6455 §4.2.1", "Missing Sec-WebSocket-Key"},
    {Errc::malformed_key, "malformed_key", 400, 0, "RFC 6455 §4.2.1",
     "Sec-WebSocket-Key is not the base64 form of exactly 16 bytes"},
    {Errc::malformed_subprotocol, "malformed_subprotocol", 400, 0, "RFC 6455 §4.1",
     "Sec-WebSocket-Protocol is not a list of different tokens"},
    {Errc::malformed_extension, "malformed_extension", 400, 0, "RFC 6455 §9.1",
     "Sec-WebSocket-Extensions is not a list of extensions"},
    {Errc::path_not_found, "path_not_found", 404, 0, "RFC 6455 §4.2.2",
     "there is no WebSocket endpoint at this path"},
    {Errc::handshake_timeout, "handshake_timeout", 408, 0, "RFC 9110 §15.5.9",
     "the handshake was not complete in time"},

    {Errc::forbidden_origin, "forbidden_origin", 403, 0, "RFC 6455 §10.2",
     "pages from this Origin may not connect"},
    {Errc::unauthorized, "unauthorized", 401, 0, "RFC 9110 §15.5.2",
     "credentials are missing or wrong"},
    {Errc::forbidden, "forbidden", 403, 0, "RFC 9110 §15.5.4",
     "these credentials do not allow this"},
    {Errc::too_many_connections, "too_many_connections", 503, 0, "RFC 9110 §15.6.4",
     "the server has as many connections as it can serve; try again later"},
    {Errc::too_many_connections_from_address, "too_many_connections_from_address", 429, 0,
     "RFC 6585 §4", "there are too many connections from this address"},

    {Errc::unexpected_status, "unexpected_status", 0, 0, "RFC 6455 §4.1",
     "the server answered the handshake with a status other than 101"},
    {Errc::response_without_upgrade, "response_without_upgrade", 0, 0, "RFC 6455 §4.1",
     "the server's answer has no header 'Upgrade: websocket'"},
    {Errc::response_without_connection, "response_without_connection", 0, 0, "RFC 6455 §4.1",
     "the server's answer has no header 'Connection: Upgrade'"},
    {Errc::missing_accept, "missing_accept", 0, 0, "RFC 6455 §4.1",
     "the server's answer has no Sec-WebSocket-Accept header"},
    {Errc::wrong_accept, "wrong_accept", 0, 0, "RFC 6455 §4.1",
     "Sec-WebSocket-Accept does not belong to the key that was sent"},
    {Errc::unrequested_extension, "unrequested_extension", 0, 0, "RFC 6455 §4.1",
     "the server chose an extension that was not offered"},
    {Errc::unrequested_subprotocol, "unrequested_subprotocol", 0, 0, "RFC 6455 §4.1",
     "the server chose a subprotocol that was not offered"},

    {Errc::wrong_extension_answer, "wrong_extension_answer", 0, 0, "RFC 7692 §7",
     "the server's answer about permessage-deflate does not fit to what was offered"},

    {Errc::rsv_without_extension, "rsv_without_extension", 0, 1002, "RFC 6455 §5.2",
     "a reserved bit is set, and no extension that defines it was negotiated"},
    {Errc::reserved_opcode, "reserved_opcode", 0, 1002, "RFC 6455 §5.2",
     "the opcode is reserved (3 to 7, 11 to 15)"},
    {Errc::frame_not_masked, "frame_not_masked", 0, 1002, "RFC 6455 §5.1",
     "a frame from a client must be masked"},
    {Errc::frame_masked, "frame_masked", 0, 1002, "RFC 6455 §5.1",
     "a frame from a server must not be masked"},
    {Errc::length_not_minimal, "length_not_minimal", 0, 1002, "RFC 6455 §5.2",
     "the payload length is not written in its shortest form"},
    {Errc::length_top_bit, "length_top_bit", 0, 1002, "RFC 6455 §5.2",
     "the most significant bit of a 64-bit payload length must be 0"},
    {Errc::control_too_long, "control_too_long", 0, 1002, "RFC 6455 §5.5",
     "a control frame has a payload of more than 125 bytes"},
    {Errc::control_fragmented, "control_fragmented", 0, 1002, "RFC 6455 §5.5",
     "a control frame must not be fragmented"},

    {Errc::unexpected_continuation, "unexpected_continuation", 0, 1002, "RFC 6455 §5.4",
     "a continuation frame came, and there is no message to continue"},
    {Errc::expected_continuation, "expected_continuation", 0, 1002, "RFC 6455 §5.4",
     "a new message began before the fragmented one had ended"},
    {Errc::invalid_utf8, "invalid_utf8", 0, 1007, "RFC 6455 §8.1",
     "a text message is not valid UTF-8"},
    {Errc::message_too_big, "message_too_big", 0, 1009, "RFC 6455 §10.4",
     "the message is larger than this endpoint allows"},
    {Errc::too_many_fragments, "too_many_fragments", 0, 1008, "RFC 6455 §10.4",
     "the message has more fragments than this endpoint allows"},

    {Errc::reserved_block_type, "reserved_block_type", 0, 1007, "RFC 1951 §3.2.3",
     "the compressed message holds a block of the reserved type 3"},
    {Errc::stored_length_mismatch, "stored_length_mismatch", 0, 1007, "RFC 1951 §3.2.4",
     "the compressed message holds a stored block whose length contradicts its complement"},
    {Errc::too_many_literal_codes, "too_many_literal_codes", 0, 1007, "RFC 1951 §3.2.7",
     "the compressed message holds a block with more than 286 literal and length codes"},
    {Errc::no_length_to_repeat, "no_length_to_repeat", 0, 1007, "RFC 1951 §3.2.7",
     "the compressed message repeats a code length before the first one"},
    {Errc::too_many_lengths, "too_many_lengths", 0, 1007, "RFC 1951 §3.2.7",
     "the compressed message repeats a code length beyond the last code"},
    {Errc::oversubscribed_code, "oversubscribed_code", 0, 1007, "RFC 1951 §3.2.2",
     "the compressed message holds a code that is too short for its symbols"},
    {Errc::incomplete_code, "incomplete_code", 0, 1007, "RFC 1951 §3.2.7",
     "the compressed message holds a code with unused bit sequences"},
    {Errc::no_end_of_block, "no_end_of_block", 0, 1007, "RFC 1951 §3.2.7",
     "the compressed message holds a block that can never end: symbol 256 has no code"},
    {Errc::unassigned_code, "unassigned_code", 0, 1007, "RFC 1951 §3.2.6",
     "the compressed message uses a code that stands for nothing"},
    {Errc::distance_too_far, "distance_too_far", 0, 1007, "RFC 1951 §3.2.3",
     "the compressed message refers to bytes before its beginning or outside the agreed window"},
    {Errc::unfinished_block, "unfinished_block", 0, 1007, "RFC 7692 §7.2.2",
     "the compressed message ends in the middle of a block"},
    {Errc::rsv1_not_on_first_frame, "rsv1_not_on_first_frame", 0, 1002, "RFC 7692 §6",
     "RSV1 is set on a control frame or on a fragment that is not the first"},

    {Errc::close_body_of_one_byte, "close_body_of_one_byte", 0, 1002, "RFC 6455 §5.5.1",
     "a Close body is empty or begins with a code of two bytes"},
    {Errc::invalid_close_code, "invalid_close_code", 0, 1002, "RFC 6455 §7.4",
     "this close code must not be sent"},
    {Errc::invalid_close_reason, "invalid_close_reason", 0, 1007, "RFC 6455 §5.5.1",
     "the reason in a Close frame is not valid UTF-8"},
});

constexpr std::size_t max_reason_bytes = 123;

static_assert(rules.size() == errc_count && std::ranges::all_of(rules, [](const Rule& entry) {
    return &entry - rules.data() == static_cast<std::ptrdiff_t>(entry.errc) &&
           entry.sentence.size() <= max_reason_bytes;
}), "the table follows the enumerators, and each sentence fits into a close reason");

}  // namespace

const Rule& rule(Errc errc) { return rules[static_cast<std::size_t>(errc)]; }

}  // namespace ws
