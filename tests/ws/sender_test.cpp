// Messages to bytes: RFC 6455 §5.1, §5.3, §5.4, §5.5.
#include "ws/sender.hpp"

#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"

using namespace test::literals;
using ws::Opcode;

namespace {

// Keys 00 00 00 01, 00 00 00 02, …: each frame shows which one it got.
class CountingKeys : public ws::KeySource {
  public:
    ws::MaskingKey next_key() override { return {0, 0, 0, ++count_}; }

  private:
    std::uint8_t count_ = 0;
};

}  // namespace

TEST_CASE("§5.1 a server's frames are never masked, even when it has keys") {
    CountingKeys keys;
    for (ws::KeySource* source :
         {static_cast<ws::KeySource*>(nullptr), static_cast<ws::KeySource*>(&keys)}) {
        ws::Sender sender{ws::Role::server, source};
        ws::Buffer out;
        sender.message(out, Opcode::text, ws::as_bytes("Hello"));
        sender.message(out, Opcode::binary, {});
        sender.control(out, Opcode::ping, ws::as_bytes("?"));
        sender.close(out, 1000, "bye");
        CHECK(out == "81 05 48 65 6c 6c 6f  82 00  89 01 3f  88 05 03 e8 62 79 65"_hex);
    }
}

TEST_CASE("§5.3 a client masks every frame with a fresh key") {
    CountingKeys keys;
    ws::Sender sender{ws::Role::client, &keys};
    ws::Buffer out;
    sender.message(out, Opcode::text, ws::as_bytes("Hell"));
    sender.fragment(out, Opcode::binary, "ff ff ff ff"_hex, false);
    sender.control(out, Opcode::pong, {});
    sender.fragment(out, Opcode::binary, "ff ff ff ff"_hex, true);
    sender.close(out, ws::close_code::none, "");
    CHECK(out ==
          "81 84 (key) 00 00 00 01  48 65 6c 6d"
          "02 84 (key) 00 00 00 02  ff ff ff fd"
          "8a 80 (key) 00 00 00 03"
          "80 84 (key) 00 00 00 04  ff ff ff fb"
          "88 80 (key) 00 00 00 05"_hex);
}

TEST_CASE("§5.4 only the first fragment has the opcode, only the last has FIN") {
    ws::Sender sender{ws::Role::server, nullptr};
    ws::Buffer out;
    CHECK_FALSE(sender.in_message());
    sender.fragment(out, Opcode::text, ws::as_bytes("a"), false);
    CHECK(sender.in_message());
    sender.fragment(out, Opcode::text, {}, false);
    sender.control(out, Opcode::ping, {});
    CHECK(sender.in_message());
    sender.fragment(out, Opcode::text, ws::as_bytes("b"), true);
    CHECK_FALSE(sender.in_message());
    sender.fragment(out, Opcode::binary, ws::as_bytes("c"), true);
    CHECK_FALSE(sender.in_message());
    sender.message(out, Opcode::text, ws::as_bytes("d"));
    CHECK(out == "01 01 61 (a)  00 00  89 00 (PING)  80 01 62 (b)  82 01 63 (c)  81 01 64 (d)"_hex);
}

TEST_CASE("§5.2 a message's header has the shortest length, §5.5 a control frame the longest") {
    ws::Sender sender{ws::Role::server, nullptr};
    const auto header_of = [&](std::size_t size) {
        ws::Buffer out;
        sender.message(out, Opcode::binary, ws::Buffer(size));
        out.resize(out.size() - size);
        return out;
    };
    CHECK(header_of(125) == "82 7d"_hex);
    CHECK(header_of(126) == "82 7e 00 7e"_hex);
    CHECK(header_of(65535) == "82 7e ff ff"_hex);
    CHECK(header_of(65536) == "82 7f 00 00 00 00 00 01 00 00"_hex);

    ws::Buffer out;
    sender.control(out, Opcode::ping, ws::Buffer(125, 0x2e));
    CHECK(out == "89 7d"_hex + ws::Buffer(125, 0x2e));
}
