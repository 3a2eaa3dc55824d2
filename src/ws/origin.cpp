// Origins taken apart and compared, RFC 6454 §4 to §7 and RFC 6455 §10.2. Lesson 10.
// They are compared as values, never as texts: "http://a" and "http://A:80" are the same origin,
// and "http://example.com.evil.test" begins like one that it is not.
#include "ws/origin.hpp"

#include <algorithm>
#include <charconv>

namespace ws {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
    return result;
}

std::uint16_t default_port(std::string_view scheme) {
    if (scheme == "http") return 80;
    if (scheme == "https") return 443;
    return 0;
}

// "host:port" of a page with this scheme. `authority` satisfies is_host().
Origin make_origin(std::string_view scheme, std::string_view authority) {
    Origin origin{lower(scheme), lower(authority), default_port(lower(scheme))};
    // An IPv6 address has colons too, within its brackets.
    const std::size_t colon = origin.host.rfind(':');
    if (colon == std::string::npos || origin.host.ends_with(']')) return origin;
    const std::string port = origin.host.substr(colon + 1);
    // RFC 3986 §3.2.3 allows "host:", which is the host with the default port.
    std::from_chars(port.data(), port.data() + port.size(), origin.port);
    origin.host.resize(colon);
    return origin;
}

}  // namespace

std::optional<Origin> parse_origin(std::string_view text) {
    const std::size_t end = text.find("://");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = text.substr(0, end);
    const std::string_view authority = text.substr(end + 3);
    if (!is_token(scheme) || !is_host(authority)) return std::nullopt;
    return make_origin(scheme, authority);
}

Errc check_origin(const Request& request, std::span<const Origin> allowed) {
    // RFC 6455 §10.2: "The intent is not to prevent non-browsers from establishing connections but
    // rather to ensure that trusted browsers under the control of potentially malicious JavaScript
    // cannot fake a WebSocket handshake." Only browsers send an Origin, and they always do.
    if (request.count("Origin") == 0) return Errc::none;

    // RFC 6454 §7.3: "The user agent MUST NOT include more than one Origin header field in any
    // HTTP request."
    const std::optional<Origin> origin = parse_origin(*request.find("Origin"));
    if (request.count("Origin") > 1 || !origin) return Errc::forbidden_origin;

    // RFC 6455 §10.2: "Servers that are not intended to process input from any web page but only
    // for certain sites SHOULD verify the |Origin| field is an origin they expect."
    if (!allowed.empty())
        return std::ranges::find(allowed, *origin) != allowed.end() ? Errc::none
                                                                    : Errc::forbidden_origin;
    // Host has no scheme: it is read as if it had the page's, because behind a TLS terminator we
    // do not know which one the browser used.
    const bool web = origin->scheme == "http" || origin->scheme == "https";
    return web && *origin == make_origin(origin->scheme, request.host) ? Errc::none
                                                                       : Errc::forbidden_origin;
}

}  // namespace ws
