// Which matches are taken, RFC 1951 §4: the first that is found, or a better one a byte later.
// Lesson 14. The levels differ in how far they follow a chain and when they are content.
// Leaves out: how a match is found (matcher), and how it is written (blocks).
#include "ws/deflate/deflate.hpp"

#include <cassert>

namespace ws::deflate {

namespace {

constexpr std::size_t patience = 256;      // positions without a match
constexpr std::size_t forgiven = 32;       // of them, for a match of three bytes
constexpr std::size_t most_given_up = 16;  // at a time

}  // namespace

const Deflater::Level& Deflater::level(int number) {
    // Is a better match waited for, which length is enough, and how hard is one looked for?
    static constexpr auto levels = std::to_array<Level>({
        {false, 4, {.chain = 3, .nice = 8, .good = 4}},
        {false, 5, {.chain = 8, .nice = 16, .good = 4}},
        {false, 6, {.chain = 32, .nice = 32, .good = 4}},
        {true, 4, {.chain = 16, .nice = 16, .good = 4}},
        {true, 16, {.chain = 32, .nice = 32, .good = 8}},
        {true, 16, {.chain = 128, .nice = 128, .good = 8}},
        {true, 32, {.chain = 256, .nice = 128, .good = 8}},
        {true, 128, {.chain = 1024, .nice = 258, .good = 32}},
        {true, 258, {.chain = 4096, .nice = 258, .good = 32}},
    });
    assert(number >= min_level && number <= max_level);
    return levels[static_cast<std::size_t>(number - min_level)];
}

Deflater::Deflater(unsigned window_bits, int number)
    : level_{level(number)}, matcher_{window_bits, level_.effort} {}

void Deflater::compress(Bytes data, Buffer& out, Blocks& blocks) {
    Bytes to_fill = data;
    misses_ = 0;
    Held held;
    for (bool all = false; !all;) {
        all = matcher_.fill(to_fill);
        // While more is to come, a match may be longer than what is here shows.
        const std::size_t stop = all ? 0 : Matcher::lookahead;
        while (matcher_.ahead() > stop) {
            if (level_.lazy)
                take_better(stop, blocks, held);
            else
                take_first(stop, blocks);
            if (!blocks.full()) continue;
            // Of what was filled in, all but what lies ahead, and the byte that is held back.
            const std::size_t done =
                data.size() - to_fill.size() - matcher_.ahead() - (held.byte ? 1 : 0);
            blocks.write(out, data.first(done));
            data = data.subspan(done);
        }
    }
    // No better match can come any more.
    if (held.byte) blocks.literal(matcher_.next()[-1]);
    if (!blocks.empty()) blocks.write(out, data);
    blocks.flush(out);
}

void Deflater::take_first(std::size_t stop, Blocks& blocks) {
    while (matcher_.ahead() > stop && !blocks.full()) {
        const Match match = matcher_.find(min_match - 1);
        if (match.length == 0) {
            blocks.literal(matcher_.next()[-1]);
            if (++misses_ > patience) give_up_for_a_while(stop, blocks);
            continue;
        }
        forgive_misses(match.length);
        blocks.match(match.length, match.distance);
        // The inside of a long match is not remembered: where it was found, it is known already.
        if (match.length <= level_.enough)
            matcher_.pass(match.length - 1);
        else
            matcher_.skip(match.length - 1);
    }
}

// A match is taken when the next position has no longer one; else a literal is written for its
// first byte, and the longer one waits in its place.
void Deflater::take_better(std::size_t stop, Blocks& blocks, Held& held) {
    while (matcher_.ahead() > stop && !blocks.full()) {
        Match here;
        if (held.match.length < level_.enough)
            here = matcher_.find(std::max<unsigned>(held.match.length, min_match - 1));
        else
            matcher_.pass(1);
        // Two bytes of the match that was held back are behind us: its first, and the one just looked at.
        if (held.match.length > 0 && here.length == 0) {
            blocks.match(held.match.length, held.match.distance);
            matcher_.pass(held.match.length - 2);
            forgive_misses(held.match.length);
            held = {};
            continue;
        }
        if (held.byte) blocks.literal(matcher_.next()[-2]);
        held = {true, here};
        if (here.length == 0 && ++misses_ > patience && !blocks.full()) {
            blocks.literal(matcher_.next()[-1]);
            held = {};
            give_up_for_a_while(stop, blocks);
        }
    }
}

// Three bytes are found again in random ones, too, now and then.
void Deflater::forgive_misses(unsigned length) {
    misses_ -= length > min_match ? misses_ : std::min(misses_, forgiven);
}

// Nothing has been found for long: these bytes may be random, or compressed already. The longer it
// has been, the more of them are written without a look.
void Deflater::give_up_for_a_while(std::size_t stop, Blocks& blocks) {
    const std::size_t most = std::min(matcher_.ahead() - stop, blocks.left());
    const std::size_t count = std::min(std::min(misses_ / patience, most_given_up), most);
    for (std::size_t i = 0; i < count; ++i) blocks.literal(matcher_.next()[i]);
    matcher_.pass(count);
}

}  // namespace ws::deflate
