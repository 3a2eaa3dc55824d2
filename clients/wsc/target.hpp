// What follows -c, taken apart: ws://, wss://, http://, https://, ws+unix:, host:port, :port.
// RFC 6455 §3. A user name and password in the URL become an Authorization header (RFC 7617).
// Leaves out: looking the host up (connecting).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wsc {

struct Target {
    bool secure = false;  // TLS
    std::string host;     // without brackets; empty with unix_path
    std::uint16_t port = 0;
    std::string resource = "/";  // path and query
    bool path_implied = false;   // by host:port, which names none
    std::string unix_path;       // of ws+unix:/path/to.sock:/url-path
    std::string credentials;     // "user:password"

    // The Host header: the port stands in it unless it is the scheme's own (§4.1).
    std::string host_header() const;
};

// Throws net::UrlError. host:port without a path means the path /ws, as in every client of the
// course; everything else without a path means "/".
Target parse_target(std::string_view text);

// Where the answer to a request for `from` sends us: RFC 9110 §10.2.2, `location` may be relative.
// Throws net::UrlError.
Target redirected(const Target& from, std::string_view location);

}  // namespace wsc
