// Numbers in network byte order: RFC 6455 §5.2 ("expressed in network byte order").
#include "ws/bytes.hpp"

#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"
#include "ws/byte_order.hpp"

using namespace test::literals;

TEST_CASE("§5.2 numbers are read most significant byte first") {
    const ws::Buffer bytes = "01 23 45 67 89 ab cd ef"_hex;
    CHECK(ws::load_be<std::uint8_t>(bytes) == 0x01);
    CHECK(ws::load_be<std::uint16_t>(bytes) == 0x0123);
    CHECK(ws::load_be<std::uint32_t>(bytes) == 0x01234567);
    CHECK(ws::load_be<std::uint64_t>(bytes) == 0x0123456789abcdef);
    CHECK(ws::load_be<std::uint64_t>("ff ff ff ff ff ff ff ff"_hex) == ~std::uint64_t{0});
    CHECK(ws::load_be<std::uint16_t>(ws::Bytes{bytes}.subspan(3)) == 0x6789);  // any address
}

TEST_CASE("§5.2 numbers are written most significant byte first") {
    ws::Buffer bytes(8, 0xEE);
    ws::store_be(bytes, std::uint16_t{0x0123});
    CHECK(bytes == "01 23 ee ee ee ee ee ee"_hex);
    ws::store_be(bytes, std::uint32_t{0x89abcdef});
    CHECK(bytes == "89 ab cd ef ee ee ee ee"_hex);
    ws::store_be(bytes, std::uint64_t{0x8000000000000001});
    CHECK(bytes == "80 00 00 00 00 00 00 01"_hex);
    ws::store_be(bytes, std::uint8_t{0xff});
    CHECK(bytes[0] == 0xff);
}

TEST_CASE("§5.2 what is written is read again") {
    ws::Buffer bytes(8);
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
            ws::store_be(bytes, value);
            CHECK(ws::load_be<std::uint64_t>(bytes) == value);
        }
    }
    for (unsigned value = 0; value < 65536; ++value) {
        ws::store_be(bytes, static_cast<std::uint16_t>(value));
        if (ws::load_be<std::uint16_t>(bytes) != value) FAIL("16 bits: ", value);
    }
}
