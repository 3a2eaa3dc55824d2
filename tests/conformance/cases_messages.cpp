// Messages of several frames, and texts: RFC 6455 §5.4 and §8.1. The sequences of bytes are those that
// RFC 3629 §4 tells apart: each boundary, each kind of error, each place at which a text can be cut.
#include "tests/conformance/cases.hpp"

namespace conformance {

namespace {

// A message in frames of `size` bytes, with `between` after each but the last.
std::vector<Step> fragments(const Frame& message, std::size_t size, const std::vector<Frame>& between = {}) {
    const std::string all = message.payload.all();
    std::vector<Step> steps;
    for (std::size_t at = 0; at < all.size(); at += size) {
        Frame frame = at == 0 ? message : cont("");
        frame.payload = all.substr(at, size);
        frame.fin = at + size >= all.size();
        steps.push_back(frame);
        if (!frame.fin) steps.insert(steps.end(), between.begin(), between.end());
    }
    return steps;
}

Group fragmentation() {
    Group group{"6", "fragmentation", "§5.4"};
    for (const Frame& whole : {text("fragmented"), binary("fragmented")}) {
        const std::string kind = whole.opcode == text_opcode ? "text" : "binary";
        Frame start = unfinished(whole);
        start.payload = "frag";
        for (const std::size_t chop : {0u, 1u}) {
            const std::string how = chop == 1 ? ", byte by byte" : "";
            const auto add = [&](const std::string& title, std::vector<Step> steps, Expected expected) {
                group.add(kind + title + how, std::move(steps), std::move(expected)).chop = chop;
            };
            add(" in two frames", fragments(whole, 5), echoes({whole}));
            add(" in frames of one byte", fragments(whole, 1), echoes({whole}));
            add(" with a ping in between", fragments(whole, 5, {ping("p")}), echoes({pong("p"), whole}));
            add(" with an unasked pong in between", fragments(whole, 5, {pong("p")}), echoes({whole}));
            add(" with nine pings in between", fragments(whole, 1, {ping("p")}),
                echoes({pong("p"), pong("p"), pong("p"), pong("p"), pong("p"), pong("p"), pong("p"), pong("p"),
                        pong("p"), whole}));
            add(": a new message before the last frame", {start, text("new")}, fails(1002));
            add(": a new fragmented message before the last frame", {start, unfinished(binary("new")), cont("")},
                fails(1002));
            add(" that ends by a Close", {start, close(1000), cont("mented")}, echoes({close(1000)}));
        }
        Frame empty_start = start;
        empty_start.payload = "";
        Frame empty = whole;
        empty.payload = "";
        const Frame rest = unfinished(cont("rest"));
        Frame with_rest = whole;
        with_rest.payload = "rest";
        group.add(kind + ": all frames are empty", {empty_start, unfinished(cont("")), cont("")}, echoes({empty}));
        group.add(kind + ": the first frame is empty", {empty_start, cont("rest")}, echoes({with_rest}));
        group.add(kind + ": the last frame is empty", {start, cont("")},
                  echoes({{.opcode = whole.opcode, .payload = "frag"}}));
        group.add(kind + ": only the middle frame holds something", {empty_start, rest, cont("")}, echoes({with_rest}));
        group.add(kind + ": two fragmented messages", {start, cont("ile"), empty_start, cont("rest")},
                  echoes({{.opcode = whole.opcode, .payload = "fragile"}, with_rest}));
    }
    const Frame good = text("before");
    group.add("a continuation without a beginning", {cont("x")}, fails(1002));
    group.add("an unfinished continuation without a beginning", {unfinished(cont("x"))}, fails(1002));
    group.add("an empty continuation without a beginning", {cont("")}, fails(1002));
    group.add("a continuation after a whole message", {good, cont("x"), ping("")}, fails(1002, {good}));
    group.add("a continuation after the last frame", {unfinished(text("be")), cont("fore"), cont("x")},
              fails(1002, {good}));
    group.add("a thousand empty frames, then the last", [] {
        std::vector<Step> steps{unfinished(text("a"))};
        for (int i = 0; i < 1000; ++i) steps.push_back(unfinished(cont("")));
        steps.push_back(cont("b"));
        return steps;
    }(), echoes({text("ab")}));
    return group;
}

struct Sample {
    const char* title;
    const char* hex;
};

constexpr Sample valid[] = {
    {"ASCII", "48 65 6c 6c 6f"},
    {"NUL", "00"},
    {"U+007F", "7f"},
    {"U+0080, the first of two bytes", "c2 80"},
    {"U+07FF, the last of two bytes", "df bf"},
    {"U+0800, the first of three bytes", "e0 a0 80"},
    {"U+FFFF, the last of three bytes", "ef bf bf"},
    {"U+10000, the first of four bytes", "f0 90 80 80"},
    {"U+10FFFF, the last of all", "f4 8f bf bf"},
    {"U+D7FF, before the surrogates", "ed 9f bf"},
    {"U+E000, after the surrogates", "ee 80 80"},
    {"U+FFFD, the replacement character", "ef bf bd"},
    {"U+FFFE, no character", "ef bf be"},
    {"U+FDD0, no character", "ef b7 90"},
    {"U+1FFFE, no character", "f0 9f bf be"},
    {"U+2FFFF, no character", "f0 af bf bf"},
    {"U+3FFFE, no character", "f0 bf bf be"},
    {"U+4FFFF, no character", "f1 8f bf bf"},
    {"U+FFFFE, no character", "f3 bf bf be"},
    {"U+10FFFE, no character", "f4 8f bf be"},
    {"U+FEFF, a byte order mark", "ef bb bf"},
    {"Greek", "ce ba e1 bd b9 cf 83 ce bc ce b5"},
    {"Japanese", "e6 97 a5 e6 9c ac e8 aa 9e"},
    {"emoji that are joined", "f0 9f 91 a9 e2 80 8d f0 9f 92 bb"},
    {"one to four bytes", "24 c2 a2 e2 82 ac f0 90 8d 88"},
};

constexpr Sample invalid[] = {
    {"80, a continuation alone", "80"},
    {"BF, a continuation alone", "bf"},
    {"two continuations", "80 bf"},
    {"six continuations", "80 bf 80 bf 80 bf"},
    {"C2 and a space", "c2 20"},
    {"DF and a space", "df 20"},
    {"E0 and a space", "e0 20"},
    {"EF and a space", "ef 20"},
    {"F0 and a space", "f0 20"},
    {"F4 and a space", "f4 20"},
    {"two bytes, the last is missing", "c2"},
    {"three bytes, the last is missing", "e2 82"},
    {"three bytes, two are missing", "e2"},
    {"four bytes, the last is missing", "f0 90 8d"},
    {"four bytes, two are missing", "f0 90"},
    {"four bytes, three are missing", "f0"},
    {"three bytes, the last is another's first", "e2 82 c2 a2"},
    {"FE", "fe"},
    {"FF", "ff"},
    {"FE FE FF FF", "fe fe ff ff"},
    {"C0 AF, a '/' in two bytes", "c0 af"},
    {"C1 BF, U+007F in two bytes", "c1 bf"},
    {"E0 80 AF, a '/' in three bytes", "e0 80 af"},
    {"E0 9F BF, U+07FF in three bytes", "e0 9f bf"},
    {"F0 80 80 AF, a '/' in four bytes", "f0 80 80 af"},
    {"F0 8F BF BF, U+FFFF in four bytes", "f0 8f bf bf"},
    {"F8 80 80 80 AF, five bytes", "f8 80 80 80 af"},
    {"FC 80 80 80 80 AF, six bytes", "fc 80 80 80 80 af"},
    {"C0 80, NUL in two bytes", "c0 80"},
    {"E0 80 80, NUL in three bytes", "e0 80 80"},
    {"F0 80 80 80, NUL in four bytes", "f0 80 80 80"},
    {"ED A0 80, the first surrogate", "ed a0 80"},
    {"ED AF BF, the last high surrogate", "ed af bf"},
    {"ED B0 80, the first low surrogate", "ed b0 80"},
    {"ED BF BF, the last surrogate", "ed bf bf"},
    {"a pair of surrogates", "ed a0 80 ed b0 80"},
    {"F4 90 80 80, U+110000", "f4 90 80 80"},
    {"F5 80 80 80", "f5 80 80 80"},
    {"F7 BF BF BF", "f7 bf bf bf"},
    {"good text with one wrong byte", "ce ba e1 bd b9 cf 83 ff ce b5"},
};

Group valid_texts() {
    Group group{"7", "texts that are UTF-8", "§5.6, §8.1"};
    for (const Sample& sample : valid) {
        const std::string bytes = from_hex(sample.hex);
        group.add(sample.title, {text(bytes)}, echoes({text(bytes)}));
    }
    // Every place at which four characters of one to four bytes can be cut.
    const std::string all = from_hex("24 c2 a2 e2 82 ac f0 90 8d 88");
    for (std::size_t cut = 1; cut < all.size(); ++cut)
        group.add("cut after byte " + std::to_string(cut) + " of ten",
                  {unfinished(text(all.substr(0, cut))), cont(all.substr(cut))}, echoes({text(all)}));
    group.add("a frame for each byte", fragments(text(all), 1), echoes({text(all)}));
    group.add("a frame for each byte, with pings in between", fragments(text(all), 1, {ping("")}),
              echoes({pong(""), pong(""), pong(""), pong(""), pong(""), pong(""), pong(""), pong(""), pong(""), text(all)}));
    group.add("a segment for each byte", {text(all)}, echoes({text(all)})).chop = 1;
    group.add("10,000 characters of three bytes in frames of 1,000 bytes", fragments(text({"\xE2\x82\xAC", 10000}), 1000),
              echoes({text({"\xE2\x82\xAC", 10000})}));
    group.add("a character that is cut by an empty frame",
              {unfinished(text(all.substr(0, 7))), unfinished(cont("")), cont(all.substr(7))}, echoes({text(all)}));
    group.add("in a binary message anything goes", {binary(from_hex("c0 af ed a0 80 ff"))},
              echoes({binary(from_hex("c0 af ed a0 80 ff"))}));
    return group;
}

Group invalid_texts() {
    Group group{"8", "texts that are not UTF-8", "§8.1"};
    for (const Sample& sample : invalid) {
        const std::string bytes = from_hex(sample.hex);
        group.add(sample.title, {text(bytes)}, fails(1007));
    }
    for (const Sample& sample : {invalid[0], invalid[11], invalid[20], invalid[31], invalid[36], invalid[39]}) {
        const std::string bytes = from_hex(sample.hex);
        const std::string title = sample.title;
        group.add(title + ", a segment for each byte", {text(bytes)}, fails(1007)).chop = 1;
        group.add(title + ", after good text", {text("good, then " + bytes)}, fails(1007));
        group.add(title + ", after a good message", {text("good"), text(bytes), ping("")}, fails(1007, {text("good")}));
        group.add(title + ", in the last of two frames", {unfinished(text("good, then ")), cont(bytes)}, fails(1007));
        if (bytes.size() > 1) group.add(title + ", a frame for each byte", fragments(text(bytes), 1), fails(1007));
        group.add(title + ", after 70,000 good characters", {text(std::string(70000, 'x') + bytes)}, fails(1007));
    }
    return group;
}

// The first wrong byte has been sent, and the message goes on: an endpoint can fail the connection now.
Group fail_fast() {
    Group group{"9", "texts that are wrong before their end", "§8.1"};
    const auto at_once = [&](const std::string& title, const std::string& begin, const std::string& rest) {
        group.add("in a frame that goes on: " + title,
                  {unfinished(text(begin)), soon(), cont(rest)}, fails(1007));
        group.add("within a frame: " + title, {interrupted(text(begin + rest), rest.size())}, fails(1007));
    };
    at_once("a byte that can begin nothing", "good " + from_hex("ff"), "more");
    at_once("a continuation alone", "good " + from_hex("80"), "more");
    at_once("a surrogate, known by its second byte", "good " + from_hex("ed a0"), from_hex("80") + "more");
    at_once("too large, known by its second byte", "good " + from_hex("f4 90"), from_hex("80 80") + "more");
    at_once("too long a form, known by its first byte", "good " + from_hex("c0"), from_hex("af") + "more");
    at_once("too long a form, known by its second byte", "good " + from_hex("f0 80"), from_hex("80 af") + "more");
    at_once("a character that breaks off", "good " + from_hex("e2 82") + "x", "more");
    at_once("after a long good part", std::string(20000, 'x') + from_hex("ff"), "more");
    group.add("a good beginning of a character waits for the rest",
              {unfinished(text(from_hex("f4 8f"))), cont(from_hex("bf bf"))}, echoes({text(from_hex("f4 8f bf bf"))}));
    return group;
}

}  // namespace

void message_groups(std::vector<Group>& groups) {
    for (const auto make : {fragmentation, valid_texts, invalid_texts, fail_fast}) groups.push_back(make());
}

}  // namespace conformance
