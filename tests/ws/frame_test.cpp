// The frame header: RFC 6455 §5.1, §5.2, §5.5, §5.7.
#include "ws/frame.hpp"

#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"

using namespace test::literals;
using ws::Errc;
using ws::Opcode;
using ws::Parse;
using ws::Role;

namespace {

constexpr std::uint8_t defined_opcodes[] = {0, 1, 2, 8, 9, 10};

ws::FrameHeader decoded(ws::Bytes bytes) {
    ws::FrameHeader header;
    REQUIRE(ws::decode_header(bytes, header) == Parse::ok);
    return header;
}

// What the role that may receive this header says about it.
Errc judge(ws::Bytes bytes) {
    const ws::FrameHeader header = decoded(bytes);
    return ws::check_header(header, header.masked ? Role::server : Role::client);
}

struct Example {
    ws::Buffer bytes;
    bool fin;
    Opcode opcode;
    bool masked;
    std::uint8_t length_bytes;
    std::uint64_t length;
};

}  // namespace

TEST_CASE("§5.7 every example is decoded, and encoded to the same bytes") {
    const ws::Bytes mask = test::sample_key;
    const Example examples[] = {
        {"81 05 (TEXT FIN, 5)"_hex, true, Opcode::text, false, 0, 5},
        {"81 85 (TEXT FIN, masked, 5)"_hex + mask, true, Opcode::text, true, 0, 5},
        {"01 03 (TEXT, 3: \"Hel\")"_hex, false, Opcode::text, false, 0, 3},
        {"80 02 (CONTINUATION FIN, 2: \"lo\")"_hex, true, Opcode::continuation, false, 0, 2},
        {"89 05 (PING, 5)"_hex, true, Opcode::ping, false, 0, 5},
        {"8a 85 (PONG, masked, 5)"_hex + mask, true, Opcode::pong, true, 0, 5},
        {"82 7e 01 00 (BINARY FIN, 256)"_hex, true, Opcode::binary, false, 2, 256},
        {"82 7f 00 00 00 00 00 01 00 00 (BINARY FIN, 65536)"_hex, true, Opcode::binary, false, 8,
         65536},
    };
    for (const Example& example : examples) {
        CAPTURE(example.length);
        const ws::FrameHeader header = decoded(example.bytes);
        CHECK(header.fin == example.fin);
        CHECK(header.rsv == 0);
        CHECK(header.opcode == example.opcode);
        CHECK(header.masked == example.masked);
        CHECK(header.length_bytes == example.length_bytes);
        CHECK(header.length == example.length);
        if (header.masked) CHECK(header.key == test::sample_key);
        CHECK(header.size() == example.bytes.size());
        CHECK(judge(example.bytes) == Errc::none);

        std::array<std::uint8_t, ws::max_header_bytes> out;
        const std::size_t size = ws::encode_header(out, header);
        CHECK(ws::Buffer{out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)} ==
              example.bytes);
    }
}

TEST_CASE("§5.7 a frame is appended behind what is there") {
    ws::Buffer out = "ee"_hex;
    ws::append_frame(out, {.opcode = Opcode::text}, ws::as_bytes("Hello"));
    CHECK(out == "ee 81 05 48 65 6c 6c 6f (\"Hello\")"_hex);

    ws::append_frame(out, {.opcode = Opcode::pong, .masked = true, .key = test::sample_key},
                     ws::as_bytes("Hello"));
    CHECK(out == "ee 81 05 48 65 6c 6c 6f 8a 85 37 fa 21 3d 7f 9f 4d 51 58"_hex);

    ws::Buffer empty;  // the length is the payload's, whatever the header says
    ws::append_frame(empty, {.opcode = Opcode::binary, .length = 99}, {});
    CHECK(empty == "82 00"_hex);
}

TEST_CASE("§5.2 a header that is not there whole needs more, and is no error") {
    const ws::Buffer headers[] = {
        "81 05"_hex,
        "81 85 37 fa 21 3d"_hex,
        "82 7e 01 00"_hex,
        "82 fe 01 00 37 fa 21 3d"_hex,
        "82 7f 00 00 00 00 00 01 00 00"_hex,
        "82 ff 00 00 00 00 00 01 00 00 37 fa 21 3d"_hex,
        "ff ff ff ff ff ff ff ff ff ff ff ff ff ff (as wrong as can be)"_hex,
    };
    for (const ws::Buffer& bytes : headers) {
        ws::FrameHeader header;
        for (std::size_t size = 0; size < bytes.size(); ++size)
            CHECK(ws::decode_header(ws::Bytes{bytes}.first(size), header) == Parse::need_more);
        CHECK(ws::decode_header(bytes, header) == Parse::ok);
        CHECK(header.size() == bytes.size());
    }
}

