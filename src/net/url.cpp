// URLs taken apart from left to right: scheme, authority, resource. Lesson 1.
// RFC 3986 §3 and, for fragments, RFC 6455 §3. Every refusal names the URL and what is wrong with
// it, because it is shown to whoever typed it.
#include "net/url.hpp"

#include <algorithm>
#include <charconv>

namespace net {

namespace {

bool is_control(char c) { return (c >= 0 && c < ' ') || c == 0x7F; }

// One line, whatever was typed.
[[noreturn]] void fail(std::string_view text, const std::string& why) {
    std::string shown{text};
    std::ranges::replace_if(shown, is_control, '?');
    throw UrlError{"'" + shown + "' is not a usable URL: " + why};
}

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// What people paste from an address bar, as it travels: RFC 3986 §2.1 writes every other byte than
// its own characters as %20. An escape that stands there already stays.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view not_in_urls = " \"<>\\^`{|}";
    std::string result;
    for (const char c : text) {
        if (!is_beyond_ascii(c) && not_in_urls.find(c) == std::string_view::npos) {
            result += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        result += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return result;
}

std::uint16_t parse_port(std::string_view url, std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535)
        fail(url, "the port must be a number from 1 to 65535");
    return static_cast<std::uint16_t>(port);
}

// Splits "host", "host:port", ":port", "[v6]" and "[v6]:port".
void parse_authority(std::string_view url, std::string_view authority, Url& result) {
    if (authority.find('@') != std::string_view::npos)
        fail(url, "a user name or password does not belong into it");
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos) fail(url, "the bracket of the address is not closed");
        result.host = authority.substr(1, end - 1);
        if (result.host.empty()) fail(url, "the address between the brackets is missing");
        port = authority.substr(end + 1);
        if (!port.empty() && !port.starts_with(':')) fail(url, "expected ':' after ']'");
    } else {
        const std::size_t colon = authority.find(':');
        result.host = authority.substr(0, colon);
        if (colon != std::string_view::npos) port = authority.substr(colon);
        if (port.find(':', 1) != std::string_view::npos)
            fail(url, "an IPv6 address needs brackets, as in ws://[::1]:8080/");
    }
    // RFC 3986 §3.2.3 allows "host:/", a colon without a port.
    if (port.size() > 1) result.port = parse_port(url, port.substr(1));
    if (result.host.empty()) {
        // ":8080" is a port of this machine.
        if (result.port == 0) fail(url, "the host is missing");
        result.host = "localhost";
    }
}

}  // namespace

Url parse_url(std::string_view text) {
    if (std::ranges::any_of(text, is_control)) fail(text, "it holds a control character");
    // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and
    // MUST NOT be used on these URIs."
    if (text.find('#') != std::string_view::npos)
        fail(text, "a fragment ('#...') is never sent to a server; write %23 for a '#'");

    Url result;
    std::string_view rest = text;
    if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
        result.scheme = text.substr(0, end);
        std::ranges::transform(result.scheme, result.scheme.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        rest = text.substr(end + 3);
    }
    // A query may stand right after the host: ws://example.com?room=1 (RFC 3986 §3.2).
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view authority = rest.substr(0, end);
    if (authority.find(' ') != std::string_view::npos) fail(text, "a host cannot hold a space");
    if (std::ranges::any_of(authority, is_beyond_ascii))
        fail(text, "a host with such letters is written in its other form, xn--...");
    parse_authority(text, authority, result);
    result.resource = percent_encoded(rest.substr(end));
    if (!result.resource.starts_with('/')) result.resource.insert(0, "/");
    return result;
}

}  // namespace net
