// The answer to a plain GET: pages come from the port on which WebSockets are spoken. Lesson 5.
// RFC 9110 §15. What is asked of a server that is no handshake, it may answer with one of these.
// Leaves out: ranges, caching, a second request on the same connection.
#pragma once

#include <string>
#include <vector>

#include "ws/http.hpp"

namespace ws {

struct HttpReply {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
    std::vector<Header> headers{};  // further ones; their texts outlive the reply
};

}  // namespace ws