TEST_CASE("§5.2 lengths at the borders of the three forms") {
    struct Border {
        std::uint64_t length;
        ws::Buffer bytes;
    };
    const Border borders[] = {
        {0, "82 00"_hex},
        {1, "82 01"_hex},
        {125, "82 7d"_hex},
        {126, "82 7e 00 7e"_hex},
        {127, "82 7e 00 7f"_hex},
        {65535, "82 7e ff ff"_hex},
        {65536, "82 7f 00 00 00 00 00 01 00 00"_hex},
        {std::uint64_t{1} << 31, "82 7f 00 00 00 00 80 00 00 00"_hex},
        {std::uint64_t{1} << 32, "82 7f 00 00 00 01 00 00 00 00"_hex},
        {std::uint64_t{1} << 40, "82 7f 00 00 01 00 00 00 00 00"_hex},
        {(std::uint64_t{1} << 63) - 1, "82 7f 7f ff ff ff ff ff ff ff"_hex},
    };
    for (const Border& border : borders) {
        CAPTURE(border.length);
        CHECK(decoded(border.bytes).length == border.length);
        CHECK(judge(border.bytes) == Errc::none);
        CHECK(judge(test::masked(border.bytes)) == Errc::none);

        for (const bool masked : {false, true}) {
            const ws::FrameHeader header{.opcode = Opcode::binary,
                                         .masked = masked,
                                         .length = border.length,
                                         .key = test::sample_key};
            std::array<std::uint8_t, ws::max_header_bytes> out;
            const std::size_t size = ws::encode_header(out, header);
            const ws::Buffer expected = masked ? test::masked(border.bytes) : border.bytes;
            CHECK(ws::Buffer{out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)} ==
                  expected);
        }
    }
}

TEST_CASE("§5.2 every bit of the first byte is read, and written again") {
    for (unsigned first = 0; first < 256; ++first) {
        const ws::Buffer bytes{static_cast<std::uint8_t>(first), 0};
        const ws::FrameHeader header = decoded(bytes);
        CHECK(header.fin == (first >= 128));
        CHECK(header.rsv == first / 16 % 8);
        CHECK(static_cast<unsigned>(header.opcode) == first % 16);
        std::array<std::uint8_t, ws::max_header_bytes> out;
        CHECK(ws::encode_header(out, header) == 2);
        CHECK(out[0] == first);
    }
}

TEST_CASE("§5.2 reserved opcodes, and no others, are refused") {
    for (unsigned opcode = 0; opcode < 16; ++opcode) {
        CAPTURE(opcode);
        const ws::Buffer bytes{static_cast<std::uint8_t>(0x80 | opcode), 0};
        const bool defined = opcode <= 2 || (opcode >= 8 && opcode <= 10);
        CHECK(judge(bytes) == (defined ? Errc::none : Errc::reserved_opcode));
        CHECK(judge(test::masked(bytes)) == (defined ? Errc::none : Errc::reserved_opcode));
    }
}

TEST_CASE("§5.2 each RSV bit is refused unless it was negotiated") {
    for (std::uint8_t rsv = 1; rsv <= 7; ++rsv) {
        CAPTURE(int{rsv});
        for (const std::uint8_t opcode : defined_opcodes) {
            const ws::Buffer bytes{static_cast<std::uint8_t>(0x80 | rsv << 4 | opcode), 0};
            const auto others = static_cast<std::uint8_t>(7 & ~rsv);
            CHECK(judge(bytes) == Errc::rsv_without_extension);
            CHECK(judge(test::masked(bytes)) == Errc::rsv_without_extension);
            const ws::FrameHeader header = decoded(bytes);
            CHECK(ws::check_header(header, Role::client, rsv) == Errc::none);
            CHECK(ws::check_header(header, Role::client, 7) == Errc::none);
            CHECK(ws::check_header(header, Role::client, others) == Errc::rsv_without_extension);
        }
    }
}

