// Every rule that a peer can break: its name, what breaking it costs, where it stands in the
// RFC, and a sentence for people. Lessons 4 (handshake) and 5 (frames).
// Leaves out: failures of the operating system (net/os_error.hpp) and our own bugs (assert).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ws {

enum class Errc : std::uint8_t {
    none,

    // The HTTP head of a handshake, either side.
    head_too_long,
    start_line_too_long,
    too_many_headers,
    bare_line_feed,
    control_byte_in_head,
    malformed_start_line,
    malformed_header,
    space_before_colon,
    folded_header,
    duplicate_header,

    // A client's handshake, as the server judges it (§4.2.1).
    unsupported_http_version,
    method_not_get,
    malformed_target,
    missing_host,
    duplicate_host,
    malformed_host,
    host_mismatch,
    request_body,
    not_an_upgrade,
    connection_without_upgrade,
    unsupported_version,
    missing_key,
    malformed_key,
    malformed_subprotocol,
    malformed_extension,
    path_not_found,
    handshake_timeout,

    // What a server's policy refuses, before or after the rules (lesson 10).
    forbidden_origin,
    unauthorized,
    forbidden,
    too_many_connections,
    too_many_connections_from_address,

    // A server's handshake, as the client judges it (§4.1, second list).
    unexpected_status,
    response_without_upgrade,
    response_without_connection,
    missing_accept,
    wrong_accept,
    unrequested_extension,
    unrequested_subprotocol,
    wrong_extension_answer,

    // Frames (§5.1, §5.2, §5.5).
    rsv_without_extension,
    reserved_opcode,
    frame_not_masked,
    frame_masked,
    length_not_minimal,
    length_top_bit,
    control_too_long,
    control_fragmented,

    // Messages (§5.4, §8.1, §10.4).
    unexpected_continuation,
    expected_continuation,
    invalid_utf8,
    message_too_big,
    too_many_fragments,

    // Compressed messages: the stream (RFC 1951), and the frames that carry it (RFC 7692).
    reserved_block_type,
    stored_length_mismatch,
    too_many_literal_codes,
    no_length_to_repeat,
    too_many_lengths,
    oversubscribed_code,
    incomplete_code,
    no_end_of_block,
    unassigned_code,
    distance_too_far,
    unfinished_block,
    rsv1_not_on_first_frame,

    // Close bodies (§5.5.1, §7.4).
    close_body_of_one_byte,
    invalid_close_code,
    invalid_close_reason,
};

struct Rule {
    Errc errc;
    std::string_view name;      // the enumerator, for logs and counters
    std::uint16_t http_status;  // a server's answer to a broken handshake, else 0
    std::uint16_t close_code;   // the Close that fails an open connection (§7.4.1), else 0
    std::string_view section;   // "RFC 6455 §5.5"
    std::string_view sentence;  // what the peer did wrong; at most 123 bytes, so that it fits
                                // into a close reason
};

inline constexpr std::size_t errc_count = static_cast<std::size_t>(Errc::invalid_close_reason) + 1;

// The rule behind an error; valid for the whole run of the program. `errc` is not none.
const Rule& rule(Errc errc);

}  // namespace ws
