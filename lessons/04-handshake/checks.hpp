// For the judge of lesson 4: requests and answers, written out by hand.
#pragma once

#include <algorithm>

#include "lessons/tools/check/check.hpp"

namespace check {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline std::string head_of(const std::string& start_line, const Headers& headers) {
    std::string head = start_line + "\r\n";
    for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
    return head + "\r\n";
}

inline std::string new_key(Run& run) { return base64(run.random_bytes(16)); }

// A good request, as Chromium orders it.
inline Headers good_headers(const std::string& key) {
    return {{"Host", "localhost"},
            {"Connection", "Upgrade"},
            {"Upgrade", "websocket"},
            {"Sec-WebSocket-Version", "13"},
            {"Sec-WebSocket-Key", key}};
}

// The same with one header changed, or left out when `value` is nothing.
inline Headers with(Headers headers, const std::string& name, std::optional<std::string> value) {
    const auto at = std::ranges::find(headers, name, &Headers::value_type::first);
    if (value && at != headers.end())
        at->second = *value;
    else if (value)
        headers.emplace_back(name, *value);
    else if (at != headers.end())
        headers.erase(at);
    return headers;
}

inline Headers twice(Headers headers, const std::string& name, const std::string& value) {
    headers.emplace_back(name, value);
    return headers;
}

inline const std::string get = "GET /ws HTTP/1.1";

inline Headers good_answer(const std::string& key) {
    return {{"Upgrade", "websocket"},
            {"Connection", "Upgrade"},
            {"Sec-WebSocket-Accept", accept_key(key)}};
}

}  // namespace check