TEST_CASE("§5.1 a server wants masked frames, a client unmasked ones") {
    for (const std::uint8_t opcode : defined_opcodes) {
        CAPTURE(int{opcode});
        const ws::Buffer bytes{static_cast<std::uint8_t>(0x80 | opcode), 0};
        const ws::FrameHeader unmasked = decoded(bytes);
        const ws::FrameHeader masked = decoded(test::masked(bytes));
        CHECK(ws::check_header(unmasked, Role::server) == Errc::frame_not_masked);
        CHECK(ws::check_header(masked, Role::server) == Errc::none);
        CHECK(ws::check_header(unmasked, Role::client) == Errc::none);
        CHECK(ws::check_header(masked, Role::client) == Errc::frame_masked);
    }
}

TEST_CASE("§5.2 a length in a longer form than it needs is refused") {
    const ws::Buffer longer[] = {
        "82 7e 00 00"_hex,
        "82 7e 00 05"_hex,
        "82 7e 00 7d (125)"_hex,
        "82 7f 00 00 00 00 00 00 00 00"_hex,
        "82 7f 00 00 00 00 00 00 00 7d (125)"_hex,
        "82 7f 00 00 00 00 00 00 00 7e (126)"_hex,
        "82 7f 00 00 00 00 00 00 ff ff (65535)"_hex,
        "89 7e 00 05 (PING)"_hex,
        "88 7f 00 00 00 00 00 00 00 02 (CLOSE)"_hex,
    };
    for (const ws::Buffer& bytes : longer) {
        CHECK(judge(bytes) == Errc::length_not_minimal);
        CHECK(judge(test::masked(bytes)) == Errc::length_not_minimal);
    }
}

TEST_CASE("§5.2 the top bit of a 64-bit length must be 0") {
    const ws::Buffer too_long[] = {
        "82 7f 80 00 00 00 00 00 00 00 (2^63)"_hex,
        "82 7f 80 00 00 00 00 00 00 05"_hex,
        "82 7f ff ff ff ff ff ff ff ff (2^64 - 1)"_hex,
        "00 7f 80 00 00 00 00 00 00 00 (CONTINUATION)"_hex,
    };
    for (const ws::Buffer& bytes : too_long) {
        CHECK(judge(bytes) == Errc::length_top_bit);
        CHECK(judge(test::masked(bytes)) == Errc::length_top_bit);
    }
    CHECK(decoded("82 7f 80 00 00 00 00 00 00 05"_hex).length == 0x8000000000000005);
}

TEST_CASE("§5.5 control frames: 125 bytes at most, in one frame") {
    for (const std::uint8_t first : "88 89 8a"_hex) {
        CAPTURE(int{first});
        CHECK(judge({{first, 125}}) == Errc::none);
        CHECK(judge(ws::Buffer{first} + "7e 00 7e (126)"_hex) == Errc::control_too_long);
        CHECK(judge(ws::Buffer{first} + "7e ff ff"_hex) == Errc::control_too_long);
        CHECK(judge(ws::Buffer{first} + "7f 7f ff ff ff ff ff ff ff"_hex) ==
              Errc::control_too_long);
        const auto without_fin = static_cast<std::uint8_t>(first & 0x7f);
        CHECK(judge({{without_fin, 0}}) == Errc::control_fragmented);
        CHECK(judge({{without_fin, 125}}) == Errc::control_fragmented);
    }
    for (const std::uint8_t data_frame : "00 01 02 80 81 82"_hex)
        CHECK(judge(ws::Buffer{data_frame} + "7e 00 7e"_hex) == Errc::none);
}

TEST_CASE("§5.5 control frames are those with the opcode's top bit") {
    for (unsigned opcode = 0; opcode < 16; ++opcode)
        CHECK(ws::is_control(static_cast<Opcode>(opcode)) == (opcode >= 8));
}

TEST_CASE("§5 each rule of a frame fails the connection with 1002") {
    for (const Errc errc : {Errc::rsv_without_extension, Errc::reserved_opcode,
                            Errc::frame_not_masked, Errc::frame_masked, Errc::length_not_minimal,
                            Errc::length_top_bit, Errc::control_too_long, Errc::control_fragmented,
                            Errc::unexpected_continuation, Errc::expected_continuation})
        CHECK(ws::rule(errc).close_code == 1002);
}
