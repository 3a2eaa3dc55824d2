// The judge of lesson 14, exercises 2 to 4: what is agreed on, codes, and streams that are unpacked.
// RFC 7692 §7.1, RFC 1951 §3.2. Exercises 5 and 6 are judged in checks_messages.cpp.
#include "lessons/14-compression/checks_unpack.hpp"

namespace check {

namespace {

// --- exercise 2: an offer -----------------------------------------------------------------------

using Terms = std::tuple<bool, bool, unsigned, unsigned>;
const Terms everything_allowed{false, false, 15, 15};

Call choose(const std::vector<std::string>& offers, const Terms& allowed = everything_allowed) {
    std::string words = "choose(";
    for (const std::string& offer : offers) words += (words.ends_with('(') ? "" : ", ") + offer;
    words += ")";
    const auto [server_alone, client_alone, server_bits, client_bits] = allowed;
    if (allowed != everything_allowed)
        words += ", allowed: windows of " + std::to_string(server_bits) + " and " + std::to_string(client_bits) +
                 (server_alone || client_alone ? " bits, no context takeover" : " bits");
    return Call{"choose", offers, allowed}.as(words);
}

const std::string plain = "permessage-deflate";
using Answered = std::optional<std::string>;

const Scenario offers{"offers", exercise(2), "RFC 7692 §7.1",
    "what was offered is granted, and named where it has to be", [](Run& run) {
    const auto expect = [&](const std::string& offer, const std::string& answer, std::string_view why) {
        expect_call(run, choose({plain + offer}), Answered{plain + answer}, why);
    };
    expect("", "", "it asks for nothing, so nothing is named");
    expect("; server_no_context_takeover", "; server_no_context_takeover",
           "a server that accepts this offer says so by naming it (§7.1.1.1)");
    expect("; client_no_context_takeover", "; client_no_context_takeover",
           "a hint that the client will not use its context: the server need not keep one either (§7.1.1.2)");
    for (const std::string bits : {"8", "9", "10", "14", "15"})
        expect("; server_max_window_bits=" + bits, "; server_max_window_bits=" + bits,
               "named with the same value or a smaller one (§7.1.2.1)");
    expect("; server_max_window_bits=\"12\"", "; server_max_window_bits=12",
           "a value may stand between quotation marks (RFC 6455 §9.1)");
    expect("; client_max_window_bits=9", "; client_max_window_bits=9", "the client will not use more (§7.1.2.2)");
    expect("; client_max_window_bits", "", "without a value it says that the server may ask for less. This one does not");
}};

const Scenario bad_windows{"bad-windows", exercise(2), "RFC 7692 §7.1.2.1",
    "a window is a number from 8 to 15, in decimal, without leading zeros", [](Run& run) {
    for (const std::string value : {"7", "16", "08", "010", "0", "1", "+9", "-9", "0x9", "9 9", "a", "150", "1:", "1/",
                                    "\"\"", "\"9"})
        expect_call(run, choose({plain + "; server_max_window_bits=" + value}), Answered{},
                    "\"a decimal integer value without leading zeroes between 8 to 15\": an offer that "
                    "breaks this is declined");
    expect_call(run, choose({plain + "; client_max_window_bits=16"}), Answered{}, "the same for the client's");
}};

const Scenario no_more_than_allowed{"no-more-than-allowed", exercise(2), "RFC 7692 §7.1.2",
    "the answer is the smaller of what was offered and what is allowed", [](Run& run) {
    const Terms small{false, false, 11, 15}, alone{true, true, 15, 15};
    expect_call(run, choose({plain}, small), Answered{plain + "; server_max_window_bits=11"},
                "a server may use a smaller window than it was allowed, and says so (§7.1.2.1)");
    expect_call(run, choose({plain + "; server_max_window_bits=15"}, small),
                Answered{plain + "; server_max_window_bits=11"}, "15 was offered and 11 is allowed");
    expect_call(run, choose({plain + "; server_max_window_bits=9"}, small),
                Answered{plain + "; server_max_window_bits=9"}, "9 was offered and 11 is allowed");
    expect_call(run, choose({plain}, alone), Answered{plain + "; server_no_context_takeover; client_no_context_takeover"},
                "this server keeps no context, and asks the client for the same");
}};

const Scenario clients_window{"clients-window", exercise(2), "RFC 7692 §7.1.2.2",
    "the client's window is named only where the client has named it", [](Run& run) {
    const Terms small{false, false, 15, 10};
    expect_call(run, choose({plain + "; client_max_window_bits"}, small),
                Answered{plain + "; client_max_window_bits=10"}, "the client can use less, if it is asked to");
    expect_call(run, choose({plain + "; client_max_window_bits=12"}, small),
                Answered{plain + "; client_max_window_bits=10"}, "12 was offered and 10 is allowed");
    expect_call(run, choose({plain}, small), Answered{},
                "this client may not know the parameter: the answer MUST NOT have it. So its window is "
                "32 KiB, more than is allowed here, and the offer is declined");
    expect_call(run, choose({plain, plain + "; client_max_window_bits"}, small),
                Answered{plain + "; client_max_window_bits=10"}, "the first offer cannot be kept, the second can");
}};

// --- exercise 3: codes from lengths -------------------------------------------------------------

// §3.2.2, step by step; as the stream has them, the first bit in front.
std::vector<std::string> codes_for(Bytes lengths) {
    std::vector<std::string> codes(lengths.size());
    unsigned code = 0;
    for (unsigned length = 1; length < 16; ++length, code <<= 1)
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
            if (lengths[symbol] != length) continue;
            for (unsigned bit = length; bit-- > 0;) codes[symbol] += (code >> bit & 1) != 0 ? '1' : '0';
            ++code;
        }
    return codes;
}

std::string first_bit_lowest(unsigned code, unsigned length) {
    std::string bits;
    for (unsigned bit = 0; bit < length; ++bit) bits += (code >> bit & 1) != 0 ? '1' : '0';
    return bits;
}

void expect_codes(Run& run, const Buffer& lengths) {
    run.fresh();
    const bool few = lengths.size() <= 20;
    const Call call = Call{"make_codes", lengths}.as(
        few ? "make_codes() for the lengths " + hex(lengths)
            : "make_codes() for " + std::to_string(lengths.size()) + " lengths");
    const auto codes = run.call(call).as<std::vector<unsigned>>();
    const std::vector<std::string> expected = codes_for(lengths);
    run.equal("the number of codes", codes.size(), lengths.size(), "one for each symbol");
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        const std::string got = first_bit_lowest(codes[symbol], lengths[symbol]);
        if (got == expected[symbol]) continue;
        const bool turned = std::equal(got.rbegin(), got.rend(), expected[symbol].begin());
        run.equal("the code of symbol " + std::to_string(symbol) + ", the lowest bit first,", Plain{got},
                  Plain{expected[symbol]},
                  turned ? "it stands the wrong way round: of a code the highest bit is sent first (§3.1.1), and "
                           "the writer sends the lowest first"
                         : "codes of one length count up in the order of their symbols, and those of the next "
                           "length go on from there, with a 0 behind (§3.2.2)");
    }
}

