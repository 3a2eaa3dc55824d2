// The frame header: RFC 6455 §5.2, §5.7.
#include "ws/frame.hpp"

#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"

using namespace test::literals;

TEST_CASE("§5.7 a single-frame unmasked text message \"Hello\"") {
    const ws::Buffer bytes = "81 05 48 65 6c 6c 6f"_hex;
    ws::FrameHeader header;
    CHECK(ws::decode_header(bytes, header) == ws::Parse::ok);
    CHECK(header.fin);
    CHECK(header.opcode == ws::Opcode::text);
    CHECK(header.length == 5);
}
