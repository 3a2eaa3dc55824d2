// Close codes and bodies: RFC 6455 §5.5.1, §7.4.
#include "ws/close.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/bytes.hpp"

using namespace test::literals;
using ws::Errc;

namespace {

// The codes that may cross the wire, as a list (the IANA registry below 3000, and the two ranges
// of §7.4.2 for everyone).
bool listed(unsigned code) {
    switch (code) {
        case 1000: case 1001: case 1002: case 1003: return true;
        case 1007: case 1008: case 1009: case 1010: case 1011: return true;
        case 1012: case 1013: case 1014: return true;
        default: return code / 1000 == 3 || code / 1000 == 4;
    }
}

ws::Buffer body_of(unsigned code) {
    return {static_cast<std::uint8_t>(code / 256), static_cast<std::uint8_t>(code % 256)};
}

std::string text_of(ws::Bytes bytes) { return std::string{ws::as_text(bytes)}; }

// The reason as it is on the wire, behind the two bytes of the code.
std::string cut(std::string_view reason) {
    ws::Buffer body;
    ws::append_close_body(body, 1000, reason);
    REQUIRE(body.size() >= 2);
    CHECK(body.size() <= 125);
    return text_of(ws::Bytes{body}.subspan(2));
}

}  // namespace

TEST_CASE("§7.4 each of the 65,536 codes is accepted or refused as the list says") {
    for (unsigned code = 0; code < 65536; ++code) {
        const Errc expected = listed(code) ? Errc::none : Errc::invalid_close_code;
        ws::CloseBody body;
        const ws::Buffer bytes = body_of(code);
        if (ws::parse_close_body(bytes, body) != expected) FAIL("received: ", code);
        if (ws::may_be_sent(static_cast<ws::CloseCode>(code)) != listed(code))
            FAIL("sent: ", code);
        if (listed(code)) {
            CHECK(body.code == code);
            ws::Buffer sent;
            ws::append_close_body(sent, body.code, "");
            CHECK(sent == bytes);
        }
    }
}

TEST_CASE("§7.1.5 an empty Close body means code 1005, and 1005 is sent as an empty body") {
    ws::CloseBody body;
    body.code = 1000;
    CHECK(ws::parse_close_body({}, body) == Errc::none);
    CHECK(body.code == 1005);
    CHECK(body.reason.empty());

    ws::Buffer sent;
    ws::append_close_body(sent, 1005, "a reason needs a code");
    CHECK(sent.empty());
}

TEST_CASE("§5.5.1 a Close body of one byte is refused") {
    ws::CloseBody body;
    for (unsigned byte = 0; byte < 256; ++byte)
        CHECK(ws::parse_close_body(ws::Buffer{static_cast<std::uint8_t>(byte)}, body) ==
              Errc::close_body_of_one_byte);
}

TEST_CASE("§5.5.1 code in network byte order, then the reason") {
    ws::CloseBody body;
    const ws::Buffer bytes = "03 e9 (1001) 62 79 65 (\"bye\")"_hex;
    CHECK(ws::parse_close_body(bytes, body) == Errc::none);
    CHECK(body.code == 1001);
    CHECK(text_of(body.reason) == "bye");
    CHECK(body.reason.data() == bytes.data() + 2);  // not copied

    ws::Buffer sent = "ee"_hex;
    ws::append_close_body(sent, 1001, "bye");
    CHECK(sent == "ee 03 e9 62 79 65"_hex);
}

TEST_CASE("§5.5.1 a reason must be UTF-8") {
    ws::CloseBody body;
    CHECK(ws::parse_close_body("03 e8 c3 a9 (é)"_hex, body) == Errc::none);
    CHECK(ws::parse_close_body("03 e8 f0 9f 91 8b"_hex, body) == Errc::none);
    CHECK(ws::parse_close_body("03 e8 c3 (half of é)"_hex, body) == Errc::invalid_close_reason);
    CHECK(ws::parse_close_body("03 e8 ff"_hex, body) == Errc::invalid_close_reason);
    CHECK(ws::parse_close_body("03 e8 62 ed a0 80 (surrogate)"_hex, body) ==
          Errc::invalid_close_reason);
    CHECK(ws::parse_close_body("03 ed (1005) ff"_hex, body) == Errc::invalid_close_code);
}

TEST_CASE("§5.5 a reason is cut to 123 bytes, on the border of a character") {
    const std::string a119(119, 'a');
    CHECK(cut("") == "");
    CHECK(cut("bye") == "bye");
    CHECK(cut(a119 + "bcde") == a119 + "bcde");   // 123 bytes
    CHECK(cut(a119 + "bcdef") == a119 + "bcde");  // 124
    CHECK(cut(std::string(5000, 'a')) == std::string(123, 'a'));

    // Characters of two, three and four bytes that lie across the border, at each place.
    for (const std::string character : {"é", "€", "👋"}) {
        for (std::size_t before = 115; before <= 124; ++before) {
            CAPTURE(before);
            const std::string start(before, 'a');
            const std::string kept = before + character.size() <= 123 ? start + character : start;
            CHECK(cut(start + character).size() == std::min<std::size_t>(kept.size(), 123));
            CHECK(cut(start + character) == kept.substr(0, 123));
        }
    }
    std::string many;
    for (int i = 0; i < 100; ++i) many += "👋";
    CHECK(cut(many) == many.substr(0, 120));
}

TEST_CASE("§7.4 codes are described for people") {
    CHECK(ws::describe_close_code(1000) == "1000 (normal closure)");
    CHECK(ws::describe_close_code(1006) == "1006 (the connection ended without a Close frame)");
    CHECK(ws::describe_close_code(3000) == "3000 (registered by an application)");
    CHECK(ws::describe_close_code(3999) == "3999 (registered by an application)");
    CHECK(ws::describe_close_code(4000) == "4000 (private)");
    CHECK(ws::describe_close_code(4999) == "4999 (private)");
    for (const int code : {0, 999, 1004, 1016, 2999, 5000, 65535})
        CHECK(ws::describe_close_code(static_cast<ws::CloseCode>(code)) ==
              std::to_string(code) + " (not a valid code)");
    for (unsigned code = 1000; code <= 1015; ++code) {
        if (code == 1004) continue;
        CHECK(ws::describe_close_code(static_cast<ws::CloseCode>(code)).find("not a valid") ==
              std::string::npos);
    }
}

TEST_CASE("§5.5 of a reason that has no border of a character nothing is sent") {
    ws::Buffer body;
    ws::append_close_body(body, ws::close_code::normal, std::string(200, '\x80'));
    CHECK(body == ws::Buffer{0x03, 0xE8});
}