const Scenario rfc_codes{"rfc-codes", exercise(3), "RFC 1951 §3.2.2",
    "the RFC's own example: the symbols A to H", [](Run& run) {
    expect_codes(run, {3, 3, 3, 3, 3, 2, 4, 4});
    expect_codes(run, {2, 1, 3, 3});
    expect_codes(run, {0, 1, 0, 1});
}};

const Scenario fixed_codes{"fixed-codes", exercise(3), "RFC 1951 §3.2.6",
    "from the lengths 8, 9, 7 and 8 come the fixed codes", [](Run& run) {
    Buffer lengths(288);
    for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    expect_codes(run, lengths);
}};

// Every code is this: a tree, of which some leaf was split again and again.
Buffer complete_lengths(Run& run, std::size_t symbols) {
    Buffer lengths{1, 1};
    while (lengths.size() < symbols) {
        const std::size_t leaf = run.number(0, lengths.size() - 1);
        if (lengths[leaf] == 15) continue;
        ++lengths[leaf];
        lengths.push_back(lengths[leaf]);
    }
    return lengths;
}

const Scenario any_codes{"any-codes", exercise(3), "RFC 1951 §3.2.2",
    "any lengths that make a complete code", [](Run& run) {
    for (const std::size_t symbols : {3u, 6u, 19u, 30u, 286u}) {
        Buffer lengths = complete_lengths(run, symbols);
        lengths.insert(lengths.begin() + 2, 0);  // a symbol that does not occur
        expect_codes(run, lengths);
    }
}};

