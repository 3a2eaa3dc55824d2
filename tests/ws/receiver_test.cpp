// Bytes to pieces: RFC 6455 §5.4, §6.2, §8.1, §10.4.
#include "ws/receiver.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"
#include "ws/hex.hpp"

using namespace test::literals;
using ws::Errc;
using ws::Opcode;
using ws::Role;

namespace {

struct Message {
    Opcode opcode;
    ws::Buffer data;

    bool operator==(const Message&) const = default;
};

// Puts the pieces together and checks what every piece promises.
class Collector {
  public:
    explicit Collector(Role role, ws::Limits limits = {}) : receiver{role, limits} {}

    void feed(ws::Bytes piece) {
        ws::Buffer bytes{piece.begin(), piece.end()};
        receiver.feed(bytes);
        while (const auto got = receiver.next()) take(*got);
    }

    ws::Receiver receiver;
    std::vector<Message> messages;  // data and control, in the order in which they ended

  private:
    void take(const ws::Piece& piece) {
        CHECK(piece.opcode != Opcode::continuation);
        CHECK((piece.last || !piece.data.empty()));
        if (ws::is_control(piece.opcode)) {
            CHECK(piece.last);
            messages.push_back({piece.opcode, {piece.data.begin(), piece.data.end()}});
            return;
        }
        if (begun_) CHECK(begun_->opcode == piece.opcode);
        if (!begun_) begun_ = Message{piece.opcode, {}};
        ws::append(begun_->data, piece.data);
        if (piece.last) messages.push_back(std::move(*begun_));
        if (piece.last) begun_.reset();
    }

