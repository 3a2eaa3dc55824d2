// What load is made of, without a socket: its histogram, its prepared frames, its comparing eye.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "clients/load/answers.hpp"
#include "clients/load/histogram.hpp"
#include "clients/load/prepared.hpp"
#include "tests/support/bytes.hpp"
#include "ws/mask.hpp"
#include "ws/utf8.hpp"

using namespace test::literals;

TEST_CASE("load: a percentile is at most 1.6 % above the true one, and never below it") {
    std::mt19937_64 random{6455};
    for (int round = 0; round < 50; ++round) {
        load::Histogram histogram;
        std::vector<std::uint64_t> values;
        for (auto count = 1 + random() % 3000; count > 0; --count) {
            values.push_back(random() >> random() % 64);
            histogram.add(values.back());
        }
        std::ranges::sort(values);
        CHECK(histogram.count() == values.size());
        CHECK(histogram.max() == values.back());
        for (const double part : {0.001, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
            const auto rank = static_cast<std::size_t>(
                std::max(1.0, std::ceil(part * static_cast<double>(values.size()))));
            const std::uint64_t exact = values[rank - 1];
            const std::uint64_t shown = histogram.at(part);
            CHECK(shown >= exact);
            CHECK(shown - exact <= exact / 64);
        }
    }
    CHECK(load::Histogram{}.at(0.5) == 0);
}

namespace {

load::Settings settings(std::uint64_t bytes, std::uint64_t in_flight = 1,
                        load::Payload payload = load::Payload::ascii, bool raw = false) {
    load::Settings result;
    result.bytes = bytes;
    result.in_flight = in_flight;
    result.payload = payload;
    result.raw = raw;
    return result;
}

struct NoKeys : ws::KeySource {
    ws::MaskingKey next_key() override { return {1, 2, 3, 4}; }
};

// The frame that a client sends as message `number`, unmasked again.
ws::Buffer unmasked_frame(const load::Prepared& prepared, std::uint64_t number) {
    ws::FrameHeader header;
    const ws::Bytes frame = prepared.to_send(number, 0, 1);
    REQUIRE(ws::decode_header(frame, header) == ws::Parse::ok);
    CHECK(ws::check_header(header, ws::Role::server) == ws::Errc::none);
    ws::Buffer payload{frame.begin() + static_cast<std::ptrdiff_t>(header.size()), frame.end()};
    CHECK(payload.size() == header.length);
    ws::apply_mask(payload, header.key);
    return payload;
}

}  // namespace

TEST_CASE("load: prepared frames are right, and lie in a row") {
    using load::Payload;
    for (const Payload payload : {Payload::ascii, Payload::utf8, Payload::binary})
        for (const std::uint64_t bytes : {1u, 8u, 125u, 126u, 65535u, 65536u})
            for (const std::uint64_t in_flight : {1u, 3u}) {
                const load::Prepared prepared{settings(bytes, in_flight, payload)};
                for (std::uint64_t number = 0; number < 20; ++number) {
                    const ws::Bytes wanted = prepared.payload(number);
                    CHECK(wanted.size() == bytes);
                    CHECK((payload == Payload::binary || ws::is_utf8(wanted)));
                    CHECK(std::ranges::equal(unmasked_frame(prepared, number), wanted));
                    // As many as may be in flight lie in one row.
                    CHECK(prepared.to_send(number, 0, in_flight).size() ==
                          in_flight * prepared.frame_bytes());
                }
                if (bytes > 1)
                    CHECK(!std::ranges::equal(prepared.payload(0), prepared.payload(1)));
            }
}

namespace {

// What Answers says to a server's bytes that are cut in two: messages, or what was wrong.
std::string judge(const load::Prepared& prepared, ws::Bytes bytes, std::size_t cut,
                  ws::Buffer* pongs = nullptr) {
    NoKeys keys;
    load::Answers answers{prepared, 0, keys};
    ws::Buffer out;
    std::uint64_t messages = 0;
    for (const ws::Bytes part : {bytes.first(cut), bytes.subspan(cut)}) {
        ws::Buffer read{part.begin(), part.end()};
        if (answers.error().empty()) messages += answers.take(read, out);
    }
    if (pongs != nullptr) *pongs = out;
    if (!answers.error().empty()) return answers.error();
    std::string text = std::to_string(messages);
    if (answers.close_code()) text += ", closed with " + std::to_string(*answers.close_code());
    return text;
}

void check_every_cut(const load::Prepared& prepared, ws::Bytes bytes, const std::string& expected) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        CAPTURE(cut);
        CHECK(judge(prepared, bytes, cut) == expected);
    }
}

