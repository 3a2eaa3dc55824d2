// The judge of lesson 5: the four functions alone, then the mirror and the tour over real sockets.
// RFC 6455 §5.1 to §5.3, §5.5.
// Expected bytes are made by the checks' own frames (check::text and so on), never by ws/frame.
#include "lessons/tools/check/check.hpp"
#include "ws/frame.hpp"

namespace {

using check::Run;

const check::Lesson lesson{5, "05-frames"};

// --- what the functions give, in words and in bytes ---------------------------------------------

ws::FrameHeader header_of(const check::Frame& frame) {
    const check::Seen seen = check::read_frame(frame.bytes());
    ws::FrameHeader header;
    header.fin = seen.fin;
    header.rsv = seen.rsv;
    header.opcode = static_cast<ws::Opcode>(seen.opcode);
    header.masked = seen.masked;
    header.length = seen.length;
    header.length_bytes = static_cast<std::uint8_t>(seen.length_bytes);
    header.key = seen.key;
    return header;
}

std::string in_words(const check::Frame& frame) {
    check::Seen seen = check::read_frame(frame.bytes());
    seen.payload.clear();
    seen.whole = true;
    return describe(seen);
}

// A header alone that announces a length, without the payload.
check::Frame announcing(std::uint64_t length) { return check::text("").announcing(length); }

void expect_encoded(Run& run, const check::Frame& frame) {
    std::array<std::uint8_t, ws::max_header_bytes> out;
    out.fill(0xEE);
    const ws::FrameHeader header = header_of(frame);
    const std::string call = "encode_header(" + in_words(frame) + ")";
    run.note('S', call);
    const std::size_t size = ws::encode_header(out, header);
    const check::Buffer expected = frame.header();
    run.is_true(size <= out.size(), call + " returns " + std::to_string(size) +
                                        ", and no header is longer than 14 bytes");
    const check::Mistake untouched = check::when(
        [](const check::Came& came) { return came.got_byte(came.at) == 0xEE; },
        "nothing was written here: EE stood in `out` before");
    run.same_bytes(call, check::Bytes{out}.first(size), expected, {untouched});
}

// Field by field, so that the sentence names the one that is off.
void expect_decoded(Run& run, const check::Frame& frame) {
    const check::Buffer bytes = frame.header();
    const check::Seen seen = check::read_frame(frame.bytes());
    run.call("decode_header(" + check::hex(bytes) + ")");
    // A copy of just this size: whoever reads beyond the header is found out.
    const check::Buffer exact(bytes);
    ws::FrameHeader header;
    header.length_bytes = 77;
    const ws::Parse parse = ws::decode_header(exact, header);
    const std::string yours = parse == ws::Parse::need_more ? "need_more" : "error";
    run.is_true(parse == ws::Parse::ok,
                "the header is there whole, so the answer is ok; yours is " + yours +
                    (header.length_bytes > 8
                         ? std::string{}
                         : ". By your fields (masked " + std::string{header.masked ? "true" : "false"} +
                               ", length_bytes " + std::to_string(header.length_bytes) +
                               ") the header has " + std::to_string(header.size()) + " bytes"));
    run.equal("fin", header.fin, seen.fin, "FIN is the bit 80 of byte 0");
    run.equal("rsv", static_cast<int>(header.rsv), static_cast<int>(seen.rsv),
              "RSV1 to RSV3 are the bits 40, 20, 10 of byte 0, counted as 4, 2, 1");
    run.equal("opcode", static_cast<int>(header.opcode), static_cast<int>(seen.opcode),
              "the opcode is in the four low bits of byte 0");
    run.equal("masked", header.masked, seen.masked, "MASK is the bit 80 of byte 1");
    run.equal("length_bytes", static_cast<int>(header.length_bytes), seen.length_bytes,
              std::string{header.length_bytes == 77 ? "77 stood there before the call: it was not set. "
                                                    : ""} +
                  "126 in the seven bits announces 2 further bytes, 127 announces 8; others none");
    std::string why = check::what_is(bytes, seen.length_bytes > 0 ? 2 : 1);
    if (header.length == (bytes[1] & 0x7FU) && seen.length_bytes > 0)
        why = std::to_string(header.length) + " is no length, it announces one: the length stands in the "
              "next " + std::to_string(seen.length_bytes) + " bytes";
    if (seen.masked && header.length != seen.length && header.length == bytes[1])
        why = std::to_string(header.length) + " is all of byte 1 (" + check::hex(bytes[1]) +
              "), with its MASK bit, 80. The length is in the seven bits below it";
    if (header.length != seen.length && header.length == (seen.length & 0xFFFFFFFF))
        why = "the upper half of the length is lost: an int, or another type of 32 bits, on the way?";
    if (seen.length_bytes == 2 && header.length == ((seen.length & 0xFF) << 8 | seen.length >> 8))
        why = "you have read the two bytes in the wrong order: the most significant byte comes first";
    run.equal("length", header.length, seen.length, why);
    if (seen.masked)
        run.equal("key", check::Plain{check::hex(header.key)}, check::Plain{check::hex(seen.key)},
                  "the key is the last four bytes of the header, behind the longer length");
    run.equal("header.size()", header.size(), bytes.size());
}

// --- exercise 2: writing a header ---------------------------------------------------------------

const check::Scenario encode_short{
    {.lesson = 5,
     .name = "encode-short",
     .exercise = 2,
     .rule = "a length of 0 to 125 stands in byte 1 itself",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        expect_encoded(run, check::text("Hello"));
        expect_encoded(run, check::text(""));
        expect_encoded(run, announcing(125));
        expect_encoded(run, check::close());
        expect_encoded(run, check::text("abc").not_last());
        expect_encoded(run, check::continuation("abc"));
        expect_encoded(run, check::text("abc").rsv(4));
        expect_encoded(run, check::binary({}).rsv(1));
    }};

const check::Scenario encode_16_bit{
    {.lesson = 5,
     .name = "encode-16-bit",
     .exercise = 2,
     .rule = "from 126 on the length takes two bytes more",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        for (const std::uint64_t length : {126u, 127u, 128u, 255u, 256u, 65535u})
            expect_encoded(run, announcing(length));
        expect_encoded(run, announcing(run.number(300, 60'000)));
    }};

const check::Scenario encode_64_bit{
    {.lesson = 5,
     .name = "encode-64-bit",
     .exercise = 2,
     .rule = "from 65536 on the length takes eight bytes more",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        expect_encoded(run, announcing(65536));
        expect_encoded(run, announcing(run.number(1 << 20, 1 << 30)));
        // Beyond 32 bits: an int on the way would lose the upper half.
        expect_encoded(run, announcing((std::uint64_t{1} << 32) + 5));
        expect_encoded(run, announcing(std::uint64_t{0x0123'4567'89AB'CDEF}));
    }};

const check::Scenario encode_key{
    {.lesson = 5,
     .name = "encode-key",
     .exercise = 2,
     .rule = "a masked header has the MASK bit, and ends with the key",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        const check::Key key = run.key();
        expect_encoded(run, check::text("Hello").masked(key));
        expect_encoded(run, announcing(125).masked(key));
        expect_encoded(run, announcing(126).masked(key));
        expect_encoded(run, announcing(65536).masked(key));
    }};

// --- exercise 3: reading a header ---------------------------------------------------------------

const check::Scenario decode_first_bytes{
    {.lesson = 5,
     .name = "decode-first-bytes",
     .exercise = 3,
     .rule = "FIN, RSV and opcode are in byte 0, MASK and a short length in byte 1",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        expect_decoded(run, check::text("Hello"));
        expect_decoded(run, check::text("").not_last());
        expect_decoded(run, check::continuation("a").not_last());
        expect_decoded(run, announcing(125));
        for (const check::Frame& frame : {check::close(), check::ping(), check::pong(), check::binary({})})
            expect_decoded(run, frame);
        // Judging comes later: what is wrong must be readable, or nobody could show it.
        expect_decoded(run, check::text("a").rsv(4));
        expect_decoded(run, check::text("a").rsv(1));
        expect_decoded(run, check::text("a").opcode(11));
    }};

const check::Scenario decode_lengths{
    {.lesson = 5,
     .name = "decode-lengths",
     .exercise = 3,
     .rule = "126 and 127 announce a length of two and of eight bytes",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        for (const std::uint64_t length : {126u, 256u, 65535u, 65536u})
            expect_decoded(run, announcing(length));
        expect_decoded(run, announcing(run.number(300, 60'000)));
        expect_decoded(run, announcing(std::uint64_t{0x0123'4567'89AB'CDEF}));
        expect_decoded(run, announcing(std::uint64_t{1} << 63));  // kept; check_header() judges it
        expect_decoded(run, announcing(5).length_in(2));
    }};

const check::Scenario decode_key{
    {.lesson = 5,
     .name = "decode-key",
     .exercise = 3,
     .rule = "the key stands behind the length, whichever form that has",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        const check::Key key = run.key();
        expect_decoded(run, check::text("Hello").masked(key));
        expect_decoded(run, announcing(126).masked(key));
        expect_decoded(run, announcing(65536).masked(key));
    }};

const check::Scenario decode_need_more{
    {.lesson = 5,
     .name = "decode-need-more",
     .exercise = 3,
     .rule = "half a header is no error, and nothing beyond it is read",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        const check::Key key = run.key();
        for (const std::uint64_t length : {5u, 126u, 65536u})
            for (const bool masked : {false, true}) {
                const check::Frame frame = masked ? announcing(length).masked(key) : announcing(length);
                const check::Buffer bytes = frame.header();
                for (std::size_t size = 0; size < bytes.size(); ++size) {
                    const check::Buffer begin(bytes.begin(),
                                              bytes.begin() + static_cast<std::ptrdiff_t>(size));
                    const std::string call = "decode_header(" + check::hex(begin) + ")";
                    run.call(call);
                    ws::FrameHeader header;
                    const ws::Parse parse = ws::decode_header(begin, header);
                    run.is_true(parse == ws::Parse::need_more,
                                std::string{"the answer is "} +
                                    (parse == ws::Parse::ok ? "ok" : "error") +
                                    ", expected need_more: the whole header has " +
                                    std::to_string(bytes.size()) + " bytes, " + check::hex(bytes));
                }
                expect_decoded(run, frame);
            }
    }};

// --- exercise 4: the mask -----------------------------------------------------------------------

// What the client would have sent, and what a mask should make of it: explained like a reply.
void expect_unmasked(Run& run, std::string_view call, check::Bytes got, const std::string& payload,
                     check::Key key) {
    const check::Buffer question = check::text(payload).masked(key).bytes();
    const check::Buffer wanted = check::text(payload).bytes();
    check::Buffer reply = check::text(payload).header();
    reply.insert(reply.end(), got.begin(), got.end());
    if (reply == wanted) return;
    run.call(std::string{call} + ", key " + check::hex(key));
    const check::Came came{question, wanted, reply, check::first_difference(reply, wanted),
                           check::Verdict::wrong, true};
    run.show(check::Way::from_server, reply, describe(check::read_frame(reply)));
    run.fail_marked(came, {}, "");
}

const check::Scenario unmask{
    {.lesson = 5,
     .name = "unmask",
     .exercise = 4,
     .rule = "payload byte i is XORed with key byte i mod 4",
     .section = "RFC 6455 §5.3"},
    [](Run& run) {
        const check::Key key = run.key();
        // Every length up to some blocks of eight: a mask that takes several bytes at once has
        // its mistakes at the edges.
        for (std::size_t one = 0; one <= 71; ++one) {
            // Hello's size first: its failure says most.
            const std::size_t size = one == 0 ? 5 : one - 1;
            const std::string payload = run.payload(size);
            check::Buffer data = check::masked_with(key, check::bytes_of(payload));
            run.note('S', "apply_mask() of " + std::to_string(size) + " bytes");
            ws::apply_mask(data, key);
            expect_unmasked(run, "apply_mask(" + check::hex(data, 8) + ")", data, payload,
                            key);
        }
        check::Buffer large(std::size_t{4} << 20);
        run.within(check::Milliseconds{1000}, "apply_mask() of 4 MiB", [&] { ws::apply_mask(large, key); });
    }};

const check::Scenario unmask_in_pieces{
    {.lesson = 5,
     .name = "unmask-in-pieces",
     .exercise = 4,
     .rule = "a payload in pieces is unmasked as if it were whole",
     .section = "RFC 6455 §5.3"},
    [](Run& run) {
        const check::Key key = run.key();
        const std::string payload = run.payload(23);
        const check::Buffer masked = check::masked_with(key, check::bytes_of(payload));
        for (std::size_t first = 0; first <= masked.size(); ++first) {
            check::Buffer data = masked;
            ws::apply_mask(ws::MutableBytes{data}.first(first), key);
            ws::apply_mask(ws::MutableBytes{data}.subspan(first), ws::rotated(key, first));
            expect_unmasked(run,
                            "apply_mask(the first " + std::to_string(first) +
                                ", key), apply_mask(the rest, rotated(key, " + std::to_string(first) +
                                "))",
                            data, payload, key);
        }
        // A payload beyond 4 GiB does not fit into an int.
        const std::uint64_t far = (std::uint64_t{1} << 32) + 3;
        run.equal("rotated(key, 2^32 + 3)", check::Plain{check::hex(ws::rotated(key, far))},
                  check::Plain{check::hex(check::Key{key[3], key[0], key[1], key[2]})},
                  "the number of bytes is taken mod 4, and it may be large");
    }};

// --- exercise 5: judging ------------------------------------------------------------------------

std::string name_of(ws::Errc errc) {
    return errc == ws::Errc::none ? "none" : std::string{ws::rule(errc).name};
}

struct Case {
    check::Frame frame;
    ws::Errc expected;
    ws::Role receiver = ws::Role::server;
    std::uint8_t negotiated_rsv = 0;
};

void expect_judged(Run& run, const Case& one) {
    const check::Buffer bytes = one.frame.header();
    const std::string role = one.receiver == ws::Role::server ? "Role::server" : "Role::client";
    run.call("check_header(" + in_words(one.frame) + ", " + role +
             (one.negotiated_rsv != 0 ? ", " + std::to_string(one.negotiated_rsv) : "") + ")\n     " +
             check::hex(bytes));
    const ws::Errc errc = ws::check_header(header_of(one.frame), one.receiver, one.negotiated_rsv);
    if (errc == one.expected) return;
    std::string says = "the answer is Errc::" + name_of(errc) + ", expected Errc::" + name_of(one.expected);
    if (one.expected == ws::Errc::none)
        says += ". Yours would mean: \"" + std::string{ws::rule(errc).sentence} +
                "\". But this frame is right, and a server that refuses it loses its client";
    else
        says += ": " + std::string{ws::rule(one.expected).sentence} + " (" +
                std::string{ws::rule(one.expected).section} + ")";
    run.fail(check::Verdict::wrong, says);
}

const check::Scenario judge_bits{
    {.lesson = 5,
     .name = "judge-bits",
     .exercise = 5,
     .rule = "reserved bits and reserved opcodes fail the connection",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        const check::Frame right = check::text("a").masked(run.key());
        expect_judged(run, {right, ws::Errc::none});
        for (const unsigned bit : {1u, 2u, 4u})
            expect_judged(run, {right.rsv(bit), ws::Errc::rsv_without_extension});
        // An extension may give a bit a meaning, that one and no other.
        expect_judged(run, {right.rsv(4), ws::Errc::none, ws::Role::server, 4});
        // It may: with compression agreed upon, a message may still come uncompressed.
        expect_judged(run, {right, ws::Errc::none, ws::Role::server, 4});
        expect_judged(run, {right.rsv(5), ws::Errc::rsv_without_extension, ws::Role::server, 4});
        for (const unsigned opcode : {3u, 7u, 11u, 15u})
            expect_judged(run, {right.opcode(opcode), ws::Errc::reserved_opcode});
        for (const unsigned opcode : {0u, 1u, 2u, 8u, 9u, 10u})
            expect_judged(run, {right.opcode(opcode), ws::Errc::none});
    }};

const check::Scenario judge_mask{
    {.lesson = 5,
     .name = "judge-mask",
     .exercise = 5,
     .rule = "a client always masks, a server never",
     .section = "RFC 6455 §5.1"},
    [](Run& run) {
        const check::Frame plain = check::text("a");
        const check::Frame masked = plain.masked(run.key());
        expect_judged(run, {masked, ws::Errc::none, ws::Role::server});
        expect_judged(run, {plain, ws::Errc::frame_not_masked, ws::Role::server});
        expect_judged(run, {plain, ws::Errc::none, ws::Role::client});
        expect_judged(run, {masked, ws::Errc::frame_masked, ws::Role::client});
    }};

const check::Scenario judge_control{
    {.lesson = 5,
     .name = "judge-control",
     .exercise = 5,
     .rule = "a control frame is short and whole",
     .section = "RFC 6455 §5.5"},
    [](Run& run) {
        const check::Key key = run.key();
        const std::string full(125, 'p'), longer(126, 'p');
        for (const unsigned opcode : {8u, 9u, 10u}) {
            expect_judged(run, {check::ping(full).opcode(opcode).masked(key), ws::Errc::none});
            expect_judged(run, {check::ping(longer).opcode(opcode).masked(key), ws::Errc::control_too_long});
            expect_judged(run, {check::ping("").opcode(opcode).masked(key).not_last(),
                                ws::Errc::control_fragmented});
        }
        // What holds for control frames does not hold for data.
        expect_judged(run, {check::text(longer).masked(key), ws::Errc::none});
        expect_judged(run, {check::text("").masked(key).not_last(), ws::Errc::none});
    }};

const check::Scenario judge_length{
    {.lesson = 5,
     .name = "judge-length",
     .exercise = 5,
     .rule = "a length is in its shortest form, and below 2^63",
     .section = "RFC 6455 §5.2"},
    [](Run& run) {
        const check::Key key = run.key();
        for (const std::uint64_t length : {0u, 125u, 126u, 65535u, 65536u})
            expect_judged(run, {announcing(length).masked(key), ws::Errc::none});
        expect_judged(run, {announcing(125).length_in(2).masked(key), ws::Errc::length_not_minimal});
        expect_judged(run, {announcing(5).length_in(8).masked(key), ws::Errc::length_not_minimal});
        expect_judged(run, {announcing(65535).length_in(8).masked(key), ws::Errc::length_not_minimal});
        expect_judged(run, {announcing((std::uint64_t{1} << 63) - 1).masked(key), ws::Errc::none});
        expect_judged(run, {announcing(std::uint64_t{1} << 63).masked(key), ws::Errc::length_top_bit});
    }};

// --- the programs -------------------------------------------------------------------------------

const check::Scenario echo{
    {.lesson = 5,
     .name = "echo",
     .exercise = 3,
     .rule = "the mirror sends a frame back, unmasked",
     .section = "RFC 6455 §5.1",
     .needs = {2, 3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        for (const check::Frame& frame :
             {check::text(run.payload(5)), check::text(""), check::binary(check::unhex("00 01 FE FF")),
              check::ping("still there?"), check::text(run.payload(125))}) {
            client.send(frame.masked(run.key()));
            client.expect(frame);
        }
        client.send(check::close(1000).masked(run.key()));
        client.expect(check::close(1000));
        client.expect_end("the server ends TCP when both have sent a Close");
    }};

const check::Scenario length_126{
    {.lesson = 5,
     .name = "length-126",
     .exercise = 2,
     .rule = "a 126-byte text uses the 16-bit length",
     .section = "RFC 6455 §5.2",
     .needs = {3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        const std::string payload = run.repeated(126);
        client.send(check::text(payload).masked(run.key()));
        client.expect(check::text(payload));
    }};

const check::Scenario length_65536{
    {.lesson = 5,
     .name = "length-65536",
     .exercise = 2,
     .rule = "a text of 65535 bytes uses the 16-bit length, one of 65536 the 64-bit length",
     .section = "RFC 6455 §5.2",
     .needs = {3, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        for (const std::size_t size : {65535u, 65536u}) {
            const std::string payload = run.payload(size);
            client.send(check::text(payload).masked(run.key()));
            client.expect(check::text(payload));
        }
    }};

const check::Scenario two_frames{
    {.lesson = 5,
     .name = "two-frames",
     .exercise = 3,
     .rule = "two frames in one read are two frames",
     .section = "RFC 6455 §5.2",
     .needs = {2, 4}},
    [](Run& run) {
        check::Server server{run};
        check::Peer client{run, server};
        client.open();
        const std::string first = run.payload(3), second = run.payload(200);
        check::Buffer both = check::text(first).masked(run.key()).bytes();
        const check::Buffer next = check::text(second).masked(run.key()).bytes();
        both.insert(both.end(), next.begin(), next.end());
        client.send(both);
        client.expect(check::text(first));
        client.expect(check::text(second));
    }};

const check::Scenario refuses{
    {.lesson = 5,
     .name = "refuses",
     .exercise = 5,
     .rule = "a broken rule is answered with a Close of 1002, and the connection ends",
     .section = "RFC 6455 §7.1.7",
     .needs = {2, 3, 4}},
    [](Run& run) {
        check::Server server{run};
        const check::Key key = run.key();
        const auto refuse = [&](const check::Frame& frame, std::string_view why) {
            check::Peer client{run, server};
            client.open();
            client.send(check::text("a").masked(key));
            client.expect(check::text("a"));
            client.send(frame.bytes());
            client.expect_close(1002, why);
            client.expect_end();
        };
        refuse(check::text("Hello"), "a client's frame without a mask was not refused");
        refuse(check::text("Hello").masked(key).rsv(4), "RSV1 without an extension was not refused");
        refuse(check::ping("").masked(key).not_last(), "a ping that is not whole was not refused");
        // The header alone: nobody waits for a payload that must not come.
        refuse(check::text("").masked(key).announcing(std::uint64_t{1} << 63),
               "a length with its highest bit set was not refused");
    }};

const check::Scenario client_masks{
    {.lesson = 5,
     .name = "client-masks",
     .exercise = 4,
     .rule = "the client masks every frame, each with another key",
     .section = "RFC 6455 §5.3",
     .needs = {2, 3}},
    [](Run& run) {
        check::Host host{run};
        check::Client program{run, host, {"--text", "Hello"}};
        check::Peer server{run, host};
        server.welcome();
        server.expect(check::text("Hello").any_key());
        server.send(check::text("Hello"));
        server.expect(check::close(1000).any_key());
        server.send(check::close(1000));
        server.end_sending();
        run.equal("the client's exit status", program->wait(), 0,
                  "it was sent back what it had sent; it said: " + program->errors());
    }};

}  // namespace
