// permessage-deflate in the opening handshake: what is offered, accepted and refused, RFC 7692 §5
// and §7.1. Lesson 14. Both sides as functions over the elements of Sec-WebSocket-Extensions.
// Leaves out: the headers themselves (ws/handshake), and the messages (deflate/message).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ws/deflate/history.hpp"

namespace ws::deflate {

// What an endpoint asks for and agrees to. The defaults compress best; a server of many connections
// that are idle for long saves memory with no context takeover, or with smaller windows.
struct Terms {
    bool server_no_context_takeover = false;  // each message of the server's stands for itself
    bool client_no_context_takeover = false;
    unsigned server_max_window_bits = max_window_bits;  // 8 to 15: at most so far back
    unsigned client_max_window_bits = max_window_bits;

    bool operator==(const Terms&) const = default;
};

// §7.1, a client's offer: an element of the header's list.
std::string offer(const Terms& wanted);

// §5.1, §7.1, a server's choice: the first offer among the header's elements that can be kept.
// `allowed` is the most that the server grants: windows no larger, and no context takeover where it
// says so. Nothing: none of them; the answer then names no extension, and messages go as they are.
struct Choice {
    Terms terms;
    std::string answer;  // the element that says so in the server's header
};
std::optional<Choice> choose(std::span<const std::string_view> extensions, const Terms& allowed);

// The client's side of it: what the server's answer means after this offer. Nothing: it is not an
// answer to this offer, and the connection must be failed (§7.1). `extensions` are the header's
// elements, all of them.
std::optional<Terms> accept(std::span<const std::string_view> extensions, const Terms& offered);

}  // namespace ws::deflate
