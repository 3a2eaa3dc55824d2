// The opening handshake, both sides: RFC 6455 §4.1 (client) and §4.2 (server). Lesson 4.
// Pure functions over heads that were read by ws/http. OpenSSL helps with the two steps to
// Sec-WebSocket-Accept, §4.2.2: SHA-1 (ws/sha1) and base64.
// Leaves out: origin, authentication and other policies (lesson 10); compression (lesson 14).
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ws/http.hpp"
#include "ws/sha1.hpp"

namespace ws {

// RFC 6455 §1.3: chosen once and for all, so that no server that does not know WebSocket
// answers right by accident.
inline constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// The SHA-1 hash of a Sec-WebSocket-Key and the GUID after it. The key is used as it stands in
// the header; it is never decoded.
Sha1::Digest accept_hash(std::string_view key);

std::string base64(Bytes bytes);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key: base64(accept_hash(key)).
std::string accept_key(std::string_view key);

// --- the server's side -----------------------------------------------------------------------

// Applies every rule of §4.2.1 to a request that was parsed.
Errc check_request(const Request& request);

// The first of `ours`, in the server's order of preference, that the client offers; empty when
// there is none: then the answer names no subprotocol (§4.2.2).
std::string_view choose_subprotocol(const Request& request, std::span<const std::string> ours);

// The answer 101 to a checked request. `subprotocol` and `extra` are tokens and header values.
std::string accept_response(const Request& request, std::string_view subprotocol = {},
                            std::span<const Header> extra = {});

// The answer to a broken one: the rule's status, `Connection: close`, one line of plain text.
// Nothing that the client sent appears in it, but for the path, escaped, where that is what is wrong.
std::string refuse_response(Errc errc, std::string_view path = {});

// The head of an answer to a plain request: `Connection: close`, so that the body may be followed
// by the end of TCP. `content_type` and `extra` are tokens and header values.
std::string http_response(int status, std::string_view content_type, std::size_t body_bytes,
                          std::span<const Header> extra = {});

// --- the client's side -----------------------------------------------------------------------

// What a client asks for. It keeps this to judge the answer.
struct ClientHandshake {
    std::string host;            // the Host header: "localhost:8080"; satisfies is_host()
    std::string resource = "/";  // satisfies is_resource()
    std::string key;             // from make_key(), new for each connection
    std::vector<std::string> subprotocols{};  // tokens, in the client's order of preference
    std::string origin{};                     // empty: none; browsers always send one
    std::string extensions{};  // offered; empty: none
    // Further ones; not those that the handshake itself is made of.
    std::vector<std::pair<std::string, std::string>> headers{};
};

// Sec-WebSocket-Key: base64 of 16 bytes that were chosen at random.
std::string make_key(const std::array<std::uint8_t, 16>& nonce);

// Would client_request() be a well-formed head? False: a value holds a line feed, a subprotocol
// is no token or is there twice, or the like.
bool is_sendable(const ClientHandshake& handshake);

// The request. `handshake` is sendable.
std::string client_request(const ClientHandshake& handshake);

// Applies every rule of §4.1 to the answer. After Errc::none the subprotocol, if one was
// chosen, stands in its header Sec-WebSocket-Protocol.
Errc check_response(const Response& response, const ClientHandshake& handshake);

}  // namespace ws
