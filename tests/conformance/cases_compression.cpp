// permessage-deflate: what is agreed on, messages of all kinds, streams that are wrong. RFC 7692.
// A server meets them with an offer of the suite's, a client with an answer to its own offer; an endpoint
// that agrees to no compression is left out of all but the first.
#include "tests/conformance/cases.hpp"

namespace conformance {

namespace {

using Kind = Packer::Kind;

const std::string usual = "permessage-deflate";
const std::string both_forget = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

Case& with(Case& added, const std::string& deflate, const std::string& wanted = "") {
    added.deflate = deflate;
    added.wanted_answer = wanted;
    return added;
}

Group offers() {
    Group group{"19", "compression: offers", "RFC 7692 §5, §7.1"};
    const Frame hello = text("Hello Hello Hello Hello Hello");
    const auto offer = [&](const std::string& text_of, const std::string& wanted) {
        with(group.add(text_of, {packed(hello)}, echoes({hello})), text_of, wanted).side = Side::servers;
    };
    offer(usual, "");
    offer(usual + "; client_max_window_bits", "");
    offer(usual + "; client_max_window_bits=10", "");
    offer(usual + "; server_no_context_takeover", "server_no_context_takeover");
    offer(usual + "; client_no_context_takeover", "");
    offer(both_forget, "server_no_context_takeover");
    for (const char* bits : {"8", "9", "10", "12", "15"})
        offer(usual + "; server_max_window_bits=" + bits, "server_max_window_bits");
    offer(usual + "; server_max_window_bits=\"10\"", "server_max_window_bits");
    offer("x-unknown, permessage-deflate", "");
    offer("permessage-deflate; x-unknown=1, permessage-deflate", "");
    offer("permessage-deflate; server_max_window_bits=10, permessage-deflate", "");
    for (const char* parameter :
         {"x-unknown", "server_no_context_takeover=1", "server_max_window_bits", "server_max_window_bits=7",
          "server_max_window_bits=16", "server_max_window_bits=08", "server_max_window_bits=x",
          "client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=010",
          "client_no_context_takeover; client_no_context_takeover", "server_max_window_bits=10; server_max_window_bits=10",
          "client_max_window_bits; client_max_window_bits=9"})
        offer(usual + "; " + parameter, "none");
    return group;
}

// Answers that a client must not take: it offered something else, or they make no sense (§7.1).
Group compression_answers() {
    Group group{"20", "compression: answers", "RFC 7692 §5.1, §7.1"};
    const Frame hello = text("Hello Hello Hello Hello Hello");
    for (const char* parameter : {"server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=15",
                                  "server_max_window_bits=10"})
        with(group.add("with " + std::string{parameter}, {packed(hello), packed(hello)}, echoes({hello, hello})),
             usual + "; " + parameter).side = Side::clients;
    for (const char* parameter :
         {"x-unknown", "server_no_context_takeover=1", "server_max_window_bits", "server_max_window_bits=7",
          "server_max_window_bits=16", "client_max_window_bits", "client_max_window_bits=7",
          "server_no_context_takeover; server_no_context_takeover"}) {
        Case& added = with(group.add("with " + std::string{parameter}, {packed(hello)}, fails(0)), usual + "; " + parameter);
        added.side = Side::clients;
        added.opening = Opening{};
    }
    for (const char* answer : {"permessage-deflate, permessage-deflate", "x-webkit-deflate-frame"}) {
        Case& added = with(group.add(answer, {packed(hello)}, fails(0)), answer);
        added.side = Side::clients;
        added.opening = Opening{.not_strict_if_taken = std::string_view{answer}.starts_with("permessage")};
    }
    return group;
}

std::string varied(std::size_t size) {
    std::string bytes;
    for (std::uint32_t state = 1; bytes.size() < size; state = state * 1664525 + 1013904223)
        bytes += "line " + std::to_string(state >> 20) + " of what repeats now and then\n";
    bytes.resize(size);
    return bytes;
}

Group compressed_messages() {
    Group group{"21", "compression: messages", "RFC 7692 §6, §7.2"};
    for (const std::string& deflate : {usual, both_forget}) {
        const std::string how = deflate == usual ? "" : ", no context takeover";
        for (const std::size_t size : {0u, 1u, 5u, 125u, 126u, 1000u, 16384u, 65535u, 100000u}) {
            const Frame one = text(varied(size));
            const std::string of = "text of " + std::to_string(size) + " bytes";
            with(group.add(of + how, {packed(one)}, echoes({one})), deflate);
            with(group.add("the same " + of + " three times" + how, {packed(one), packed(one), packed(one)},
                           echoes({one, one, one})), deflate);
        }
        const Frame bytes = binary({from_hex("00 ff 00 ff 01"), 3000});
        with(group.add("a binary message in frames of 100 bytes" + how, {packed(bytes, Kind::fixed, 100)}, echoes({bytes})), deflate);
        with(group.add("a binary message in stored blocks" + how, {packed(bytes, Kind::stored)}, echoes({bytes})), deflate);
        with(group.add("a binary message without repetitions used" + how, {packed(bytes, Kind::literals)}, echoes({bytes})), deflate);
        with(group.add("a text, byte by byte" + how, {packed(text(varied(3000)))}, echoes({text(varied(3000))})), deflate).chop = 1;
        with(group.add("a text in frames of one byte" + how, {packed(text(varied(1000)), Kind::fixed, 1)},
                       echoes({text(varied(1000))})), deflate);
        with(group.add("messages that are not compressed in between" + how,
                       {packed(text("one one one")), text("two"), packed(text("one one one"))},
                       echoes({text("one one one"), text("two"), text("one one one")})), deflate);
    }
    const std::string large(1 << 20, 'x');
    with(group.add("1 MiB of one letter", {packed(text(large), Kind::huge_blocks)}, echoes({text(large)})), usual);
    // What zlib makes of it: codes of their own (dynamic blocks), and a final block.
    const Frame dynamic = text(
        "aaaaaaaaaaaaaaaabbbbbbbbccccddef aaaaaaaaaaaaaaaabbbbbbbbccccddef aaaaaaaaaaaaaaaabbbbbbbbccccddef "
        "abracadabra abracadabra simsalabim hocus pocus fidibus");
    const std::string codes_of_its_own = from_hex(
        "04 c1 01 0a 03 21 10 04 c1 af ec d7 ba 67 95 08 39 2e 28 fe 3f 55 00 00 00 00 aa aa 49 d2 3d 66 "
        "01 00 00 00 a8 aa 26 49 f7 98 05 00 00 00 a0 aa 9a 24 dd 63 16 6e 42 e3 a6 70 13 1a 37 75 d6 73 "
        "f8 e2 7a ea f3 e6 9e fa bd b9 a7 e6 ea e5 3d 7f 00 ");
    const Frame dynamic_text = text(codes_of_its_own);
    with(group.add("a block with codes of its own", {with_rsv(dynamic_text, 4)}, echoes({dynamic})), usual);
    with(group.add("a block with codes of its own, byte by byte", {with_rsv(dynamic_text, 4)}, echoes({dynamic})), usual).chop = 1;
    with(group.add("an empty message as one zero byte", {with_rsv(text(std::string(1, '\0')), 4)}, echoes({text("")})), usual);
    with(group.add("an empty message as a fixed block", {with_rsv(text(from_hex("02 00")), 4)}, echoes({text("")})), usual);
    with(group.add("\"Hello\" in a final block, RFC 7692 §7.2.3.4",
                   {with_rsv(text(from_hex("f3 48 cd c9 c9 07 00 00")), 4)}, echoes({text("Hello")})), usual);
    with(group.add("\"Hello\" in a stored block, RFC 7692 §7.2.3.3",
                   {with_rsv(text(from_hex("00 05 00 fa ff 48 65 6c 6c 6f 00")), 4)}, echoes({text("Hello")})), usual);
    with(group.add("\"Hello\" in two blocks, RFC 7692 §7.2.3.5",
                   {with_rsv(text(from_hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")), 4)}, echoes({text("Hello")})), usual);
    with(group.add("\"Hello\" in two frames, RFC 7692 §7.2.3.1",
                   {unfinished(with_rsv(text(from_hex("f2 48 cd")), 4)), cont(from_hex("c9 c9 07 00"))}, echoes({text("Hello")})), usual);
    with(group.add("\"Hello\" twice, RFC 7692 §7.2.3.2",
                   {with_rsv(text(from_hex("f2 48 cd c9 c9 07 00")), 4), with_rsv(text(from_hex("f2 00 11 00 00")), 4)},
                   echoes({text("Hello"), text("Hello")})), usual);
    with(group.add("a ping within a compressed message",
                   {unfinished(with_rsv(text(from_hex("f2 48 cd")), 4)), ping("p"), cont(from_hex("c9 c9 07 00"))},
                   echoes({pong("p"), text("Hello")})), usual);
    with(group.add("an empty frame before and after", {unfinished(with_rsv(text(""), 4)),
                   unfinished(cont(from_hex("f2 48 cd c9 c9 07 00"))), cont("")}, echoes({text("Hello")})), usual);
    return group;
}

// One zero, and then "258 times what was there before", again and again: 13 bits for each.
std::string make_bomb() {
    std::string all;
    unsigned filled = 0;
    const auto add = [&](std::string_view sequence) {
        for (const char bit : sequence) {
            if (filled == 0) all += '\0';
            all.back() = static_cast<char>(static_cast<unsigned char>(all.back()) | (bit - '0') << filled);
            filled = (filled + 1) % 8;
        }
    };
    add("010");       // not the last block, fixed codes
    add("00110000");  // a zero
    for (int i = 0; i < 260000; ++i) add("1100010100000");
    add("0000000");  // the end of the block
    add("000");      // and an empty stored one, without its lengths
    return all;
}

Group wrong_streams() {
    Group group{"22", "compression: what is wrong", "RFC 7692 §6, §7.2.2, RFC 1951"};
    const auto wrong = [&](const std::string& title, std::vector<Step> steps, std::vector<unsigned> codes, std::size_t chop = 0) {
        Expected expected = fails(codes.front());
        expected.fails = std::move(codes);
        with(group.add(title, std::move(steps), expected), usual).chop = chop;
    };
    const std::string hello = from_hex("f2 48 cd c9 c9 07 00");
    wrong("RSV1 on a ping", {with_rsv(ping("x"), 4)}, {1002});
    wrong("RSV1 on a pong", {with_rsv(pong("x"), 4)}, {1002});
    wrong("RSV1 on a Close", {with_rsv(close(1000), 4)}, {1002});
    wrong("RSV1 on a continuation", {unfinished(with_rsv(text(hello.substr(0, 3)), 4)), with_rsv(cont(hello.substr(3)), 4)}, {1002});
    wrong("RSV1 on the continuation of a plain message", {unfinished(text("Hel")), with_rsv(cont("lo"), 4)}, {1002});
    wrong("RSV2 on a text", {with_rsv(text("Hello"), 2)}, {1002});
    wrong("RSV1 and RSV3 on a text", {with_rsv(text(hello), 5)}, {1002});
    // RFC 7692 names no code for these: 1007 says what it is, 1002 says that a rule was broken.
    const std::vector<unsigned> codes{1007, 1002, 1003, 1011};
    const struct {
        const char* title;
        const char* hex;
    } streams[] = {
        {"a block of the reserved type", "06 00"},
        {"a stored block whose length contradicts its complement", "00 05 00 fa fe 48 65 6c 6c 6f 00"},
        {"a stored block that breaks off", "00 ff 00 00 ff 48"},
        {"a distance before the beginning", "02 02 00 00"},
        {"a dynamic block with an over-subscribed code", "fc ff ff ff ff ff"},
        {"a dynamic block whose symbols have no codes", "04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
                                                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"},
        {"literal/length symbol 286", "1a 03 00"},
        {"a plain text that is said to be compressed", "48 65 6c 6c 6f 20 77 6f 72 6c 64"},
        {"bytes of ones", "ff ff ff ff"},
        {"half of a message", "f2 48 cd"},
    };
    for (const auto& stream : streams) {
        wrong(stream.title, {with_rsv(text(from_hex(stream.hex)), 4)}, codes);
        wrong(std::string{stream.title} + ", byte by byte", {with_rsv(text(from_hex(stream.hex)), 4)}, codes, 1);
    }
    // What is missing at the end of a stream is easily overlooked: the next message would bring it.
    for (Case& each : group.cases)
        each.expected.not_strict_if_taken = each.title.starts_with("half") || each.title.find("breaks off") != std::string::npos;
    wrong("a text that is not UTF-8 once it is unpacked", {packed(text(from_hex("c0 af ff")))}, {1007});
    wrong("a text that is not UTF-8, after a good one", {packed(text("good")), packed(text(from_hex("ed a0 80")))}, {1007});
    group.cases.back().expected.events = {text("good")};
    // 420 KB that unpack to 64 MiB. What an endpoint does beyond its limit is its own decision.
    const std::string bomb = make_bomb();
    Expected expected = fails(1009);
    expected.free = true;
    with(group.add("a bomb: 158 bytes for each that is sent", {with_rsv(binary(bomb), 4)}, expected), usual);
    with(group.add("a bomb in frames of 100 bytes", [&] {
        std::vector<Step> steps;
        for (std::size_t at = 0; at < bomb.size(); at += 100) {
            Frame frame = at == 0 ? with_rsv(binary(""), 4) : cont("");
            frame.payload = bomb.substr(at, 100);
            frame.fin = at + 100 >= bomb.size();
            steps.push_back(frame);
        }
        return steps;
    }(), expected), usual);
    return group;
}

}  // namespace

void compression_groups(std::vector<Group>& groups) {
    for (const auto make : {offers, compression_answers, compressed_messages, wrong_streams}) groups.push_back(make());
}

}  // namespace conformance
