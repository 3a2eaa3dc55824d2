// A server's whole connection: opening, frames both ways, keep-alive, compression, the end, and time that
// passes. RFC 6455 §4 to §7. What the peer sent is read once more by the plain codec of tests/conformance:
// every message is delivered, in order, as sent, and every ping answered; what we said is valid, unmasked,
// and over after a Close. `make fuzz`; libFuzzer makes up the input:
//   byte 0: bit 0 small limits, bit 1 any bytes as the request, bit 2 compression, bit 3 no pings of ours
//   rest:   steps. Bits 0 to 2 of the first byte say which, bits 3 to 7 are a number: see Session::step()
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/packing.hpp"
#include "tests/conformance/wire.hpp"
#include "ws/connection.hpp"
#include "ws/deflate/codec.hpp"
#include "ws/keep_alive.hpp"
#include "ws/opening.hpp"

namespace {

constexpr ws::KeepAlive::Time handshake_timeout = 10'000, idle_timeout = 60'000, ping_interval = 30'000;
constexpr std::size_t most_said = 16'384;  // beyond it a message only takes time

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

std::string text_of(ws::Bytes bytes) { return std::string{ws::as_text(bytes)}; }

struct Message {
    unsigned opcode;
    std::string data;
    bool operator==(const Message&) const = default;
};

bool is_close_code(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool is_close_body(const std::string& body) {
    if (body.empty()) return true;
    if (body.size() == 1) return false;
    const unsigned code = static_cast<unsigned char>(body[0]) * 256u + static_cast<unsigned char>(body[1]);
    return is_close_code(code) && conformance::is_utf8(std::string_view{body}.substr(2));
}

// Some bytes behind it would make it UTF-8.
bool begins_utf8(const std::string& text) {
    for (const char* rest : {"", "\x80", "\x80\x80", "\x80\x80\x80", "\xA0\x80", "\x90\x80\x80"})
        if (conformance::is_utf8(text + rest)) return true;
    return false;
}

// What a peer's frames amount to, up to its Close or the first rule that it breaks.
struct Heard {
    std::vector<Message> messages{};
    std::vector<std::string> pings{};

    Heard(std::string_view stream, const ws::Limits& limits) {
        Message message{};
        bool in_message = false;
        std::uint64_t fragments = 0;
        std::size_t size = 0;
        for (auto frame = conformance::decode(stream, size); frame; frame = conformance::decode(stream, size)) {
            stream.remove_prefix(size);
            const std::string& payload = frame->payload.unit;
            if (!frame->masked || frame->rsv != 0 || !conformance::is_minimal(*frame)) return;
            if (frame->opcode >= 8) {
                if (frame->opcode > 10 || !frame->fin || payload.size() > 125 || frame->opcode == 8) return;
                if (frame->opcode == 9) pings.push_back(payload);
                continue;
            }
            if (frame->opcode > 2 || (frame->opcode == 0) != in_message) return;
            if (!in_message) message = {frame->opcode, ""}, fragments = 0;
            message.data += payload;
            if (message.data.size() > limits.max_message_bytes || ++fragments > limits.max_fragments) return;
            in_message = !frame->fin;
            if (message.opcode == 1 && !(in_message ? begins_utf8 : conformance_is_utf8)(message.data)) return;
            if (!in_message) messages.push_back(message);
        }
    }

  private:
    static bool conformance_is_utf8(const std::string& text) { return conformance::is_utf8(text); }
};

// What a server's frames amount to; each has to keep the rules.
struct Said {
    std::vector<Message> messages{};
    std::vector<std::string> pongs{};
    bool closed = false;

    Said(std::string_view stream, bool compressed) {
        conformance::Unpacker unpacker;
        Message message{};
        bool in_message = false, packed = false;
        for (std::size_t size = 0; !stream.empty(); stream.remove_prefix(size)) {
            const auto frame = conformance::decode(stream, size);
            check(frame.has_value(), "what is sent are whole frames");
            check(!frame->masked && conformance::is_minimal(*frame), "unmasked, in the shortest form");
            const std::string& payload = frame->payload.unit;
            if (frame->opcode >= 8) {
                check(frame->opcode <= 10 && frame->fin && frame->rsv == 0, "a control frame is one frame");
                check(payload.size() <= 125, "and short");
                if (frame->opcode == 10) pongs.push_back(payload);
                check(!closed || frame->opcode == 10, "after a Close comes no more than a pong");
                if (frame->opcode == 8) check(is_close_body(payload), "a Close has a valid code and reason");
                closed = closed || frame->opcode == 8;
                continue;
            }
            check(!closed, "no data after a Close");
            check(frame->opcode <= 2 && (frame->opcode == 0) == in_message, "fragments in their order");
            if (!in_message) message = {frame->opcode, ""}, packed = frame->rsv == 4;
            check(frame->rsv == 0 || (compressed && !in_message && packed), "RSV1 on the first frame only");
            message.data += payload;
            in_message = !frame->fin;
            if (in_message) continue;
            if (packed) {
                const auto unpacked = unpacker.unpack(message.data);
                check(unpacked.has_value(), "what is compressed can be unpacked");
                message.data = *unpacked;
            }
            messages.push_back(message);
        }
    }
};

class Session {
  public:
    explicit Session(std::uint8_t flags)
        : any_request_{(flags & 2) != 0}, compress_{(flags & 4) != 0},
          times_{(flags & 8) != 0 ? 0 : ping_interval, idle_timeout} {
        if ((flags & 1) != 0) limits_ = {.max_message_bytes = 20, .max_fragments = 3};
        if (!any_request_) receive(ws::as_bytes(request()));
    }

    // Takes a step's own bytes from the input.
    void step(ws::Bytes& input) {
        const unsigned number = input[0] >> 3;
        const unsigned which = input[0] & 7;
        input = input.subspan(1);
        const std::size_t before = out_.size();
        const bool was_over = over();
        switch (which) {
            case 0: receive(take(input, number + 1)); break;
            case 1: receive_frame(input, number); break;
            case 2: send(number, take_byte(input)); break;
            case 3: send_fragment((number & 1) != 0, take_byte(input)); break;
            case 4: ping(number); break;
            case 5: close(number); break;
            case 6: pass(static_cast<ws::KeepAlive::Time>(take_byte(input)) << number % 10); break;
            default: block((number & 1) != 0);
        }
        if (was_over) check(out_.size() == before, "over, it says nothing");
    }

    void judge() {
        block(false);
        const std::string stream = text_of(out_);
        const std::size_t end = stream.find("\r\n\r\n");
        if (stream.empty()) return;
        check(stream.starts_with("HTTP/1.1 ") && end != std::string::npos, "first comes an answer");
        check(stream.starts_with("HTTP/1.1 101 ") == connection_.has_value(), "101 opens it");
        if (!connection_) return;
        const Said said{std::string_view{stream}.substr(end + 4), compressed_};
        check(said.messages == sent_, "all that was sent is there, in order");
        if (compressed_) return;  // what comes is read by nobody else
        const Heard heard{heard_, limits_};
        check(delivered_ == heard.messages, "every message is delivered, in order");
        if (!ever_blocked_) check(said.pongs == heard.pings, "every ping is answered, in order");
        else check(is_part(said.pongs, heard.pings), "a pong answers a ping, in order");
    }

  private:
    std::string request() const {
        return "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
               std::string{compress_ ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : ""} + "\r\n";
    }

    static ws::Bytes take(ws::Bytes& input, std::size_t count) {
        const ws::Bytes taken = input.first(std::min(count, input.size()));
        input = input.subspan(taken.size());
        return taken;
    }
    static unsigned take_byte(ws::Bytes& input) {
        const ws::Bytes one = take(input, 1);
        return one.empty() ? 0u : one[0];
    }

    static bool is_part(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
        auto at = whole.begin();
        for (const std::string& each : part) {
            at = std::find(at, whole.end(), each);
            if (at++ == whole.end()) return false;
        }
        return true;
    }

    bool open() const { return connection_ && !gone_ && connection_->state() == ws::State::open; }
    bool over() const {
        return gone_ || (answered_ && !connection_) || (connection_ && connection_->state() == ws::State::closed);
    }

    // --- what the peer does ----------------------------------------------------------------------

    // A copy of exactly that size, so that the sanitizer sees a byte outside.
    void receive(ws::Bytes bytes) {
        if (gone_) return;
        ws::Buffer piece{bytes.begin(), bytes.end()};
        std::size_t taken = 0;
        if (!answered_) {
            ws::ServerOpening::Step next = opening_.feed(piece, taken);
            if (next == ws::ServerOpening::Step::more) return;
            if (next == ws::ServerOpening::Step::decide)
                next = opening_.decide({.path = "/ws", .extensions = compress_ ? &deflate_ : nullptr});
            answer();
            if (next == ws::ServerOpening::Step::open) begin();
        }
        if (!connection_) return;
        heard_at_ = now_;
        keep_alive_->heard(now_);
        const ws::MutableBytes frames = ws::MutableBytes{piece}.subspan(taken);
        heard_ += text_of(frames);
        const std::size_t before = out_.size();
        connection_->feed(frames);
        while (const auto event = connection_->next(out_)) handle(*event);
        if (blocked_) check(ended_ || out_.size() == before, "blocked, it says nothing but a Close");
    }

    // A masked frame: its first byte, then as much of a payload as `number` says, or far more.
    void receive_frame(ws::Bytes& input, unsigned number) {
        const unsigned first = take_byte(input);
        const ws::Bytes payload = number < 31 ? take(input, number) : take(input, 120 + take_byte(input));
        ws::Buffer frame;
        ws::append_frame(frame, {.fin = (first & 0x80) != 0,
                                 .rsv = static_cast<std::uint8_t>(first >> 4 & 7),
                                 .opcode = static_cast<ws::Opcode>(first & 15),
                                 .masked = true,
                                 .key = {1, 2, 3, 4}}, payload);
        receive(frame);
    }

    // --- what the server does --------------------------------------------------------------------

    void answer() {
        answered_ = true;
        ws::append(out_, ws::as_bytes(opening_.answer()));
    }

    void begin() {
        connection_.emplace(ws::Role::server, limits_);
        keep_alive_.emplace(now_);
        auto extension = opening_.take_extension();
        compressed_ = extension != nullptr;
        connection_->extend(std::move(extension));
        heard_at_ = pinged_at_ = now_;
    }

    void handle(const ws::Event& event) {
        check(!ended_, "after a Close or a failure nothing is told");
        ended_ = event.type == ws::Event::close || event.type == ws::Event::failed;
        if (ended_) check(connection_->state() == ws::State::closed, "and it is closed");
        if (event.type == ws::Event::close)
            check(event.code == ws::close_code::none || is_close_code(event.code), "a valid code is told");
        if (event.type != ws::Event::message) return;
        check(event.data.size() <= limits_.max_message_bytes, "a message is within the limit");
        if (event.opcode == ws::Opcode::text)
            check(conformance::is_utf8(ws::as_text(event.data)), "a text is UTF-8");
        delivered_.push_back({static_cast<unsigned>(event.opcode), text_of(event.data)});
    }

    void send(unsigned number, unsigned length) {
        if (!connection_ || gone_ || connection_->sending_message() || out_.size() > most_said) return;
        const unsigned opcode = number % 2 + 1;
        const std::string data(length * (number / 2 + 1), static_cast<char>('a' + number % 3));
        const bool sent = connection_->send(out_, static_cast<ws::Opcode>(opcode), ws::as_bytes(data));
        check(sent == (connection_->state() == ws::State::open), "sent while it is open");
        if (sent) sent_.push_back({opcode, data});
    }

    void send_fragment(bool last, unsigned length) {
        if (!connection_ || gone_) return;
        const std::string data(length, 'f');
        if (!connection_->send_fragment(out_, ws::Opcode::text, ws::as_bytes(data), last)) return;
        fragments_ += data;
        if (!last) return;
        sent_.push_back({1, fragments_});
        fragments_.clear();
    }

    void ping(unsigned number) {
        if (connection_ && !gone_) connection_->ping(out_, ws::as_bytes(std::string(number, 'p')));
    }

    void close(unsigned number) {
        constexpr std::array<ws::CloseCode, 6> codes{1000, 1001, 1005, 1011, 3000, 4999};
        if (connection_ && !gone_) connection_->close(out_, codes[number % 6], std::string(4 * number, 'r'));
    }

    void pass(ws::KeepAlive::Time time) {
        now_ += time;
        if (!answered_ && now_ >= handshake_timeout) {
            opening_.refuse(ws::Errc::handshake_timeout);
            answer();
        }
        if (!open()) return;
        const ws::KeepAlive::Next next = keep_alive_->next(now_, times_);
        if (next.duty == ws::KeepAlive::Duty::gone) {
            check(now_ - heard_at_ >= idle_timeout, "only the silent are given up");
            gone_ = true;
            return;
        }
        check(next.wait > 0, "there is time until it has to be asked again");
        check(next.wait <= idle_timeout, "and not too much");
        if (next.duty != ws::KeepAlive::Duty::ping) return;
        check(times_.ping_interval != 0 && now_ != pinged_at_, "pings are wanted, one at a time");
        pinged_at_ = now_;
        connection_->ping(out_, {});
    }

    void block(bool blocked) {
        if (!connection_ || gone_) return;
        blocked_ = blocked;
        ever_blocked_ = ever_blocked_ || blocked;
        connection_->output_blocked(blocked, out_);
    }

    bool any_request_, compress_;
    ws::KeepAlive::Times times_;
    ws::Limits limits_{};
    ws::deflate::PermessageDeflate deflate_{ws::deflate::CodecOptions{}};
    ws::ServerOpening opening_;
    std::optional<ws::Connection> connection_;
    std::optional<ws::KeepAlive> keep_alive_;
    ws::Buffer out_;  // all that the server has said
    ws::KeepAlive::Time now_ = 0, heard_at_ = 0, pinged_at_ = 0;
    bool answered_ = false;    // the request
    bool compressed_ = false;
    bool ended_ = false;       // the last event was told
    bool gone_ = false;        // given up for its silence
    bool blocked_ = false, ever_blocked_ = false;
    std::string heard_;        // behind the request
    std::vector<Message> delivered_, sent_;
    std::string fragments_;    // of a message that is being sent
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    Session session{data[0]};
    ws::Bytes input{data + 1, size - 1};
    while (!input.empty()) session.step(input);
    session.judge();
    return 0;
}
