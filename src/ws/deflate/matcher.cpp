// Hash chains over a window that slides, RFC 1951 §4. Lesson 14.
// Where four bytes stood before, the chain of all places with their hash says, the newest first.
// Matches of three bytes are found through a table of their own, which knows only the newest.
#include "ws/deflate/matcher.hpp"

#include <bit>

#include "ws/deflate/bits.hpp"

namespace ws::deflate {

namespace {

// Bytes after the data that may be loaded, and mean nothing.
constexpr std::size_t padding = 8;
constexpr std::size_t positions = 1u << 16;
constexpr unsigned most_three_hash_bits = 12;
// A match of three bytes from further away costs more than three literals.
constexpr std::size_t most_distance_of_three = 4096;

constexpr std::size_t most_distance(std::size_t window_size) {
    return std::min(window_size, positions / 2 - Matcher::lookahead);
}
// Room for the window, for as much that is compressed before it slides, and for what lies ahead.
constexpr std::size_t room(std::size_t window_size) {
    return std::min(2 * window_size + Matcher::lookahead, positions);
}

// 2^32 divided by the golden ratio: the upper bits of the product are spread well.
unsigned hash_of(std::uint32_t bytes, unsigned bits) { return bytes * 0x9E3779B1u >> (32 - bits); }
std::uint32_t first_four(const std::uint8_t* bytes) {
    return static_cast<std::uint32_t>(load_le64(bytes));
}
std::uint32_t first_three(std::uint32_t four) { return four << 8; }

// How many bytes are the same at both places, at most `most`.
unsigned common(const std::uint8_t* a, const std::uint8_t* b, unsigned most) {
    unsigned length = 0;
    while (length < most) {
        const std::uint64_t different = load_le64(a + length) ^ load_le64(b + length);
        if (different != 0)
            return std::min(length + static_cast<unsigned>(std::countr_zero(different)) / 8, most);
        length += 8;
    }
    return most;
}

// In parts of a fixed size, which the compiler turns into a few instructions each.
void subtract(std::vector<std::uint16_t>& table, std::size_t count) {
    constexpr std::size_t part = 64;
    const auto less = static_cast<std::uint16_t>(count);
    assert(table.size() % part == 0);
    for (std::size_t begin = 0; begin < table.size(); begin += part) {
        std::uint16_t* const positions_of_part = table.data() + begin;
        for (std::size_t i = 0; i < part; ++i)
            positions_of_part[i] =
                static_cast<std::uint16_t>(std::max(positions_of_part[i], less) - less);
    }
}

}  // namespace

Matcher::Matcher(unsigned window_bits, const Effort& effort)
    : effort_{effort},
      window_size_{std::size_t{1} << window_bits},
      most_distance_{most_distance(window_size_)},
      hash_bits_{window_bits},
      three_hash_bits_{std::min(window_bits, most_three_hash_bits)},
      window_(room(window_size_) + padding),
      heads_(std::size_t{1} << hash_bits_),
      heads_of_three_(std::size_t{1} << three_hash_bits_),
      chain_(window_size_) {}

std::size_t Matcher::memory_for(unsigned window_bits) {
    const std::size_t size = std::size_t{1} << window_bits;
    return room(size) + padding +
           sizeof(std::uint16_t) *
               (2 * size + (std::size_t{1} << std::min(window_bits, most_three_hash_bits)));
}

bool Matcher::fill(Bytes& data) {
    if (position_ >= window_size_ + most_distance_) slide();
    const std::size_t count = std::min(window_.size() - padding - end_, data.size());
    if (count > 0) std::memcpy(window_.data() + end_, data.data(), count);
    end_ += count;
    data = data.subspan(count);
    return data.empty();
}

// What is too far back goes; the rest moves down by the window's size, so that a position keeps its
// place in the chain.
void Matcher::slide() {
    std::memmove(window_.data(), window_.data() + window_size_, end_ - window_size_);
    position_ -= window_size_;
    end_ -= window_size_;
    oldest_ = oldest_ > window_size_ ? oldest_ - window_size_ : 1;
    subtract(heads_, window_size_);
    subtract(heads_of_three_, window_size_);
    subtract(chain_, window_size_);
}

inline void Matcher::remember(std::uint32_t four) {
    const auto position = static_cast<std::uint16_t>(position_);
    std::uint16_t& head = heads_[hash_of(four, hash_bits_)];
    chain_[position_ & (window_size_ - 1)] = head;
    head = position;
    heads_of_three_[hash_of(first_three(four), three_hash_bits_)] = position;
}

void Matcher::pass(std::size_t count) {
    const std::size_t end = position_ + count;
    // The last three positions have no four bytes yet.
    for (const std::size_t stop = std::min(end, end_ - std::min<std::size_t>(end_, 3));
         position_ < stop; ++position_)
        remember(first_four(next()));
    position_ = end;
}

inline Match Matcher::find_three(std::uint32_t four, std::size_t oldest) const {
    const std::size_t place = heads_of_three_[hash_of(first_three(four), three_hash_bits_)];
    const std::size_t distance = position_ - place;
    if (place < oldest || distance > most_distance_of_three ||
        first_three(first_four(window_.data() + place)) != first_three(four))
        return {};
    return {min_match, static_cast<std::uint32_t>(distance)};
}

Match Matcher::find(unsigned shortest) {
    if (ahead() < 4) {
        skip(1);
        return {};
    }
    const std::uint8_t* const here = next();
    const auto most = static_cast<unsigned>(std::min<std::size_t>(ahead(), max_match));
    const std::uint32_t four = first_four(here);
    // Older places are beyond the window; chains lead to them, too, until they are overwritten.
    const std::size_t oldest =
        position_ > oldest_ + most_distance_ ? position_ - most_distance_ : oldest_;

    // Of the best match. Two halves of one register in memory, as a Match would have them, cost a
    // fifth of the time at level 1: they are written apart, and read as one too early.
    std::size_t length = 0, distance = 0;
    unsigned known = std::max(shortest, 3u);  // more than that is wanted
    // With a good one at hand a better one is worth less.
    unsigned tries = known >= effort_.good ? effort_.chain / 4 : effort_.chain;
    std::size_t candidate = heads_[hash_of(four, hash_bits_)];
    std::uint32_t wanted = first_four(here + known - 3);
    for (; candidate >= oldest && known < most && tries > 0; --tries) {
        const std::uint8_t* const there = window_.data() + candidate;
        // A longer match has the same byte at `known`, and the three before it.
        if (first_four(there + known - 3) == wanted) {
            if (const unsigned same = common(here, there, most); same > known) {
                length = known = same;
                distance = position_ - candidate;
                if (known >= effort_.nice) break;
                wanted = first_four(here + known - 3);
            }
        }
        candidate = chain_[candidate & (window_size_ - 1)];
    }
    const Match three = length == 0 && shortest < min_match ? find_three(four, oldest) : Match{};
    remember(four);
    skip(1);
    if (length == 0) return three;
    return {static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(distance)};
}

}  // namespace ws::deflate