enum Build : int { complete, oversubscribed, incomplete };

std::string name_of_build(int build) {
    return build == complete ? "right" : build == oversubscribed ? "oversubscribed" : build == incomplete ? "incomplete" : "?";
}

void expect_build(Run& run, const Buffer& lengths, bool lone, Build expected, std::string_view why) {
    run.fresh();
    const Call call = Call{"build", lengths, lone}.as("a table for codes of the lengths " + hex(lengths, 24));
    run.equal("this code", Plain{name_of_build(run.call(call).as<int>())}, Plain{name_of_build(expected)}, why);
}

const Scenario overlapping{"overlapping-codes", exercise(3), "RFC 1951 §3.2.2",
    "there is room for one code of no bits, two of one, four of two", [](Run& run) {
    const std::string_view why = "if there were such codes, one would be the beginning of another";
    expect_build(run, {1, 1, 1}, false, oversubscribed, why);
    expect_build(run, {1, 2, 2, 2}, false, oversubscribed, why);
    expect_build(run, {1, 2, 3, 3, 15}, false, oversubscribed, "the first four take all the room");
    Buffer lengths = complete_lengths(run, 40);
    expect_build(run, lengths, false, complete, "a tree whose leaves all have a symbol");
    lengths.push_back(15);
    expect_build(run, lengths, false, oversubscribed, "one more than there is room for");
}};

const Scenario gaps{"gaps", exercise(3), "RFC 1951 §3.2.7",
    "bits that mean nothing are an error, but for a lone code of one bit", [](Run& run) {
    const std::string_view why = "some bits would mean nothing";
    expect_build(run, {1, 2}, false, incomplete, why);
    expect_build(run, {2, 2, 2}, false, incomplete, why);
    expect_build(run, {1}, false, incomplete, "1 would mean nothing, and here that is not allowed");
    expect_build(run, {1}, true, complete, "one distance code of one bit, \"with one unused code\"");
    expect_build(run, {2}, true, incomplete, "a lone code has one bit");
    expect_build(run, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, false, incomplete,
                 "one code of 15 bits is missing");
}};

// --- exercise 4: unpacking ----------------------------------------------------------------------

struct Inflated {
    std::string text;
    std::string errc;
    bool between_blocks;
};

