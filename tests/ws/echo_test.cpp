// Echo through two connections, a client's and a server's: every byte comes back, whatever the
// size, the fragments and the reads. RFC 6455 §5.4, §6.
// Sizes go up in steps; ECHO_STEP=1 in the environment takes every single one.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"
#include "ws/connection.hpp"

using ws::Opcode;

namespace {

std::mt19937 generator{6455};

std::size_t random_below(std::size_t end) { return generator() % end; }

// The payloads are slices of this: random bytes, and for text letters and multi-byte characters.
const ws::Buffer& binary_bytes() {
    static const ws::Buffer all = [] {
        ws::Buffer bytes(16u << 20);
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(generator());
        return bytes;
    }();
    return all;
}

ws::Buffer text_of_size(std::size_t size) {
    ws::Buffer text;
    while (text.size() < size) {
        const std::size_t left = size - text.size();
        const std::string_view characters[] = {"a", "é", "€", "👋"};
        ws::append(text, test::as_bytes(characters[random_below(std::min<std::size_t>(left, 4))]));
    }
    return text;
}

// A client and a server that sends back what it receives, with a wire between them that cuts
// what it carries into pieces of random sizes.
class EchoPair {
  public:
    // Sends the message in one frame, or in random fragments with pings between them, and
    // compares what comes back.
    void echo(Opcode opcode, ws::Bytes data, bool fragmented) {
        ws::Buffer sent;
        if (fragmented)
            send_fragments(sent, opcode, data);
        else
            REQUIRE(client_.send(sent, opcode, data));
        ws::Buffer echoed;
        carry(sent, server_, echoed, [&](const ws::Event& event) {
            if (event.type == ws::Event::message)
                REQUIRE(server_.send(echoed, event.opcode, event.data));
            else
                REQUIRE(event.type == ws::Event::ping);
        });
        int messages = 0;
        ws::Buffer nothing;
        carry(echoed, client_, nothing, [&](const ws::Event& event) {
            if (event.type == ws::Event::pong) --pings_;
            if (event.type != ws::Event::message) return;
            ++messages;
            REQUIRE(event.opcode == opcode);
            REQUIRE(std::equal(data.begin(), data.end(), event.data.begin(), event.data.end()));
        });
        REQUIRE(messages == 1);
        REQUIRE(pings_ == 0);
        REQUIRE(nothing.empty());
    }

  private:
    void send_fragments(ws::Buffer& out, Opcode opcode, ws::Bytes data) {
        do {
            const std::size_t size = random_below(data.size() / 2 + 2);
            const ws::Bytes part = data.first(std::min(size, data.size()));
            data = data.subspan(part.size());
            REQUIRE(client_.send_fragment(out, opcode, part, data.empty()));
            REQUIRE(client_.ping(out, test::as_bytes("are you there?").first(random_below(14))));
            ++pings_;
        } while (!data.empty());
    }

    template <typename Handle>
    void carry(ws::Buffer& bytes, ws::Connection& to, ws::Buffer& out, Handle handle) {
        ws::MutableBytes rest = bytes;
        const std::size_t most = random_below(2) == 0 ? bytes.size() + 1 : bytes.size() / 3 + 2;
        while (!rest.empty()) {
            const std::size_t size = std::min(rest.size(), random_below(most) + 1);
            to.feed(rest.first(size));
            while (const auto event = to.next(out)) handle(*event);
            rest = rest.subspan(size);
        }
    }

    test::SampleKeys keys_;
    ws::Connection client_{ws::Role::client, {}, &keys_};
    ws::Connection server_{ws::Role::server};
    int pings_ = 0;
};

}  // namespace

TEST_CASE("§6 echo of messages from 0 to 70,000 bytes, in one frame and in fragments") {
    const char* const given = std::getenv("ECHO_STEP");
    const std::size_t step = given != nullptr ? std::strtoul(given, nullptr, 10) : 61;
    REQUIRE(step > 0);
    EchoPair pair;
    for (std::size_t size = 0; size <= 70'000;) {
        CAPTURE(size);
        const ws::Bytes data = ws::Bytes{binary_bytes()}.subspan(random_below(1000), size);
        pair.echo(Opcode::binary, data, false);
        pair.echo(Opcode::binary, data, true);
        // Each size where a header or a block of the unmasking changes its form.
        const bool border = size < 300 || (size >= 65'500 && size < 65'600);
        const std::size_t next = size + (border ? 1 : step);
        size = size < 65'500 ? std::min<std::size_t>(next, 65'500) : next;
    }
    pair.echo(Opcode::binary, ws::Bytes{binary_bytes()}.first(70'000), true);
}

TEST_CASE("§8.1 echo of texts whose characters are cut by fragments and reads") {
    EchoPair pair;
    for (std::size_t size = 0; size <= 70'000; size += size < 300 ? 1 : 997) {
        CAPTURE(size);
        const ws::Buffer text = text_of_size(size);
        pair.echo(Opcode::text, text, false);
        pair.echo(Opcode::text, text, true);
    }
}

TEST_CASE("§6 echo of 16 MiB, the largest message that the limit allows") {
    EchoPair pair;
    pair.echo(Opcode::binary, binary_bytes(), false);
    pair.echo(Opcode::binary, binary_bytes(), true);
}
