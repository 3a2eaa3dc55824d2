// Decompression as a machine of small steps, RFC 1951 §3.2.3 to §3.2.7. Lesson 14.
// A step takes all the bits of one thing (a header, a code length, a symbol with its extra bits) or
// none of them: where the input ends in the middle, they wait in the bit reader, and nothing else
// has to be remembered. The loop for the bulk of a stream is inflate_fast.cpp.
#include "ws/deflate/inflate.hpp"

#include <algorithm>

namespace ws::deflate {

namespace {

// §3.2.6: the same for every stream, so they are built once.
class FixedTables {
  public:
    FixedTables() {
        literals.build(fixed_literal_lengths(), literal_meanings, false);
        distances.build(fixed_distance_lengths(), distance_meanings, false);
    }

  private:
    std::array<TableEntry, 1u << 9> literal_room_;
    std::array<TableEntry, 1u << 5> distance_room_;

  public:
    DecodeTable literals{literal_room_, 9}, distances{distance_room_, 5};
};

// The entry for the code at the front of `bits`, and how many bits of it were in front of the part
// that the entry counts: those of the first table, for a code that is longer than its index.
struct Found {
    TableEntry entry;
    unsigned bits_before;
};
inline Found look_up(const DecodeTable& table, std::uint64_t bits) {
    const TableEntry entry = table[low_bits(bits, table.index_bits())];
    if ((entry & long_code_entry) == 0) return {entry, 0};
    const std::uint64_t rest = bits >> table.index_bits();
    return {table[base(entry) + low_bits(rest, code_bits(entry))], table.index_bits()};
}

// Base and extra bits together; `bits` begin with the code.
inline unsigned value(TableEntry entry, std::uint64_t bits) {
    return base(entry) + static_cast<unsigned>(low_bits(bits, all_bits(entry)) >> code_bits(entry));
}

}  // namespace

Inflater::Inflater()
    : literal_table_{literal_room_, literal_index_bits},
      distance_table_{distance_room_, distance_index_bits},
      length_code_table_{length_code_room_, max_length_code_bits} {}

Inflater::Status Inflater::run(Bytes& in, Unpacked& out, const History& before) {
    if (error_ != Errc::none) return Status::error;
    Step result = Step::go_on;
    while (result == Step::go_on) result = step(in, out, before);
    // Where input is missing, all of it has been taken: its last bits wait in the reader.
    if (result != Step::need_input) give_back(in);
    switch (result) {
        case Step::need_input: return Status::need_input;
        case Step::need_output: return Status::need_output;
        case Step::end: return Status::end;
        default: return Status::error;
    }
}

void Inflater::restart() {
    if (state_ == State::end) state_ = State::block_header;
}

// What was read ahead of a step that succeeded has come from the input at hand: the bits of earlier
// input did not suffice for that step.
void Inflater::give_back(Bytes& in) {
    const std::size_t bytes = bits_.give_back();
    in = Bytes{in.data() - bytes, in.size() + bytes};
}

Inflater::Step Inflater::step(Bytes& in, Unpacked& out, const History& before) {
    switch (state_) {
        case State::block_header: return read_block_header(in);
        case State::stored_length: return read_stored_length(in);
        case State::stored_bytes: return copy_stored(in, out);
        case State::code_counts: return read_code_counts(in);
        case State::length_code_lengths: return read_length_code_lengths(in);
        case State::code_lengths: return read_code_lengths(in);
        case State::symbols: return read_symbols(in, out, before);
        case State::match: return copy_match(out, before);
        case State::end: break;
    }
    return Step::end;
}

Inflater::Step Inflater::fail(Errc errc) {
    error_ = errc;
    return Step::error;
}

Inflater::Step Inflater::read_block_header(Bytes& in) {
    static const FixedTables fixed;
    bits_.refill(in);
    if (bits_.count() < 3) return Step::need_input;
    last_block_ = bits_.take(1) == 1;
    switch (bits_.take(2)) {
        case 0: state_ = State::stored_length; return Step::go_on;
        case 1:
            literals_ = &fixed.literals;
            distances_ = &fixed.distances;
            state_ = State::symbols;
            return Step::go_on;
        case 2: state_ = State::code_counts; return Step::go_on;
        // RFC 1951 §3.2.3: "11 - reserved (error)"
        default: return fail(Errc::reserved_block_type);
    }
}

Inflater::Step Inflater::end_block() {
    state_ = last_block_ ? State::end : State::block_header;
    if (last_block_) bits_.align();  // what follows the stream begins at a byte
    return Step::go_on;
}

Inflater::Step Inflater::read_stored_length(Bytes& in) {
    // RFC 1951 §3.2.4: "Any bits of input up to the next byte boundary are ignored."
    // (Here again after need_input, it stands on the boundary already.)
    bits_.align();
    bits_.refill(in);
    if (bits_.count() < 32) return Step::need_input;
    const std::uint32_t length = bits_.take(16);
    // RFC 1951 §3.2.4: "NLEN is the one's complement of LEN."
    if (bits_.take(16) != (length ^ 0xFFFF)) return fail(Errc::stored_length_mismatch);
    left_ = length;
    // The bytes themselves are copied from `in`: those that were read ahead go back there.
    give_back(in);
    state_ = State::stored_bytes;
    return Step::go_on;
}

Inflater::Step Inflater::copy_stored(Bytes& in, Unpacked& out) {
    const std::size_t count = std::min({left_, in.size(), out.left()});
    if (count > 0) std::memcpy(out.room.data() + out.used, in.data(), count);
    in = in.subspan(count);
    out.used += count;
    left_ -= count;
    if (left_ == 0) return end_block();
    return in.empty() ? Step::need_input : Step::need_output;
}

Inflater::Step Inflater::read_code_counts(Bytes& in) {
    bits_.refill(in);
    if (bits_.count() < 14) return Step::need_input;
    literal_count_ = static_cast<std::uint16_t>(257 + bits_.take(5));
    distance_count_ = static_cast<std::uint16_t>(1 + bits_.take(5));
    length_code_count_ = static_cast<std::uint16_t>(4 + bits_.take(4));
    // RFC 1951 §3.2.7: "5 Bits: HLIT, # of Literal/Length codes - 257 (257 - 286)"
    if (literal_count_ > 286) return fail(Errc::too_many_literal_codes);
    std::fill_n(lengths_.begin(), length_code_symbols, std::uint8_t{0});
    read_ = 0;
    state_ = State::length_code_lengths;
    return Step::go_on;
}

Inflater::Step Inflater::read_length_code_lengths(Bytes& in) {
    for (; read_ < length_code_count_; ++read_) {
        bits_.refill(in);
        if (bits_.count() < 3) return Step::need_input;
        // In an order of their own: those that are mostly 0 come last, and need not be sent (§3.2.7).
        lengths_[length_code_order[read_]] = static_cast<std::uint8_t>(bits_.take(3));
    }
    const Bytes lengths = Bytes{lengths_}.first(length_code_symbols);
    switch (length_code_table_.build(lengths, length_code_meanings, false)) {
        case CodeFault::oversubscribed: return fail(Errc::oversubscribed_code);
        case CodeFault::incomplete: return fail(Errc::incomplete_code);
        case CodeFault::none: break;
    }
    read_ = 0;
    state_ = State::code_lengths;
    return Step::go_on;
}

// A symbol is taken with its extra bits or not at all; nothing has to be remembered in between.
Inflater::Step Inflater::read_code_lengths(Bytes& in) {
    while (read_ < literal_count_ + distance_count_) {
        bits_.refill(in);
        const TableEntry entry =
            length_code_table_[low_bits(bits_.bits(), length_code_table_.index_bits())];
        const unsigned symbol = base(entry);
        const unsigned extra_bits = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
        // As in read_symbol(): with bits missing the entry may be a wrong one.
        if (all_bits(entry) + extra_bits > bits_.count()) return Step::need_input;
        bits_.drop(all_bits(entry));
        if (symbol < 16) {
            lengths_[read_++] = static_cast<std::uint8_t>(symbol);
        } else if (const Errc errc = repeat_length(symbol); errc != Errc::none) {
            return fail(errc);
        }
    }
    return begin_symbols();
}

// §3.2.7: symbol 16 copies the length before, 17 and 18 stand for zeros.
Errc Inflater::repeat_length(unsigned symbol) {
    if (symbol == 16 && read_ == 0) return Errc::no_length_to_repeat;
    const std::uint8_t length = symbol == 16 ? lengths_[read_ - 1u] : std::uint8_t{0};
    const unsigned times = symbol == 16   ? 3 + bits_.take(2)
                           : symbol == 17 ? 3 + bits_.take(3)
                                          : 11 + bits_.take(7);
    // RFC 1951 §3.2.7: "The code length repeat codes can cross from HLIT + 257 to the HDIST + 1 code
    // lengths." But not go beyond both.
    if (times > static_cast<unsigned>(literal_count_ + distance_count_ - read_))
        return Errc::too_many_lengths;
    std::fill_n(lengths_.begin() + read_, times, length);
    read_ = static_cast<std::uint16_t>(read_ + times);
    return Errc::none;
}

Inflater::Step Inflater::begin_symbols() {
    const Bytes lengths{lengths_};
    if (lengths[end_of_block] == 0) return fail(Errc::no_end_of_block);
    // RFC 1951 §3.2.7: "If only one distance code is used, it is encoded using one bit, not zero
    // bits; in this case there is a single code length of one, with one unused code. One distance
    // code of zero bits means that there are no distance codes used at all".
    for (const CodeFault fault :
         {literal_table_.build(lengths.first(literal_count_), literal_meanings, true),
          distance_table_.build(lengths.subspan(literal_count_, distance_count_), distance_meanings,
                                true)}) {
        if (fault == CodeFault::oversubscribed) return fail(Errc::oversubscribed_code);
        if (fault == CodeFault::incomplete) return fail(Errc::incomplete_code);
    }
    literals_ = &literal_table_;
    distances_ = &distance_table_;
    state_ = State::symbols;
    return Step::go_on;
}

// The fast loop stops before what it cannot do. One careful step leads beyond that.
Inflater::Step Inflater::read_symbols(Bytes& in, Unpacked& out, const History& before) {
    Step result = Step::go_on;
    while (result == Step::go_on && state_ == State::symbols) {
        if (in.size() >= input_to_spare && out.left() >= room_to_spare)
            read_symbols_fast(in, out, before);
        result = read_symbol(in, out, before);
    }
    return result;
}

// Where bits are missing, zeros stand in for them, and the entry that is found may be a wrong one. It
// is believed only when all of its bits are here.
Inflater::Step Inflater::read_symbol(Bytes& in, Unpacked& out, const History& before) {
    bits_.refill(in);
    const auto [entry, bits_before] = look_up(*literals_, bits_.bits());
    if (bits_before + all_bits(entry) > bits_.count()) return Step::need_input;
    if ((entry & no_code_entry) != 0) return fail(Errc::unassigned_code);
    if ((entry & literal_entry) != 0) {
        if (out.left() == 0) return Step::need_output;
        bits_.drop(bits_before + all_bits(entry));
        out.room[out.used++] = static_cast<std::uint8_t>(base(entry));
        return Step::go_on;
    }
    if ((entry & special_entry) != 0) {
        bits_.drop(bits_before + all_bits(entry));
        return end_block();
    }
    // On a copy: without the whole distance, none of the length has been read either.
    BitReader after = bits_;
    after.drop(bits_before);
    const unsigned length = value(entry, after.bits());
    after.drop(all_bits(entry));
    const Step result = read_distance(after, out.used + before.size(), before.window_size());
    if (result != Step::go_on) return result;
    left_ = length;
    state_ = State::match;
    return copy_match(out, before);
}

// The distance that follows a length. `after` are the bits after that, which are taken together
// with the distance's or not at all.
Inflater::Step Inflater::read_distance(BitReader after, std::size_t bytes_before,
                                       std::size_t window_size) {
    const auto [entry, bits_before] = look_up(*distances_, after.bits());
    if (bits_before + all_bits(entry) > after.count()) return Step::need_input;
    if ((entry & no_code_entry) != 0) return fail(Errc::unassigned_code);
    after.drop(bits_before);
    const unsigned distance = value(entry, after.bits());
    after.drop(all_bits(entry));
    // RFC 1951 §3.2.3: "However a distance cannot refer past the beginning of the output stream."
    // And not beyond the window that was agreed on, even where the bytes happen to be there still.
    if (distance > bytes_before || distance > window_size) return fail(Errc::distance_too_far);
    distance_ = distance;
    bits_ = after;
    return Step::go_on;
}

Inflater::Step Inflater::copy_match(Unpacked& out, const History& before) {
    // What lies before this room comes from the history.
    while (left_ > 0 && distance_ > out.used && out.left() > 0) {
        const Bytes part = before.at(distance_ - out.used, std::min(left_, out.left()));
        std::memcpy(out.room.data() + out.used, part.data(), part.size());
        out.used += part.size();
        left_ -= part.size();
    }
    // RFC 1951 §3.2.3: "Note also that the referenced string may overlap the current position".
    for (; left_ > 0 && out.left() > 0; --left_, ++out.used)
        out.room[out.used] = out.room[out.used - distance_];
    if (left_ > 0) return Step::need_output;
    state_ = State::symbols;
    return Step::go_on;
}

}  // namespace ws::deflate