Inflated inflate(Run& run, const std::vector<Buffer>& pieces, std::size_t room = 1000, std::string_view before = "",
                 unsigned window_bits = 15) {
    Buffer all;
    for (const Buffer& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
    const Call call = Call{"inflate", pieces, room, bytes_of(before), window_bits}.as(
        "inflate(" + hex(all, 24) + ")" + (pieces.size() > 1 ? ", " + Run::in_pieces(pieces) : "") +
        (room < 1000 ? ", with room for " + std::to_string(room) : ""));
    const auto [data, errc, between] = run.call(call).as<Buffer, std::string, bool>();
    return {std::string{text_of(data)}, errc, between};
}

void expect_inflated(Run& run, const std::vector<Buffer>& pieces, std::string_view text, std::string_view why,
                     std::size_t room = 1000, std::string_view before = "", unsigned window_bits = 15) {
    run.fresh();
    const Inflated got = inflate(run, pieces, room, before, window_bits);
    if (got.errc != "none")
        run.fail(Verdict::wrong, "the stream is right, and it is refused: " + got.errc + ". It means " + quote(text, 60) +
                                     ": " + std::string{why});
    run.equal("the stream", quote(got.text, 60), quote(text, 60), why);
    run.is_true(got.text == text, "the stream unpacks to " + std::to_string(got.text.size()) + " bytes that differ from "
                                  "the " + std::to_string(text.size()) + " expected further on: " + std::string{why});
}

void expect_refused(Run& run, const std::vector<Buffer>& pieces, std::string_view errc, std::string_view why) {
    run.fresh();
    run.equal("the stream", Plain{inflate(run, pieces).errc}, Plain{std::string{errc}}, why);
}

// The squares of 1 to 119 between commas, with codes of its own, as zlib 1.2.13 writes it at level 9.
const Buffer dynamic = unhex(
    "25 91 c9 01 c4 30 08 03 1b e2 61 0e 83 e9 bf b1 1d 65 5f 26 41 c0 20 dc ca d6 bc 2d ae 65 5b ad 75 "
    "d9 73 f3 73 cc 83 b7 8a 2c 8a 45 82 26 2e ef 5b cb 28 f4 6e 85 ae 8a f7 95 dd 58 bb d3 d6 e8 9a 77 "
    "f8 1e fe 3f f2 8b 6e 5b 7d 29 f4 43 07 77 5a b9 7a 7a d0 dc 53 53 4a e3 ae e6 b6 00 5a 24 03 91 bf "
    "12 03 84 71 44 e1 22 8e b3 16 79 ca a2 8e 43 46 45 b4 a2 d1 bf a7 ec a2 4b 55 24 fd 05 0d 79 d2 2f "
    "8b ce a9 19 39 4c cb c7 dc 5c 08 ea c0 52 a2 aa 84 af 0a d2 6a 98 6b b4 ad d6 b8 87 7d ae 6b e1 d4 "
    "c6 64 ec 6a e7 3b 8a 96 7f 7d c8 52 e5 b8 49 45 5f 6a 7b e8 d2 8f 7e 73 ae cc a1 62 98 69 73 99 3b "
    "03 c1 2c 2c 4f d6 bf 80 ef 95 6e d1 30 bf 07 fd 6a 0f 14 44 50 e2 26 5b ee 3b df ad 64 d6 89 2f ae "
    "23 83 1b 05 36 23 76 57 9d 7b a4 e2 92 8f de b2 d4 9f dc 8d ff a5 53 9e c7 95 fd 31 ba 44 ec 77 94 "
    "ef 3e 59 f7 3b 90 ae 96 ab 03 96 b7 ff 00 ");
std::string squares() {
    std::string text = "1";
    for (unsigned n = 2; n < 120; ++n) text += "," + std::to_string(n * n);
    return text;
}

const Scenario block_types{"block-types", exercise(4), "RFC 1951 §3.2.3",
    "stored, fixed or dynamic, and perhaps the last", [](Run& run) {
    const auto expect = [&](Bytes bytes, std::string_view text, std::string_view why) {
        run.for_every_cut(bytes, [&](const std::vector<Buffer>& pieces) { expect_inflated(run, pieces, text, why); });
    };
    expect(unhex("f3 48 cd c9 c9 07 00"), "Hello", "the first bits are 1, the last block, and 01 (lowest first: 1 0), fixed codes");
    expect(unhex("01 05 00 fa ff 48 65 6c 6c 6f"), "Hello", "the first bits are 1, the last block, and 00, stored");
    expect(dynamic, squares(), "the first bits are 1, the last block, and 10 (lowest first: 0 1), codes of its own");
    Buffer two = BitString{}.block(1).literal('H').literal('i').end_of_block().block(1).literal('!').end_of_block().bytes();
    expect(two, "Hi!", "the first block is not the last: another one follows");
}};

const Scenario reserved{"reserved-type", exercise(4), "RFC 1951 §3.2.3", "the type 3 does not exist", [](Run& run) {
    expect_refused(run, {Buffer{0x07, 0, 0}}, "reserved_block_type", "the bits are 1, and 11: \"reserved (error)\"");
    expect_refused(run, {BitString{}.block(1).literal('H').end_of_block().block(3).bytes()}, "reserved_block_type",
                   "the second block has it");
}};

const Scenario stored{"stored", exercise(4), "RFC 1951 §3.2.4",
    "a stored block begins at the next byte, with its length twice", [](Run& run) {
    const std::string text = run.payload(12);
    const auto with_length = [&](Buffer front) {
        for (const int byte : {12, 0, 0xF3, 0xFF}) front.push_back(static_cast<std::uint8_t>(byte));
        front.insert(front.end(), text.begin(), text.end());
        return front;
    };
    for (std::size_t before = 0; before < 9; ++before) {
        BitString bits;
        bits.block(1);
        for (std::size_t i = 0; i < before; ++i) bits.literal(0xFF);  // nine bits each
        const Buffer bytes = with_length(bits.end_of_block().block(0, true).bytes());
        run.for_every_cut(bytes, [&](const std::vector<Buffer>& pieces) {
            expect_inflated(run, pieces, std::string(before, '\xFF') + text,
                            "\"any bits of input up to the next byte boundary are ignored\", then come the length, its "
                            "complement, and so many bytes");
        });
        expect_inflated(run, {bytes}, std::string(before, '\xFF') + text, "with little room it goes on when there is more", 5);
    }
    expect_refused(run, {unhex("01 05 00 fa fe 48 65 6c 6c 6f")}, "stored_length_mismatch",
                   "\"NLEN is the one's complement of LEN\": 05 00 and FA FF");
    expect_refused(run, {unhex("01 05 00 05 00 48 65 6c 6c 6f")}, "stored_length_mismatch",
                   "\"NLEN is the one's complement of LEN\": 05 00 and FA FF");
}};

const Scenario overlap{"overlap", exercise(4), "RFC 1951 §3.2.3",
    "a match may be longer than its distance", [](Run& run) {
    const std::string_view why = "the bytes that a match has copied are copied again: byte for byte, from the front";
    BitString one, two, far;
    one.block(1, true).literal('a').match(10, 1).match(258, 1).end_of_block();
    two.block(1, true).literal('a').literal('b').match(9, 2).end_of_block();
    far.block(1, true).literal('a').literal('b').literal('c').literal('d').match(3, 4).match(5, 3).end_of_block();
    for (const std::size_t room : {1000u, 7u, 4u, 1u}) {
        expect_inflated(run, {one.bytes()}, std::string(269, 'a'), why, room);
        expect_inflated(run, {two.bytes()}, "abababababa", why, room);
        expect_inflated(run, {far.bytes()}, "abcdabcabcab", why, room);
    }
}};

const Scenario from_before{"from-before", exercise(4), "RFC 7692 §7.1.1",
    "a match may begin in what came before, and end in what is new", [](Run& run) {
    const std::string before = run.payload(300);
    const std::string_view why = "so many bytes back lies the message before; what is copied is available again";
    expect_inflated(run, {BitString{}.block(1, true).match(6, 4).end_of_block().bytes()}, "lo, lo", why, 1000,
                    "Hello, lo, ");
    for (const std::size_t room : {1000u, 5u, 1u}) {
        BitString bits;
        std::string text;
        bits.block(1, true);
        const auto match = [&](unsigned length, unsigned distance) {
            bits.match(length, distance);
            for (unsigned i = 0; i < length; ++i) text += (before + text)[before.size() + text.size() - distance];
        };
        match(10, 200);
        bits.literal('!');
        text += '!';
        match(9, 3);
        match(10, 230);
        match(258, 220);
        expect_inflated(run, {bits.end_of_block().bytes()}, text, why, room, before, 8);
    }
}};

}  // namespace

}  // namespace check