ws::Buffer frame(ws::Opcode opcode, ws::Bytes payload, bool fin = true) {
    ws::Buffer bytes;
    ws::append_frame(bytes, {.fin = fin, .opcode = opcode}, payload);
    return bytes;
}

ws::Buffer joined(std::initializer_list<ws::Buffer> parts) {
    ws::Buffer bytes;
    for (const ws::Buffer& part : parts) ws::append(bytes, part);
    return bytes;
}

}  // namespace

TEST_CASE("load: right answers are counted, however they are cut and framed") {
    using ws::Opcode;
    const load::Prepared prepared{settings(20)};
    const auto text = [&](std::uint64_t number) { return frame(Opcode::text, prepared.payload(number)); };
    const ws::Buffer three = joined({text(0), text(1), text(2)});
    check_every_cut(prepared, three, "3");

    // In fragments, one of them empty, with a ping between them.
    const ws::Bytes second = prepared.payload(1);
    const ws::Buffer ping = frame(Opcode::ping, "41"_hex);
    const ws::Buffer mixed =
        joined({text(0), frame(Opcode::text, second.first(3), false), ping,
                frame(Opcode::continuation, {}, false), frame(Opcode::continuation, second.subspan(3)),
                text(2), frame(Opcode::close, "03 e8"_hex)});
    check_every_cut(prepared, mixed, "3, closed with 1000");
    ws::Buffer pongs;
    judge(prepared, mixed, 0, &pongs);
    CHECK(pongs.size() >= 7);
    CHECK(pongs[0] == 0x8A);
    CHECK(pongs[1] == 0x81);
}

TEST_CASE("load: each wrong answer is found") {
    using ws::Opcode;
    const load::Prepared prepared{settings(20)};
    const ws::Bytes payload = prepared.payload(0);
    ws::Buffer changed{payload.begin(), payload.end()};
    changed.back() ^= 1;
    ws::Buffer longer{payload.begin(), payload.end()};
    longer.push_back('x');
    check_every_cut(prepared, frame(Opcode::text, changed), "message 0 came back with a wrong payload");
    check_every_cut(prepared, frame(Opcode::binary, payload),
                    "message 0 came back with another opcode");
    check_every_cut(prepared, frame(Opcode::text, payload.first(19)),
                    "message 0 came back shorter than it was sent");
    CHECK(judge(prepared, frame(Opcode::text, longer), 0) ==
          "message 0 came back longer than it was sent");
    CHECK(judge(prepared, "c1 05"_hex, 0).find("a reserved bit is set") == 0);

    const ws::Buffer swapped = joined({frame(Opcode::text, prepared.payload(1)),
                                       frame(Opcode::text, prepared.payload(0))});
    check_every_cut(prepared, swapped, "message 0 came back with a wrong payload");
}

TEST_CASE("load: raw answers are the sent bytes, and nothing else") {
    const load::Prepared prepared{settings(20, 3, load::Payload::ascii, true)};
    const ws::Bytes sent = prepared.to_send(0, 0, 3);
    check_every_cut(prepared, sent, "3");
    for (std::size_t at = 0; at < sent.size(); ++at) {
        ws::Buffer changed{sent.begin(), sent.end()};
        changed[at] ^= 1;
        CHECK(judge(prepared, changed, 0) == "message " + std::to_string(at / prepared.frame_bytes()) +
                                                 " came back with a wrong payload");
    }
}
