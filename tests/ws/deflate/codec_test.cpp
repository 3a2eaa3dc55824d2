// Compressed messages over two connections as values, RFC 7692 §6 and §7.2: frames with RSV1,
// context takeover or none, fragments, pieces, limits, and what is corrupt; over every cut.
#include "ws/deflate/codec.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/support/bit_string.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/errc.hpp"
#include "ws/connection.hpp"

using namespace test::literals;
using ws::Errc;
using ws::Opcode;
using namespace ws::deflate;

namespace {

class FixedKey final : public ws::KeySource {
  public:
    ws::MaskingKey next_key() override { return {0x37, 0xFA, 0x21, 0x3D}; }
};

// A server and a client that have agreed on these terms.
struct Pair {
    explicit Pair(CodecOptions options = {}, ws::Limits limits = {}, bool shared = true)
        : extensions{options, shared ? PermessageDeflate::Sharing::one_thread
                                     : PermessageDeflate::Sharing::none},
          server{ws::Role::server, limits},
          client{ws::Role::client, limits, &keys} {
        const std::string offered = extensions.offer();
        const std::string_view offers[] = {offered};
        std::string answer;
        server.extend(extensions.choose(offers, answer));
        const std::string_view answers[] = {answer};
        client.extend(extensions.accept(answers));
        REQUIRE(server.extension() != nullptr);
        REQUIRE(client.extension() != nullptr);
    }

    PermessageDeflate extensions;
    FixedKey keys;
    ws::Connection server, client;
};

struct Got {
    std::vector<ws::Buffer> messages;  // whole, or the pieces of one put together
    std::vector<Opcode> types;
    std::size_t pieces = 0;
    Errc error = Errc::none;
};

// Feeds bytes in these pieces and collects what comes of it.
Got receive(ws::Connection& connection, const test::Pieces& pieces) {
    Got got;
    ws::Buffer begun, answers;
    for (const ws::Buffer& piece : pieces) {
        // Memory of exactly that size, which is gone afterwards.
        ws::Buffer bytes{piece};
        connection.feed(bytes);
        while (const auto event = connection.next(answers)) {
            if (event->type == ws::Event::failed) got.error = event->error;
            if (event->type != ws::Event::message) continue;
            ++got.pieces;
            ws::append(begun, event->data);
            if (!event->last) continue;
            got.messages.push_back(std::move(begun));
            got.types.push_back(event->opcode);
            begun = {};
        }
    }
    return got;
}
Got receive(ws::Connection& connection, const ws::Buffer& bytes) {
    return receive(connection, test::Pieces{bytes});
}

ws::Buffer text(std::size_t size) {
    ws::Buffer data;
    for (int number = 0; data.size() < size; ++number)
        ws::append(data, ws::as_bytes("{\"number\":" + std::to_string(number * 7919 % 1000) +
                                      ",\"text\":\"привет, socket\"}"));
    data.resize(size);
    // Not cut within a character.
    while (!data.empty() && data.back() >= 0x80) data.pop_back();
    return data;
}

// A server's frame.
ws::Buffer frame(std::uint8_t first, ws::Bytes payload) {
    ws::Buffer bytes;
    ws::append_frame(bytes,
                     {.fin = (first & 0x80) != 0,
                      .rsv = static_cast<std::uint8_t>(first >> 4 & 7),
                      .opcode = static_cast<Opcode>(first & 0xF)},
                     payload);
    return bytes;
}

constexpr CodecOptions always{.threshold = 0};
constexpr CodecOptions forgetful{
    .terms = {.server_no_context_takeover = true, .client_no_context_takeover = true},
    .threshold = 0};

}  // namespace

