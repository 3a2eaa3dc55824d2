// The judge of lesson 5: the four functions alone, then the mirror and the tour over real sockets.
// RFC 6455 §5.1 to §5.3, §5.5.
// Expected bytes are made by the checks' own frames (text() and so on), never by ws/frame.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- what the functions give, in words and in bytes ---------------------------------------------

// A header as calls.cpp takes and gives it: fin, rsv, opcode, masked, length, key.
using Fields = std::tuple<bool, unsigned, unsigned, bool, std::uint64_t, Key>;

Fields fields_of(const Frame& frame) {
    const Seen seen = read_frame(frame.bytes());
    return {seen.fin, seen.rsv, seen.opcode, seen.masked, seen.length, seen.key};
}

std::string in_words(const Frame& frame) {
    Seen seen = read_frame(frame.bytes());
    seen.payload.clear();
    seen.whole = true;
    return describe(seen);
}

// A header alone that announces a length, without the payload.
Frame announcing(std::uint64_t length) { return text("").announcing(length); }

void expect_encoded(Run& run, const Frame& frame) {
    const std::string call = "encode_header(" + in_words(frame) + ")";
    run.fresh();
    const auto [size, out] = run.call(Call{"encode_header", fields_of(frame)}.as(call))
                                 .as<std::size_t, std::array<std::uint8_t, 14>>();
    run.is_true(size <= out.size(), call + " returns " + std::to_string(size) +
                                        ", and no header is longer than 14 bytes");
    const Mistake untouched = when([](const Came& came) { return came.got_byte(came.at) == 0xEE; },
                                   "nothing was written here: EE stood in `out` before");
    run.same_bytes(call, Bytes{out}.first(size), frame.header(), {untouched});
}

// What a length that is off says about the way in which it was read.
std::string why_length(Bytes bytes, const Seen& seen, std::uint64_t got) {
    if (seen.length_bytes == 2 && got == ((seen.length & 0xFF) << 8 | seen.length >> 8))
        return "you have read the two bytes in the wrong order: the most significant byte comes first";
    if (got == (seen.length & 0xFFFFFFFF))
        return "the upper half of the length is lost: an int, or another type of 32 bits, on the way?";
    if (seen.masked && got == bytes[1])
        return std::to_string(got) + " is all of byte 1 (" + hex(bytes[1]) +
               "), with its MASK bit, 80. The length is in the seven bits below it";
    if (got == (bytes[1] & 0x7FU) && seen.length_bytes > 0)
        return std::to_string(got) + " is no length, it announces one: the length stands in the next " +
               std::to_string(seen.length_bytes) + " bytes";
    return what_is(bytes, seen.length_bytes > 0 ? 2 : 1);
}

// Parse, as the enumerators stand in src/ws/bytes.hpp.
constexpr std::string_view parses[] = {"ok", "need_more", "error"};
std::string name_of_parse(unsigned parse) {
    return parse < 3 ? std::string{parses[parse]} : "no Parse at all";
}

// Field by field, so that the sentence names the one that is off.
void expect_decoded(Run& run, const Frame& frame) {
    const Buffer bytes = frame.header();
    const Seen seen = read_frame(frame.bytes());
    run.fresh();
    const auto [parse, fields, length_bytes, size] =
        run.call("decode_header", bytes).as<unsigned, Fields, int, std::size_t>();
    const auto [fin, rsv, opcode, masked, length, key] = fields;
    run.is_true(parse == 0, "the header is there whole, so the answer is ok; yours is " +
                                name_of_parse(parse) +
                                (length_bytes > 8 ? std::string{}
                                                  : ". By your fields (masked " +
                                                        std::string{masked ? "true" : "false"} +
                                                        ", length_bytes " + std::to_string(length_bytes) +
                                                        ") the header has " + std::to_string(size) + " bytes"));
    run.equal("fin", fin, seen.fin, "FIN is the bit 80 of byte 0");
    run.equal("rsv", rsv, unsigned{seen.rsv}, "RSV1 to RSV3 are the bits 40, 20, 10 of byte 0, counted as 4, 2, 1");
    run.equal("opcode", opcode, unsigned{seen.opcode}, "the opcode is in the four low bits of byte 0");
    run.equal("masked", masked, seen.masked, "MASK is the bit 80 of byte 1");
    run.equal("length_bytes", length_bytes, seen.length_bytes,
              std::string{length_bytes == 77 ? "77 stood there before the call: it was not set. " : ""} +
                  "126 in the seven bits announces 2 further bytes, 127 announces 8; others none");
    run.equal("length", length, seen.length, why_length(bytes, seen, length));
    if (seen.masked)
        run.equal("key", Plain{hex(key)}, Plain{hex(seen.key)},
                  "the key is the last four bytes of the header, after the longer length");
    run.equal("header.size()", size, bytes.size());
}

