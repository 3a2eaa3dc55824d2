// Which web page wants to connect: the Origin header, RFC 6455 §10.2 and RFC 6454. Lesson 10.
// A browser connects to any server that any page names, and sends the user's cookies along. What
// it cannot be made to do is lie about the page. Other clients can: this check protects users of
// browsers and nobody else.
// Leaves out: wildcards such as *.example.com, which sooner or later match a stranger's host.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ws/http.hpp"

namespace ws {

struct Origin {
    std::string scheme;      // lower case
    std::string host;        // lower case; an IPv6 address in its brackets
    std::uint16_t port = 0;  // that of the scheme when none was written; 0: it has none

    bool operator==(const Origin&) const = default;
};

// Reads "https://example.com:8443". Nothing when there is more (a path, a second origin) or less
// ("null", which every sandboxed page has).
std::optional<Origin> parse_origin(std::string_view text);

// With an empty list: the page must have come from the host and port that it asks for, http or
// https. Otherwise its origin must be in the list. A request without an Origin passes.
Errc check_origin(const Request& request, std::span<const Origin> allowed);

}  // namespace ws
