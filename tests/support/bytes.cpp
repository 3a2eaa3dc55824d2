#include "tests/support/bytes.hpp"

#include <doctest/doctest.h>

#include <string>

#include "ws/unhex.hpp"

namespace test {

ws::Buffer from_hex(std::string_view text) {
    std::string digits;
    int depth = 0;
    for (const char c : text) {
        if (c == '(') ++depth;
        if (depth == 0) digits += c;
        if (c == ')') --depth;
    }
    const auto bytes = ws::unhex(digits);
    REQUIRE_MESSAGE(bytes.has_value(), "not hex: " << text);
    return *bytes;
}

ws::Buffer literals::operator+(ws::Buffer left, ws::Bytes right) {
    ws::append(left, right);
    return left;
}

void for_every_split(ws::Bytes bytes, const std::function<void(Pieces&)>& body) {
    const auto copy = [](ws::Bytes part) { return ws::Buffer{part.begin(), part.end()}; };
    {
        INFO("whole");
        Pieces pieces{copy(bytes)};
        body(pieces);
    }
    {
        INFO("byte by byte");
        Pieces pieces;
        for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(copy(bytes.subspan(i, 1)));
        body(pieces);
    }
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        INFO("cut before byte " << cut);
        Pieces pieces{copy(bytes.first(cut)), copy(bytes.subspan(cut))};
        body(pieces);
    }
}

}  // namespace test