// --- exercise 2: writing a header ---------------------------------------------------------------

const Scenario encode_short{"encode-short", exercise(2), "RFC 6455 §5.2",
    "a length of 0 to 125 stands in byte 1 itself", [](Run& run) {
    expect_encoded(run, text("Hello"));
    expect_encoded(run, text(""));
    expect_encoded(run, announcing(125));
    expect_encoded(run, close());
    expect_encoded(run, text("abc").not_last());
    expect_encoded(run, continuation("abc"));
    expect_encoded(run, text("abc").rsv(4));
    expect_encoded(run, binary({}).rsv(1));
}};

const Scenario encode_16_bit{"encode-16-bit", exercise(2), "RFC 6455 §5.2",
    "from 126 on the length takes two bytes more", [](Run& run) {
    for (const std::uint64_t length : {126u, 127u, 128u, 255u, 256u, 65535u})
        expect_encoded(run, announcing(length));
    expect_encoded(run, announcing(run.number(300, 60'000)));
}};

const Scenario encode_64_bit{"encode-64-bit", exercise(2), "RFC 6455 §5.2",
    "from 65536 on the length takes eight bytes more", [](Run& run) {
    expect_encoded(run, announcing(65536));
    expect_encoded(run, announcing(run.number(1 << 20, 1 << 30)));
    // Beyond 32 bits: an int on the way would lose the upper half.
    expect_encoded(run, announcing((std::uint64_t{1} << 32) + 5));
    expect_encoded(run, announcing(std::uint64_t{0x0123'4567'89AB'CDEF}));
}};

const Scenario encode_key{"encode-key", exercise(2), "RFC 6455 §5.2",
    "a masked header has the MASK bit, and ends with the key", [](Run& run) {
    const Key key = run.key();
    expect_encoded(run, text("Hello").masked(key));
    expect_encoded(run, announcing(125).masked(key));
    expect_encoded(run, announcing(126).masked(key));
    expect_encoded(run, announcing(65536).masked(key));
}};

// --- exercise 3: reading a header ---------------------------------------------------------------

const Scenario decode_first_bytes{"decode-first-bytes", exercise(3), "RFC 6455 §5.2",
    "FIN, RSV and opcode are in byte 0, MASK and a short length in byte 1", [](Run& run) {
    expect_decoded(run, text("Hello"));
    expect_decoded(run, text("").not_last());
    expect_decoded(run, continuation("a").not_last());
    expect_decoded(run, announcing(125));
    for (const Frame& frame : {close(), ping(), pong(), binary({})})
        expect_decoded(run, frame);
    // Judging comes later: what is wrong must be readable, or nobody could show it.
    expect_decoded(run, text("a").rsv(4));
    expect_decoded(run, text("a").rsv(1));
    expect_decoded(run, text("a").opcode(11));
}};

const Scenario decode_lengths{"decode-lengths", exercise(3), "RFC 6455 §5.2",
    "126 and 127 announce a length of two and of eight bytes", [](Run& run) {
    for (const std::uint64_t length : {126u, 256u, 65535u, 65536u})
        expect_decoded(run, announcing(length));
    expect_decoded(run, announcing(run.number(300, 60'000)));
    expect_decoded(run, announcing(std::uint64_t{0x0123'4567'89AB'CDEF}));
    expect_decoded(run, announcing(std::uint64_t{1} << 63));  // kept; check_header() judges it
    expect_decoded(run, announcing(5).length_in(2));
}};

const Scenario decode_key{"decode-key", exercise(3), "RFC 6455 §5.2",
    "the key stands after the length, whichever form that has", [](Run& run) {
    const Key key = run.key();
    expect_decoded(run, text("Hello").masked(key));
    expect_decoded(run, announcing(126).masked(key));
    expect_decoded(run, announcing(65536).masked(key));
}};

const Scenario decode_need_more{"decode-need-more", exercise(3), "RFC 6455 §5.2",
    "half a header is no error, and nothing beyond it is read", [](Run& run) {
    const Key key = run.key();
    for (const std::uint64_t length : {5u, 126u, 65536u})
        for (const bool masked : {false, true}) {
            const Frame frame = masked ? announcing(length).masked(key) : announcing(length);
            const Buffer bytes = frame.header();
            for (std::size_t size = 0; size < bytes.size(); ++size) {
                const Buffer begin(bytes.begin(),
                                          bytes.begin() + static_cast<std::ptrdiff_t>(size));
                run.fresh();
                const auto [parse, fields, length_bytes, header_size] =
                    run.call("decode_header", begin).as<unsigned, Fields, int, std::size_t>();
                run.is_true(parse == 1, "the answer is " + name_of_parse(parse) +
                                            ", expected need_more: the whole header has " +
                                            std::to_string(bytes.size()) + " bytes, " + hex(bytes));
            }
            expect_decoded(run, frame);
        }
}};

// --- exercise 4: the mask -----------------------------------------------------------------------

// What the client would have sent, and what a mask should make of it: explained like a reply.
void expect_unmasked(Run& run, std::string_view call, Bytes got, const std::string& payload, Key key) {
    const Buffer question = text(payload).masked(key).bytes();
    const Buffer wanted = text(payload).bytes();
    Buffer reply = text(payload).header();
    reply.insert(reply.end(), got.begin(), got.end());
    if (reply == wanted) return;
    run.fresh();
    run.step(std::string{call} + ", key " + hex(key));
    const Came came{question, wanted, reply, first_difference(reply, wanted), Verdict::wrong, true};
    run.show(Way::from_server, reply, describe(read_frame(reply)));
    run.fail_marked(came, {}, "");
}

const Scenario unmask{"unmask", exercise(4), "RFC 6455 §5.3", "payload byte i is XORed with key byte i mod 4",
    [](Run& run) {
    const Key key = run.key();
    // Every length up to some blocks of eight: a mask that takes several bytes at once has
    // its mistakes at the edges.
    for (std::size_t one = 0; one <= 71; ++one) {
        // Hello's size first: its failure says most.
        const std::size_t size = one == 0 ? 5 : one - 1;
        const std::string payload = run.payload(size);
        const Buffer data = masked_with(key, bytes_of(payload));
        const std::string call = "apply_mask(" + hex(data, 8) + ")";
        run.fresh();
        expect_unmasked(run, call, run.call(Call{"apply_mask", data, key}.as(call)).as<Buffer>(), payload,
                        key);
    }
    run.within(Milliseconds{1000}, "apply_mask() of 4 MiB",
               [&] { run.call("apply_mask_to_zeros", 4 << 20, key); });
}};

const Scenario unmask_in_pieces{"unmask-in-pieces", exercise(4), "RFC 6455 §5.3",
    "a payload in pieces is unmasked as if it were whole", [](Run& run) {
    const Key key = run.key();
    const std::string payload = run.payload(23);
    const Buffer masked = masked_with(key, bytes_of(payload));
    // Of a key that is not turned at all the bytes below say more.
    if (run.call("rotated", key, std::uint64_t{1}).as<Key>() != key)
        expect_call(run, Call{"rotated", key, std::uint64_t{1}}.as("rotated(key, 1)"), Key{key[1], key[2], key[3], key[0]},
                    "after one byte it is the turn of key[1]; turned the wrong way, the key begins with key[3]");
    for (std::size_t first = 0; first <= masked.size(); ++first) {
        run.fresh();
        Buffer data = run.call("apply_mask", Bytes{masked}.first(first), key).as<Buffer>();
        const Key turned = run.call("rotated", key, first).as<Key>();
        const Buffer rest = run.call("apply_mask", Bytes{masked}.subspan(first), turned).as<Buffer>();
        data.insert(data.end(), rest.begin(), rest.end());
        const std::string count = std::to_string(first);
        expect_unmasked(run,
                        "apply_mask(the first " + count + ", key), apply_mask(the rest, rotated(key, " +
                            count + "))",
                        data, payload, key);
    }
    // A payload beyond 4 GiB does not fit into an int.
    const std::uint64_t far = (std::uint64_t{1} << 32) + 3;
    expect_call(run, Call{"rotated", key, far}.as("rotated(key, 2^32 + 3)"), Key{key[3], key[0], key[1], key[2]},
                "the number of bytes is taken mod 4, and it may be large");
}};

// --- exercise 5: judging ------------------------------------------------------------------------

// As in ws::Role.
enum class To : std::uint8_t { client, server };

// The answer is this Errc; "none" for a right frame.
void expect_judged(Run& run, const Frame& frame, std::string_view expected, To receiver = To::server,
                   unsigned negotiated_rsv = 0) {
    const std::string call =
        "check_header(" + in_words(frame) + ", Role::" + (receiver == To::server ? "server" : "client") +
        (negotiated_rsv != 0 ? ", " + std::to_string(negotiated_rsv) : "") + ")\n     " + hex(frame.header());
    const int length_bytes = read_frame(frame.bytes()).length_bytes;
    expect_errc(run,
                Call{"check_header", fields_of(frame), length_bytes, receiver, negotiated_rsv}.as(call),
                expected,
                expected == "none" ? "But this frame is right, and a server that refuses it loses its client"
                                   : "");
}

const Scenario judge_bits{"judge-bits", exercise(5), "RFC 6455 §5.2",
    "reserved bits and reserved opcodes fail the connection", [](Run& run) {
    const Frame right = text("a").masked(run.key());
    expect_judged(run, right, "none");
    for (const unsigned bit : {1u, 2u, 4u})
        expect_judged(run, right.rsv(bit), "rsv_without_extension");
    // An extension may give a bit a meaning, that one and no other.
    expect_judged(run, right.rsv(4), "none", To::server, 4);
    // It may: with compression agreed upon, a message may still come uncompressed.
    expect_judged(run, right, "none", To::server, 4);
    expect_judged(run, right.rsv(5), "rsv_without_extension", To::server, 4);
    for (const unsigned opcode : {3u, 7u, 11u, 15u})
        expect_judged(run, right.opcode(opcode), "reserved_opcode");
    for (const unsigned opcode : {0u, 1u, 2u, 8u, 9u, 10u})
        expect_judged(run, right.opcode(opcode), "none");
}};

const Scenario judge_mask{"judge-mask", exercise(5), "RFC 6455 §5.1", "a client always masks, a server never",
    [](Run& run) {
    const Frame plain = text("a");
    const Frame masked = plain.masked(run.key());
    expect_judged(run, masked, "none", To::server);
    expect_judged(run, plain, "frame_not_masked", To::server);
    expect_judged(run, plain, "none", To::client);
    expect_judged(run, masked, "frame_masked", To::client);
}};

const Scenario judge_control{"judge-control", exercise(5), "RFC 6455 §5.5",
    "a control frame is short and whole", [](Run& run) {
    const Key key = run.key();
    const std::string full(125, 'p'), longer(126, 'p');
    for (const unsigned opcode : {8u, 9u, 10u}) {
        expect_judged(run, ping(full).opcode(opcode).masked(key), "none");
        expect_judged(run, ping(longer).opcode(opcode).masked(key), "control_too_long");
        expect_judged(run, ping("").opcode(opcode).masked(key).not_last(),
                            "control_fragmented");
    }
    // What holds for control frames does not hold for data.
    expect_judged(run, text(longer).masked(key), "none");
    expect_judged(run, text("").masked(key).not_last(), "none");
}};

const Scenario judge_length{"judge-length", exercise(5), "RFC 6455 §5.2",
    "a length is in its shortest form, and below 2^63", [](Run& run) {
    const Key key = run.key();
    for (const std::uint64_t length : {0u, 125u, 126u, 65535u, 65536u})
        expect_judged(run, announcing(length).masked(key), "none");
    expect_judged(run, announcing(125).length_in(2).masked(key), "length_not_minimal");
    expect_judged(run, announcing(5).length_in(8).masked(key), "length_not_minimal");
    expect_judged(run, announcing(65535).length_in(8).masked(key), "length_not_minimal");
    expect_judged(run, announcing((std::uint64_t{1} << 63) - 1).masked(key), "none");
    expect_judged(run, announcing(std::uint64_t{1} << 63).masked(key), "length_top_bit");
}};

const Scenario judge_order{"judge-order", exercise(5), "RFC 6455 §5.2",
    "of two broken rules the first in the table is named", [](Run& run) {
    const Key key = run.key();
    const std::string longer(126, 'p');
    const Frame right = text("a").masked(key);
    expect_judged(run, right.rsv(4).opcode(3), "rsv_without_extension");
    expect_judged(run, text("a").rsv(4), "rsv_without_extension");
    expect_judged(run, right.rsv(1), "rsv_without_extension", To::client);
    expect_judged(run, ping(longer).rsv(2).masked(key), "rsv_without_extension");
    expect_judged(run, text("a").opcode(3), "reserved_opcode");
    expect_judged(run, ping(longer).opcode(11).masked(key).not_last(), "reserved_opcode");
    expect_judged(run, ping(longer), "frame_not_masked");
    expect_judged(run, ping("").masked(key).not_last(), "frame_masked", To::client);
    expect_judged(run, announcing(5).length_in(8), "frame_not_masked");
    expect_judged(run, ping(longer).masked(key).not_last(), "control_too_long");
    expect_judged(run, announcing(5).opcode(9).length_in(8).masked(key).not_last(), "control_fragmented");
}};

// --- the programs -------------------------------------------------------------------------------

const Scenario echo{"echo", exercise(3).needs(2, 3, 4), "RFC 6455 §5.1",
    "the mirror sends a frame back, unmasked", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    for (const Frame& frame :
         {text(run.payload(5)), text(""), binary(unhex("00 01 FE FF")),
          ping("still there?"), text(run.payload(125))}) {
        client.send(frame.masked(run.key()));
        client.expect(frame);
    }
    client.send(close(1000).masked(run.key()));
    client.expect(close(1000));
    client.expect_end("the server ends TCP when both have sent a Close");
}};

const Scenario length_126{"length-126", exercise(2).needs(3, 4), "RFC 6455 §5.2",
    "a 126-byte text uses the 16-bit length", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const std::string payload = run.repeated(126);
    client.send(text(payload).masked(run.key()));
    client.expect(text(payload));
}};

const Scenario length_65536{"length-65536", exercise(2).needs(3, 4), "RFC 6455 §5.2",
    "a text of 65535 bytes uses the 16-bit length, one of 65536 the 64-bit length", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    for (const std::size_t size : {65535u, 65536u}) {
        const std::string payload = run.payload(size);
        client.send(text(payload).masked(run.key()));
        client.expect(text(payload));
    }
}};

const Scenario two_frames{"two-frames", exercise(3).needs(2, 4), "RFC 6455 §5.2",
    "two frames in one read are two frames", [](Run& run) {
    Server server{run};
    Peer client{run, server};
    client.open();
    const std::string first = run.payload(3), second = run.payload(200);
    Buffer both = text(first).masked(run.key()).bytes();
    const Buffer next = text(second).masked(run.key()).bytes();
    both.insert(both.end(), next.begin(), next.end());
    client.send(both);
    client.expect(text(first));
    client.expect(text(second));
}};

const Scenario refuses{"refuses", exercise(5).needs(2, 3, 4), "RFC 6455 §7.1.7",
    "a broken rule is answered with a Close of 1002, and the connection ends", [](Run& run) {
    Server server{run};
    const Key key = run.key();
    const auto refuse = [&](const Frame& frame, std::string_view why) {
        Peer client{run, server};
        client.open();
        client.send(text("a").masked(key));
        client.expect(text("a"));
        client.send(frame.bytes());
        client.expect_close(1002, why);
        client.expect_end();
    };
    refuse(text("Hello"), "a client's frame without a mask was not refused");
    refuse(text("Hello").masked(key).rsv(4), "RSV1 without an extension was not refused");
    refuse(ping("").masked(key).not_last(), "a ping that is not whole was not refused");
    // The header alone: nobody waits for a payload that must not come.
    refuse(text("").masked(key).announcing(std::uint64_t{1} << 63),
           "a length with its highest bit set was not refused");
}};

const Scenario client_masks{"client-masks", exercise(4).needs(2, 3), "RFC 6455 §5.3",
    "the client masks every frame, each with another key", [](Run& run) {
    Host host{run};
    Client program{run, host, {"--text", "Hello"}};
    Peer server{run, host};
    server.welcome();
    server.expect(text("Hello").any_key());
    server.send(text("Hello"));
    server.expect(close(1000).any_key());
    server.send(close(1000));
    server.end_sending();
    run.equal("the client's exit status", program->wait(), 0,
              "it was sent back what it had sent; it said: " + program->errors());
}};

}  // namespace

}  // namespace check
