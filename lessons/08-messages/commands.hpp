// What a line of lesson 8's client means that begins with a slash: /ping, /binary, /close.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>

#include "endpoint/blocking.hpp"
#include "ws/http.hpp"
#include "ws/unhex.hpp"

namespace lesson {

// True: it was sent, and an answer may come. Throws std::invalid_argument.
inline bool obey(endpoint::BlockingConnection& connection, const std::string& line) {
    const std::string name = line.substr(0, line.find(' '));
    const std::string rest{ws::trim(std::string_view{line}.substr(name.size()))};
    if (name == "/ping") return connection.ping(ws::as_bytes(rest));
    if (name == "/binary") {
        if (const auto bytes = ws::unhex(rest))
            return connection.write_message(ws::Opcode::binary, *bytes);
        throw std::invalid_argument{"/binary needs pairs of hex digits"};
    }
    if (name != "/close") throw std::invalid_argument{"not /ping, /binary or /close"};
    ws::CloseCode code = rest.empty() ? ws::close_code::normal : ws::CloseCode{0};
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), code);
    connection.close(code, ws::trim({end, rest.data() + rest.size()}));
    return false;
}

}  // namespace lesson