TEST_CASE("§7.2.3.1 \"Hello\" compressed, in one frame, in two, and once more by reference") {
    const ws::Buffer wire =
        "c1 07 (TEXT FIN RSV1) f2 48 cd c9 c9 07 00"
        "41 03 (TEXT RSV1) f2 48 cd 80 04 (CONT FIN) c9 c9 07 00"
        "c1 05 f2 00 11 00 00 (the text before)"
        "c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00 (a stored block)"
        "c1 08 f3 48 cd c9 c9 07 00 00 (a block with BFINAL)"
        "c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00 (two blocks)"
        "c1 01 00 (an empty message)"
        "81 05 48 65 6c 6c 6f (a plain one)"_hex;
    const ws::Buffer hello = "48 65 6c 6c 6f"_hex;
    test::for_every_split(wire, [&](const test::Pieces& pieces) {
        Pair pair;
        const Got got = receive(pair.client, pieces);
        CHECK(got.error == Errc::none);
        CHECK(got.messages ==
              std::vector<ws::Buffer>{hello, hello, hello, hello, hello, hello, {}, hello});
    });
}

TEST_CASE("§7.1.1 messages go both ways, under any terms, over every cut") {
    const ws::Buffer message = text(900);
    for (int terms = 0; terms < 16; ++terms) {
        for (const unsigned bits : {8u, 15u}) {
            const CodecOptions options{.terms = {(terms & 1) != 0, (terms & 2) != 0, bits, 23 - bits},
                                  .threshold = 100};
            const bool shared = (terms & 4) != 0;
            Pair pair{options, {}, shared};
            ws::Buffer from_server, from_client;
            for (const std::size_t size : {900u, 20u, 0u, 400u, 900u}) {
                CHECK(pair.server.send(from_server, Opcode::text, text(size)));
                CHECK(pair.client.send(from_client, Opcode::binary, text(size)));
            }
            CHECK(from_server.size() < 1'000);
            Pair whole{options, {}, shared};
            CHECK(receive(whole.client, from_server).messages.size() == 5);
            Pair split{options, {}, shared};
            test::Pieces bytes;
            for (const std::uint8_t byte : from_server) bytes.push_back({byte});
            const Got got = receive(split.client, bytes);
            CHECK(got.error == Errc::none);
            REQUIRE(got.messages.size() == 5);
            CHECK(got.messages[0] == message);
            CHECK(got.messages[1] == text(20));
            CHECK(got.messages[2].empty());
            CHECK(got.messages[4] == message);
            const Got back = receive(split.server, from_client);
            CHECK(back.messages == got.messages);
            CHECK(back.types[0] == Opcode::binary);
        }
    }
}

TEST_CASE("§7.2.1 short messages go plain, and so does what does not shrink") {
    Pair pair{{.terms = forgetful.terms, .threshold = 64}};
    ws::Buffer out;
    pair.server.send(out, Opcode::text, text(63));
    CHECK((out[0] & 0x40) == 0);
    out.clear();
    pair.server.send(out, Opcode::text, text(64));
    CHECK((out[0] & 0x40) != 0);
    out.clear();
    ws::Buffer noise(64);
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::uint8_t>(i * 37);
    pair.server.send(out, Opcode::binary, noise);
    CHECK((out[0] & 0x40) == 0);
    ws::Bytes large = noise;
    out.clear();
    pair.server.send_in_place(out, Opcode::binary, large);
    CHECK(large.empty());
    CHECK(receive(pair.client, out).messages == std::vector<ws::Buffer>{noise});
}

TEST_CASE("§6.1 fragments: RSV1 on the first alone, control frames never, others in between") {
    const ws::Buffer message = text(3'000);
    for (const CodecOptions& options : {always, forgetful}) {
        Pair pair{options}, other{options};
        ws::Buffer out;
        pair.server.send_fragment(out, Opcode::text, ws::Bytes{message}.first(1'000), false);
        CHECK(out[0] == 0x41);
        const std::size_t second = out.size();
        pair.server.ping(out, ws::as_bytes("?"));
        CHECK(out[second] == 0x89);
        // Another connection of this server's uses the same workspace.
        ws::Buffer ignored;
        other.server.send(ignored, Opcode::text, text(500));
        const std::size_t third = out.size();
        pair.server.send_fragment(out, Opcode::text, ws::Bytes{message}.subspan(1'000, 1'000),
                                  false);
        CHECK(out[third] == 0x00);
        pair.server.send_fragment(out, Opcode::text, ws::Bytes{message}.subspan(2'000), true);
        pair.server.send(out, Opcode::text, message);
        const Got got = receive(pair.client, out);
        CHECK(got.error == Errc::none);
        CHECK(got.messages == std::vector<ws::Buffer>{message, message});
    }
}

TEST_CASE("§6.1 RSV1 where it may not be fails the connection with 1002") {
    const auto error = [](const ws::Buffer& bytes) {
        Pair pair;
        return receive(pair.client, bytes).error;
    };
    CHECK(error("c9 00 (a ping)"_hex) == Errc::rsv1_not_on_first_frame);
    CHECK(error("c8 00 (a Close)"_hex) == Errc::rsv1_not_on_first_frame);
    CHECK(error("41 01 00 c0 00"_hex) == Errc::rsv1_not_on_first_frame);
    CHECK(error("01 01 61 c0 01 00"_hex) == Errc::rsv1_not_on_first_frame);
    CHECK(error("a1 00 (RSV2)"_hex) == Errc::rsv_without_extension);
    CHECK(error("91 00 (RSV3)"_hex) == Errc::rsv_without_extension);
    CHECK(ws::rule(Errc::rsv1_not_on_first_frame).close_code == ws::close_code::protocol_error);
    // §5.2 of RFC 6455: nothing was agreed.
    FixedKey keys;
    ws::Connection plain{ws::Role::client, {}, &keys};
    CHECK(receive(plain, "c1 01 00"_hex).error == Errc::rsv_without_extension);
}

TEST_CASE("§7.2.2 a corrupt message fails the connection with 1007, in every cut") {
    test::BitString too_far;
    too_far.number(0, 1).number(1, 2).code("0000001").code("00000");  // 3 from 1
    struct Case {
        ws::Buffer payload;
        Errc errc;
    };
    const Case cases[] = {
        {"07"_hex, Errc::reserved_block_type},
        {"00 05 00 fa fe"_hex, Errc::stored_length_mismatch},
        {"f2 48 cd c9 c9 07 (its end is missing)"_hex, Errc::unfinished_block},
        {"f2 48 cd"_hex, Errc::unfinished_block},
        {"(nothing)"_hex, Errc::unfinished_block},
        {"00 06 00 f9 ff 48 (five more, and four come)"_hex, Errc::unfinished_block},
        {too_far, Errc::distance_too_far},
    };
    for (const Case& corrupt : cases) {
        const ws::Buffer& payload = corrupt.payload;
        const Errc errc = corrupt.errc;
        CAPTURE(ws::rule(errc).name);
        Pair whole;
        CHECK(receive(whole.client, frame(0xC2, payload)).error == errc);
        const ws::Buffer wire = frame(0xC2, payload);
        test::for_every_split(wire, [&](const test::Pieces& pieces) {
            Pair pair;
            const Got got = receive(pair.client, pieces);
            CHECK(got.error != Errc::none);
            CHECK(ws::rule(got.error).close_code == ws::close_code::invalid_payload);
            CHECK(got.messages.empty());
        });
    }
}

TEST_CASE("§8.1 of RFC 6455: a compressed text is UTF-8 once it is decompressed") {
    const auto error_of = [](std::string_view data, Opcode type) {
        Pair pair{always};
        ws::Buffer out;
        pair.server.send(out, type, ws::as_bytes(data));
        return receive(pair.client, out).error;
    };
    CHECK(error_of("\xD0\x9F", Opcode::text) == Errc::none);
    CHECK(error_of("\xD0", Opcode::text) == Errc::invalid_utf8);
    CHECK(error_of("abc\xFF", Opcode::text) == Errc::invalid_utf8);
    CHECK(error_of("abc\xFF", Opcode::binary) == Errc::none);
}

TEST_CASE("§10.4 of RFC 6455: the limit is that of the decompressed message, 1009") {
    const ws::Buffer zeros(10'000, 0);
    for (const bool pieces : {false, true}) {
        for (const std::uint64_t limit : {9'999u, 10'000u}) {
            for (const CodecOptions& options : {always, forgetful}) {
                Pair pair{options, {.max_message_bytes = limit}};
                pair.client.deliver_pieces(pieces);
                ws::Buffer out;
                for (int i = 0; i < 2; ++i) pair.server.send(out, Opcode::binary, zeros);
                const Got got = receive(pair.client, out);
                CHECK(got.error == (limit == 10'000 ? Errc::none : Errc::message_too_big));
                CHECK(got.messages.size() == (limit == 10'000 ? 2 : 0));
            }
        }
    }
    // A bomb over many frames.
    Pair pair{forgetful, {.max_message_bytes = 100'000}};
    ws::Buffer out;
    for (int i = 0; i < 11; ++i) pair.server.send_fragment(out, Opcode::binary, zeros, false);
    CHECK(receive(pair.client, out).error == Errc::message_too_big);
}

TEST_CASE("§6.2 in pieces a compressed message may be larger than what is held of it") {
    const ws::Buffer large = text(1'000'000);
    for (const CodecOptions& options : {always, forgetful}) {
        Pair pair{options};
        pair.client.deliver_pieces();
        ws::Buffer out;
        for (int i = 0; i < 2; ++i) pair.server.send(out, Opcode::text, large);
        CHECK(out.size() < large.size() / 4);
        test::Pieces reads;
        for (std::size_t begin = 0; begin < out.size(); begin += 1'000)
            reads.emplace_back(
                out.begin() + static_cast<std::ptrdiff_t>(begin),
                out.begin() + static_cast<std::ptrdiff_t>(std::min(begin + 1'000, out.size())));
        const Got got = receive(pair.client, reads);
        CHECK(got.error == Errc::none);
        CHECK(got.messages == std::vector<ws::Buffer>{large, large});
        CHECK(got.pieces > 30);
    }
}

TEST_CASE("a piece may be asked for after the read that it came in has gone") {
    Pair pair{forgetful};
    pair.client.deliver_pieces();
    const ws::Buffer large(300'000, 'a');
    ws::Buffer out, answers;
    pair.server.send(out, Opcode::text, large);
    ws::Buffer got;
    auto read = std::make_unique<ws::Buffer>(out);
    pair.client.feed(*read);
    for (bool first = true; const auto event = pair.client.next(answers); first = false) {
        ws::append(got, event->data);
        if (first) {
            CHECK(pair.client.holds_more());
            CHECK(pair.client.unread().empty());
            read.reset();
        }
    }
    CHECK(!pair.client.holds_more());
    CHECK(got == large);
}

TEST_CASE("§7.2.1 a message for many is compressed once, and each goes on from there") {
    for (const bool takeover : {true, false}) {
        CodecOptions options = takeover ? always : forgetful;
        Pair first{options}, second{options};
        const ws::Buffer before = text(300), shared_text = text(2'000), after = text(700);
        ws::Buffer to_first, to_second;
        first.server.send(to_first, Opcode::text, before);
        const ws::PreparedMessage message{Opcode::text, shared_text};
        for (int i = 0; i < 2; ++i) {
            first.server.send(to_first, message);
            second.server.send(to_second, message);
        }
        first.server.send(to_first, Opcode::text, after);
        second.server.send(to_second, Opcode::text, after);
        CHECK(receive(first.client, to_first).messages ==
              std::vector<ws::Buffer>{before, shared_text, shared_text, after});
        const Got got = receive(second.client, to_second);
        CHECK(got.messages == std::vector<ws::Buffer>{shared_text, shared_text, after});
        CHECK(to_second.size() < shared_text.size());
    }
}

TEST_CASE("§7.2.1 a message for many that is short, masked or no smaller goes as it is") {
    ws::Buffer noise(200);
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::uint8_t>(i * i * 37 >> 3);
    Pair pair{{.threshold = 64}};
    const auto first_byte = [](ws::Connection& from, ws::Bytes data) {
        ws::Buffer out;
        CHECK(from.send(out, ws::PreparedMessage{Opcode::binary, data}));
        return out[0];
    };
    CHECK(first_byte(pair.server, text(63)) == 0x82);
    CHECK(first_byte(pair.server, text(64)) == 0xC2);
    CHECK(first_byte(pair.server, noise) == 0x82);
    CHECK(first_byte(pair.client, text(500)) == 0x82);
}

TEST_CASE("§7.2 what a large message needed is not kept for small ones") {
    ws::Buffer large(3 << 20);
    std::uint32_t state = 1;
    for (std::uint8_t& byte : large) byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    Pair pair{forgetful};
    for (int i = 0; i < 2; ++i) {
        ws::Buffer out;
        pair.server.send_fragment(out, Opcode::binary, large, false);
        pair.server.send_fragment(out, Opcode::binary, {}, true);
        pair.server.send(out, Opcode::text, text(500));
        const Got got = receive(pair.client, out);
        REQUIRE(got.messages.size() == 2);
        CHECK(got.messages[0] == large);
        CHECK(got.messages[1] == text(500));
    }
}

TEST_CASE("§7.1 connections that agreed on the same share what they can, others do not") {
    PermessageDeflate extensions{always, PermessageDeflate::Sharing::one_thread};
    for (const char* offered : {"permessage-deflate; client_max_window_bits", "permessage-deflate",
                                "permessage-deflate; server_no_context_takeover",
                                "permessage-deflate; client_no_context_takeover",
                                "permessage-deflate; server_max_window_bits=9",
                                "permessage-deflate; client_max_window_bits=9",
                                "permessage-deflate; client_max_window_bits=9"}) {
        CAPTURE(offered);
        const std::string_view offers[] = {offered};
        std::string answer;
        ws::Connection server{ws::Role::server, {}};
        server.extend(extensions.choose(offers, answer));
        REQUIRE(server.extension() != nullptr);
        FixedKey keys;
        ws::Connection client{ws::Role::client, {}, &keys};
        PermessageDeflate of_client{{.terms = {.server_max_window_bits = 15}, .threshold = 0}};
        const std::string_view answers[] = {answer};
        client.extend(of_client.accept(answers));
        REQUIRE(client.extension() != nullptr);
        ws::Buffer out;
        for (int i = 0; i < 2; ++i) server.send(out, Opcode::text, text(2'000));
        CHECK(receive(client, out).messages == std::vector<ws::Buffer>{text(2'000), text(2'000)});
    }
    const std::string_view none[] = {"x"};
    CHECK(extensions.accept(none) == nullptr);
}

TEST_CASE("§6.2 in pieces a part may give more than one piece before its next byte is needed") {
    // 258 bytes for two bits each: those that are left of a byte suffice, now and then, for a room of 1 KiB.
    const ws::Buffer large(600'000, 'a');
    Pair pair{forgetful};
    pair.client.deliver_pieces();
    ws::Buffer sent;
    pair.server.send(sent, Opcode::text, large);
    ws::FrameHeader header;
    REQUIRE(ws::decode_header(sent, header) == ws::Parse::ok);
    const ws::Bytes payload = ws::Bytes{sent}.subspan(header.size());
    // Of the first byte nothing comes, so the message keeps a small room for the rest.
    const test::Pieces frames{frame(0x41, payload.first(1)), frame(0x80, payload.subspan(1))};
    const Got got = receive(pair.client, frames);
    CHECK(got.error == Errc::none);
    CHECK(got.messages == std::vector<ws::Buffer>{large});
    CHECK(got.pieces > 500);
}

TEST_CASE("§7.2.2 a message that is not complete is not done with") {
    PermessageDeflate extensions{always};
    const std::string_view offers[] = {"permessage-deflate"};
    std::string answer;
    const auto extension = extensions.choose(offers, answer);
    REQUIRE(extension != nullptr);
    extension->release();  // there is none
    const ws::Buffer begin = "f2 48 cd"_hex, end = "c9 c9 07 00"_hex;
    extension->take({begin, true, false, 100});
    CHECK(extension->next(false).kind == ws::Extension::Part::wants_more);
    extension->release();
    extension->take({end, true, true, 100});
    const ws::Extension::Part part = extension->next(false);
    CHECK(part.kind == ws::Extension::Part::end);
    CHECK(ws::as_text(part.bytes) == "Hello");
}
