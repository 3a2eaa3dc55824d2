// Masking, RFC 6455 §5.3, against the byte loop that the RFC describes.
#include "ws/mask.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/bytes.hpp"

using namespace test::literals;

namespace {

constexpr ws::MaskingKey key{0x37, 0xfa, 0x21, 0x3d};

// §5.3: "j = i MOD 4, transformed-octet-i = original-octet-i XOR masking-key-octet-j"
ws::Buffer naive_mask(ws::Bytes data, std::uint64_t index_of_first) {
    ws::Buffer result;
    for (std::uint64_t i = 0; i < data.size(); ++i)
        result.push_back(data[i] ^ key[(index_of_first + i) % 4]);
    return result;
}

ws::Buffer random_bytes(std::size_t size) {
    std::mt19937 random{6455};
    ws::Buffer bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

}  // namespace

TEST_CASE("§5.3 the masked \"Hello\" of §5.7") {
    ws::Buffer payload = "48 65 6c 6c 6f (\"Hello\")"_hex;
    ws::apply_mask(payload, key);
    CHECK(payload == "7f 9f 4d 51 58"_hex);
    ws::apply_mask(payload, key);
    CHECK(payload == "48 65 6c 6c 6f"_hex);
}

TEST_CASE("§5.3 every length, address and phase gives what the byte loop gives") {
    const ws::Buffer original = random_bytes(300);
    for (std::size_t length = 0; length <= 200; ++length) {
        for (std::size_t at = 0; at < 33; ++at) {
            const std::uint64_t phase = (length + at) % 7;
            ws::Buffer bytes = original;
            ws::apply_mask(ws::MutableBytes{bytes}.subspan(at, length), ws::rotated(key, phase));

            ws::Buffer expected = original;  // and what lies around it stays as it is
            const ws::Buffer middle = naive_mask(ws::Bytes{original}.subspan(at, length), phase);
            std::copy(middle.begin(), middle.end(),
                      expected.begin() + static_cast<std::ptrdiff_t>(at));
            if (bytes != expected) FAIL("length ", length, ", at ", at, ", phase ", phase);
        }
    }
}

TEST_CASE("§5.3 a payload cut anywhere is masked as the whole one") {
    const ws::Buffer original = random_bytes(100);
    const ws::Buffer expected = naive_mask(original, 0);
    for (std::size_t cut = 0; cut <= original.size(); ++cut) {
        ws::Buffer bytes = original;
        ws::apply_mask(ws::MutableBytes{bytes}.first(cut), key);
        ws::apply_mask(ws::MutableBytes{bytes}.subspan(cut), ws::rotated(key, cut));
        if (bytes != expected) FAIL("cut before byte ", cut);
    }
}

TEST_CASE("§5.3 the key turns with the index, however large it is") {
    CHECK(ws::rotated(key, 0) == key);
    CHECK(ws::rotated(key, 1) == ws::MaskingKey{0xfa, 0x21, 0x3d, 0x37});
    CHECK(ws::rotated(key, 2) == ws::MaskingKey{0x21, 0x3d, 0x37, 0xfa});
    CHECK(ws::rotated(key, 3) == ws::MaskingKey{0x3d, 0x37, 0xfa, 0x21});
    CHECK(ws::rotated(key, 4) == key);
    CHECK(ws::rotated(key, (std::uint64_t{1} << 32) + 1) == ws::rotated(key, 1));
    CHECK(ws::rotated(key, ~std::uint64_t{0}) == ws::rotated(key, 3));
}
