// Messages read and written as JSON: RFC 8259 over RFC 6455 §5.6.
#include "endpoint/json_message.hpp"

#include <doctest/doctest.h>

#include "tests/support/raw_peer.hpp"

using json::Object;
using json::Value;

namespace {

std::string refused(ws::Opcode type, std::string_view data) {
    std::string why;
    CHECK(!endpoint::read_json({type, ws::as_bytes(data)}, why));
    return why;
}

}  // namespace

TEST_CASE("JSON messages: a text message is read, or refused in one line") {
    std::string why;
    const std::string_view text = R"({"user":"ada"})";
    CHECK(endpoint::read_json({ws::Opcode::text, ws::as_bytes(text)}, why) ==
          Value{Object{{"user", "ada"}}});
    CHECK(why.empty());
    CHECK(refused(ws::Opcode::text, "hello\x1B") == "not JSON: byte 0: a value must begin here");
    CHECK(refused(ws::Opcode::binary, text) == "JSON comes in text messages, not in binary ones");
}

TEST_CASE("JSON messages: a value is written as one text message") {
    auto [ours, theirs] = test::connected_pair();
    endpoint::BlockingConnection connection{std::move(ours), ws::Role::server, {}, {},
                                            nullptr,         nullptr};
    test::RawPeer peer{std::move(theirs)};
    CHECK(endpoint::write_json(connection, Object{{"user", "ada\xFF"}, {"text", "a\nb"}}));
    CHECK(peer.receive_text() == R"({"user":"ada)"
                                 "\uFFFD"
                                 R"(","text":"a\nb"})");
}
