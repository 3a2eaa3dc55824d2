// URLs as they are typed for wsc. net/url reads those that a WebSocket client knows; what the
// command line takes beyond them is handled here: Unix sockets, names and passwords, https.
// RFC 3986. Leaves out: "../" in a redirect's path, which the server resolves as well.
#include "clients/wsc/target.hpp"

#include "net/address.hpp"
#include "net/url.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"
#include "ws/http.hpp"

namespace wsc {

namespace {

constexpr std::string_view unix_scheme = "ws+unix:";

// ws+unix:/path/to.sock:/url-path; without the second part the path is "/".
Target parse_unix(std::string_view text) {
    std::string_view rest = text.substr(unix_scheme.size());
    if (rest.starts_with("///")) rest.remove_prefix(2);  // ws+unix:///path is a URL, too
    const std::size_t colon = rest.find(':');
    Target target;
    target.unix_path = rest.substr(0, colon);
    if (colon != std::string_view::npos && colon + 1 < rest.size())
        target.resource = rest.substr(colon + 1);
    if (target.unix_path.empty())
        throw net::UrlError{"'" + std::string{text} +
                            "' names no socket, as in ws+unix:/path/to.sock:/url-path"};
    if (!ws::is_resource(target.resource))
        throw net::UrlError{"'" + std::string{text} +
                            "': what follows the socket and a colon must be a path, such as /ws"};
    return target;
}

// RFC 3986 §2.1. What is no escape stays as it is.
std::string percent_decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte =
            text[i] == '%' && i + 2 < text.size() ? ws::unhex(text.substr(i + 1, 2)) : std::nullopt;
        if (byte && byte->size() == 1) {
            result += static_cast<char>(byte->front());
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

// Takes "user:password@" out of the URL.
std::string take_credentials(std::string& text) {
    const std::size_t scheme = text.find("://");
    const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t end = std::min(text.find_first_of("/?#", start), text.size());
    const std::size_t at = text.rfind('@', end);
    if (at == std::string::npos || at < start || at >= end) return "";
    std::string credentials = percent_decoded(std::string_view{text}.substr(start, at - start));
    text.erase(start, at + 1 - start);
    if (credentials.find(':') == std::string::npos) credentials += ':';
    return credentials;
}

// "ws:/host" and "ws:host" would be a host named ws, with a path or a port.
void check_slashes(std::string_view text) {
    for (const std::string_view scheme : {"ws:", "wss:", "http:", "https:"})
        if (ws::equals_ignoring_case(text.substr(0, scheme.size()), scheme) &&
            text.substr(scheme.size(), 2) != "//")
            throw net::UrlError{"'" + std::string{text} + "': two slashes belong behind '" +
                                std::string{scheme} + "'"};
}

// RFC 3986 §3.2.2: "the host subcomponent is case-insensitive".
std::string lower_case(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

// Did the text name a path, be it "/" only?
bool has_path(std::string_view text) {
    const std::size_t scheme = text.find("://");
    const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
    return text.find_first_of("/?", start) != std::string_view::npos;
}

}  // namespace

std::string Target::host_header() const {
    if (!unix_path.empty()) return "localhost";
    const std::string with_port = net::join_host_port(host, port);
    const bool usual = port == (secure ? 443 : 80);
    return usual ? with_port.substr(0, with_port.rfind(':')) : with_port;
}

Target parse_target(std::string_view text) {
    if (text.starts_with(unix_scheme)) return parse_unix(text);
    check_slashes(text);
    std::string url{text};
    Target target;
    target.credentials = take_credentials(url);
    const net::Url parsed = net::parse_url(url);
    if (!parsed.scheme.empty() && parsed.scheme != "ws" && parsed.scheme != "wss" &&
        parsed.scheme != "http" && parsed.scheme != "https")
        throw net::UrlError{"'" + std::string{text} +
                            "': the scheme must be ws://, wss://, "
                            "http://, https:// or ws+unix:"};
    target.secure = parsed.scheme == "wss" || parsed.scheme == "https";
    target.host = lower_case(parsed.host);
    target.port = parsed.port != 0 ? parsed.port : target.secure ? 443 : 80;
    target.resource = parsed.resource;
    target.path_implied = parsed.scheme.empty() && parsed.port != 0 && !has_path(url);
    if (target.path_implied) target.resource = "/ws";
    if (!ws::is_host(target.host_header()))
        throw net::UrlError{"'" + std::string{text} + "': this is no name or address of a host"};
    return target;
}

namespace {

// The same host keeps the name and password that the URL had for it; no other gets to see them.
Target with_credentials(Target target, const Target& from) {
    const bool same = target.secure == from.secure && target.port == from.port &&
                      target.host == from.host && target.unix_path == from.unix_path;
    if (same && target.credentials.empty()) target.credentials = from.credentials;
    return target;
}

}  // namespace

Target redirected(const Target& from, std::string_view location) {
    const std::size_t end = location.find_first_of(":/?#");
    const bool absolute = end != std::string_view::npos && location[end] == ':';
    if (absolute) return with_credentials(parse_target(location.substr(0, location.find('#'))), from);
    if (location.starts_with("//"))
        return with_credentials(
            parse_target((from.secure ? "wss:" : "ws:") + std::string{location.substr(0, location.find('#'))}), from);
    Target target = from;
    const std::string_view path = location.substr(0, location.find('#'));
    const std::string_view old_path =
        std::string_view{from.resource}.substr(0, from.resource.find('?'));
    if (path.starts_with('/'))
        target.resource = path;
    else if (path.starts_with('?'))
        target.resource = std::string{old_path} + std::string{path};
    else
        target.resource =
            std::string{old_path.substr(0, old_path.rfind('/') + 1)} + std::string{path};
    if (!ws::is_resource(target.resource))
        throw net::UrlError{"Invalid URL: " + ws::escape(location)};
    return target;
}

}  // namespace wsc
