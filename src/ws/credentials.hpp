// Who sends a request: Authorization (RFC 7617, RFC 6750) and cookies (RFC 6265). Lesson 10.
// RFC 6455 §10.5: "The WebSocket server can use any client authentication mechanism available to a
// generic HTTP server, such as cookies, HTTP authentication, or TLS authentication."
// Leaves out: how a password is stored (hashed, never as it is) and how a session begins.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ws/http.hpp"

namespace ws {

struct Account {
    std::string name;      // without a colon
    std::string secret;    // never empty
    bool blocked = false;  // known, and not welcome
};

// The cookie in which a browser carries the secret.
inline constexpr std::string_view session_cookie = "session";

// Whose request is this? It shows an account's name and secret (`Authorization: Basic`), or its
// secret alone (`Authorization: Bearer`, or the cookie). Errc::none and the account's name;
// unauthorized when nobody is known by it; forbidden for an account that is blocked. Without
// accounts nobody is asked, and the name is empty.
Errc authenticate(const Request& request, std::span<const Account> accounts, std::string& name);

// --- building blocks ---------------------------------------------------------------------------

// Takes as long for a wrong secret as for the right one: an early end would tell how many of its
// first bytes were guessed. `secret` is not empty.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

// The bytes that a base64 text stands for (RFC 4648 §4), padded; nothing when it is anything else.
std::optional<std::string> decode_base64(std::string_view text);

// The value of a cookie. Nothing when there is none by this name, or more than one: whoever can
// set a cookie for a neighbouring host could slip in the second.
std::optional<std::string_view> find_cookie(const Request& request, std::string_view name);

}  // namespace ws
