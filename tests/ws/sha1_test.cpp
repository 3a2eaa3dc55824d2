// SHA-1: the test vectors of RFC 3174 §7.3, over every cut.
#include "ws/sha1.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/bytes.hpp"
#include "ws/hex.hpp"

using namespace test::literals;

TEST_CASE("RFC 3174 §7.3 the test vectors, however the bytes are cut") {
    struct Case {
        std::string text;
        ws::Buffer digest;
    };
    const Case cases[] = {
        {"abc", "A9993E36 4706816A BA3E2571 7850C26C 9CD0D89D"_hex},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983E44 1C3BD26E BAAE4AA1 F95129E5 E54670F1"_hex},
        {"", "DA39A3EE 5E6B4B0D 3255BFEF 95601890 AFD80709"_hex},  // not among the RFC's: no bytes
                                                                   // at all
    };
    for (const Case& c : cases) {
        CHECK(ws::hex(ws::sha1(ws::as_bytes(c.text))) == ws::hex(c.digest));
        test::for_every_split(ws::as_bytes(c.text), [&](test::Pieces& pieces) {
            ws::Sha1 hash;
            for (const ws::Buffer& piece : pieces) hash.update(piece);
            CHECK(ws::hex(hash.finish()) == ws::hex(c.digest));
        });
    }
}

TEST_CASE("RFC 3174 §7.3 a million times the letter a, and a second hash after reset()") {
    ws::Sha1 hash;
    for (int round = 0; round < 2; ++round) {
        const ws::Buffer thousand(1000, 'a');
        for (int i = 0; i < 1000; ++i) hash.update(thousand);
        CHECK(ws::hex(hash.finish()) ==
              ws::hex("34AA973C D4C4DAA4 F61EEB2B DBAD2731 6534016F"_hex));
        hash.reset();
    }
}