    std::optional<Message> begun_;
};

ws::Buffer frame(std::uint8_t first, ws::Bytes payload) {
    ws::Buffer bytes{first};
    ws::FrameHeader header{.length = payload.size()};
    std::array<std::uint8_t, ws::max_header_bytes> head;
    const std::size_t size = ws::encode_header(head, header);
    ws::append(bytes, ws::Bytes{head}.first(size).subspan(1));
    ws::append(bytes, payload);
    return bytes;
}

// Random messages in random fragments with control frames in between.
struct Traffic {
    ws::Buffer frames;
    std::vector<Message> messages;
};

Traffic random_traffic(std::mt19937& random) {
    const auto bytes = [&](std::size_t size, bool text) {
        ws::Buffer data(size);
        for (std::uint8_t& byte : data)
            byte = static_cast<std::uint8_t>(random() % (text ? 128 : 256));
        return data;
    };
    Traffic traffic;
    for (int count = 0; count < 8; ++count) {
        const bool text = random() % 2 == 0;
        Message message{text ? Opcode::text : Opcode::binary, {}};
        for (std::size_t left = random() % 5 + 1, all = left; left > 0; --left) {
            const std::size_t sizes[] = {0, 1, random() % 200, 126, random() % 70'000};
            const ws::Buffer part = bytes(sizes[random() % (count % 4 == 0 ? 5 : 4)], text);
            const auto opcode = left == all ? static_cast<std::uint8_t>(message.opcode) : 0;
            ws::append(traffic.frames,
                       frame(static_cast<std::uint8_t>((left == 1 ? 0x80 : 0) | opcode), part));
            ws::append(message.data, part);
            if (left > 1 && random() % 2 == 0) {
                const ws::Buffer payload = bytes(random() % 126, false);
                ws::append(traffic.frames, frame(0x89, payload));
                traffic.messages.push_back({Opcode::ping, payload});
            }
        }
        traffic.messages.push_back(message);
    }
    return traffic;
}

}  // namespace

TEST_CASE("§6.2 random messages cut at random places arrive whole, in both roles") {
    std::mt19937 random{6455};
    for (int round = 0; round < 30; ++round) {
        const Traffic traffic = random_traffic(random);
        for (const Role role : {Role::server, Role::client}) {
            const auto key_byte = [&] { return static_cast<std::uint8_t>(random()); };
            const ws::MaskingKey key{key_byte(), key_byte(), key_byte(), key_byte()};
            const ws::Buffer wire =
                role == Role::server ? test::masked(traffic.frames, key) : traffic.frames;
            const std::size_t longest[] = {1, 2, 7, 100, 4096, 100'000};
            const std::size_t most = longest[random() % 6];
            Collector collector{role};
            for (ws::Bytes rest = wire; !rest.empty();) {
                const std::size_t size = std::min(rest.size(), random() % most + 1);
                collector.feed(rest.first(size));
                rest = rest.subspan(size);
            }
            CHECK(collector.receiver.error() == Errc::none);
            if (collector.messages != traffic.messages)
                FAIL("round ", round, ", pieces of up to ", most);
        }
    }
}

TEST_CASE("§5.3 a payload is unmasked where it lies, and not copied") {
    ws::Buffer bytes = test::masked("82 05 48 65 6c 6c 6f  89 02 01 02"_hex);
    ws::Receiver receiver{Role::server, {}};
    receiver.feed(bytes);
    const auto data = receiver.next();
    REQUIRE(data.has_value());
    CHECK(data->data.data() == bytes.data() + 6);
    CHECK(ws::as_text(data->data) == "Hello");
    const auto ping = receiver.next();
    REQUIRE(ping.has_value());
    CHECK(ping->data.data() == bytes.data() + 6 + 5 + 6);
    CHECK_FALSE(receiver.next().has_value());
}

TEST_CASE("§5.4 a piece is handed out as soon as it is there") {
    ws::Receiver receiver{Role::client, {}};
    ws::Buffer first = "82 05 48 65"_hex;
    receiver.feed(first);
    CHECK(receiver.next()->data.size() == 2);
    CHECK(receiver.frame_bytes_left() == 3);
    CHECK_FALSE(receiver.next().has_value());
    ws::Buffer second = "6c 6c"_hex;
    receiver.feed(second);
    const auto piece = receiver.next();
    REQUIRE(piece.has_value());
    CHECK(piece->data.data() == second.data());
    CHECK_FALSE(piece->last);
    CHECK(receiver.frame_bytes_left() == 1);
    CHECK_FALSE(receiver.next().has_value());
    ws::Buffer third = "6f"_hex;
    receiver.feed(third);
    CHECK(receiver.next()->last);
}

TEST_CASE("§5 after a broken rule nothing is taken any more") {
    ws::Receiver receiver{Role::client, {}};
    ws::Buffer bytes = "82 01 61  83 00 (reserved)  82 01 62"_hex;
    receiver.feed(bytes);
    CHECK(receiver.next().has_value());
    CHECK_FALSE(receiver.next().has_value());
    CHECK(receiver.error() == Errc::reserved_opcode);
    CHECK_FALSE(receiver.next().has_value());
    ws::Buffer more = "82 01 63"_hex;
    receiver.feed(more);
    CHECK_FALSE(receiver.next().has_value());
    receiver.feed(more);  // and nothing waits for it to be taken
    CHECK(receiver.error() == Errc::reserved_opcode);
}

TEST_CASE("§10.4 the message limit counts all fragments, and is judged by the header") {
    const ws::Limits limits{.max_message_bytes = 5};
    const auto error_after = [&](ws::Bytes frames, ws::Limits these) {
        Collector collector{Role::client, these};
        collector.feed(frames);
        return collector.receiver.error();
    };
    CHECK(error_after("82 05"_hex, limits) == Errc::none);
    CHECK(error_after("82 06 (no byte of it has come)"_hex, limits) == Errc::message_too_big);
    CHECK(error_after("02 05 31 32 33 34 35  80 00"_hex, limits) == Errc::none);
    CHECK(error_after("02 05 31 32 33 34 35  80 01"_hex, limits) == Errc::message_too_big);
    CHECK(error_after("02 03 31 32 33  00 02 34 35  00 01"_hex, limits) == Errc::message_too_big);
    CHECK(error_after("82 05 31 32 33 34 35  82 05"_hex, limits) == Errc::none);  // the next one
    CHECK(error_after("02 05 31 32 33 34 35  89 05 (PING)"_hex, limits) == Errc::none);

    const ws::Limits none{.max_message_bytes = 0};
    CHECK(error_after("82 00"_hex, none) == Errc::none);
    CHECK(error_after("82 01"_hex, none) == Errc::message_too_big);
    CHECK(error_after("89 01 61 (PING)"_hex, none) == Errc::none);
}

TEST_CASE("§10.4 lengths never wrap around, alone or summed over fragments") {
    // 1 byte, then as many as a header can announce: the sum of both must not look small.
    const ws::Buffer frames = "02 01 61  00 7f 7f ff ff ff ff ff ff ff"_hex;
    for (const std::uint64_t limit :
         {std::uint64_t{1}, std::uint64_t{1} << 32, (std::uint64_t{1} << 63) - 1}) {
        Collector collector{Role::client, {.max_message_bytes = limit}};
        collector.feed(frames);
        CHECK(collector.receiver.error() == Errc::message_too_big);
        CHECK(collector.receiver.frame_bytes_left() == 0);
    }
    Collector unlimited{Role::client, {.max_message_bytes = ~std::uint64_t{0}}};
    unlimited.feed(frames);
    CHECK(unlimited.receiver.error() == Errc::none);
    CHECK(unlimited.receiver.frame_bytes_left() == (std::uint64_t{1} << 63) - 1);
    unlimited.feed("61"_hex);
    CHECK(unlimited.receiver.frame_bytes_left() == (std::uint64_t{1} << 63) - 2);

    for (const auto& header :
         {"82 7f 00 00 00 00 80 00 00 00 (2^31)"_hex, "82 7f 00 00 00 01 00 00 00 00 (2^32)"_hex,
          "82 7f 00 00 01 00 00 00 00 00 (2^40)"_hex,
          "82 7f 7f ff ff ff ff ff ff ff (2^63 - 1)"_hex}) {
        Collector collector{Role::client};
        collector.feed(header);
        CHECK(collector.receiver.error() == Errc::message_too_big);
    }
}

TEST_CASE("§10.4 the fragments of a message are counted, the control frames between are not") {
    const auto error_after = [](std::uint32_t limit, ws::Bytes frames) {
        Collector collector{Role::client, {.max_fragments = limit}};
        collector.feed(frames);
        return collector.receiver.error();
    };
    const ws::Buffer three = "02 00  89 00  00 00  89 00  80 00"_hex;
    CHECK(error_after(3, three) == Errc::none);
    CHECK(error_after(2, three) == Errc::too_many_fragments);
    CHECK(error_after(3, three + three) == Errc::none);
    CHECK(error_after(1, "82 00  82 01 61"_hex) == Errc::none);
    CHECK(error_after(1, "02 00  80 00"_hex) == Errc::too_many_fragments);
    CHECK(error_after(0, "82 00"_hex) == Errc::too_many_fragments);
    CHECK(error_after(0, "89 00"_hex) == Errc::none);
    CHECK(error_after(~std::uint32_t{0}, three) == Errc::none);
}

TEST_CASE("§8.1 invalid text is noticed with the byte that breaks it") {
    // "aé" in two fragments, then one byte of another character, and what cannot follow it.
    const ws::Buffer frames = "01 02 61 c3  00 02 a9 e2  00 02 28 61"_hex;
    Collector collector{Role::client};
    for (std::size_t at = 0; at < frames.size(); ++at) {
        CAPTURE(at);
        CHECK(collector.receiver.error() == Errc::none);
        collector.feed(ws::Bytes{frames}.subspan(at, 1));
        if (at == frames.size() - 2) break;
    }
    CHECK(collector.receiver.error() == Errc::invalid_utf8);
    CHECK(collector.messages.empty());
}
