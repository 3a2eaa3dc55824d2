// "scheme://host:port/path?query" taken apart, RFC 3986. Lesson 1 (host and port), 4 (resource).
// Leaves out: user names in URLs, percent-decoding; host names beyond ASCII (RFC 5891).
// What people type is taken as well: a host alone, a port alone.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace net {

struct Url {
    std::string scheme;           // lower case; empty when the text had none
    std::string host;             // without the brackets of an IPv6 address
    std::uint16_t port = 0;       // 0 when the text had none
    std::string resource = "/";   // path and query, never empty (RFC 6455 §3 resource name); what
                                  // no URL may hold stands there as %C3%A4
};

// A text that is no URL. what() says what is wrong with it, in one line.
class UrlError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Takes "ws://host:port/path", and for those who type: "host", "host:port", ":port".
// RFC 6455 §3: a fragment ("#...") is refused. Throws UrlError.
Url parse_url(std::string_view text);

}  // namespace net
