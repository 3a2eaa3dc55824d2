// Decompression: RFC 1951, all three types of blocks, from input that is cut anywhere into room
// that ends anywhere. Lesson 14. Strict: a stream that breaks a rule is an error at the first bit
// that cannot be right, and no byte outside of what was given is read or written.
// Leaves out: the frames and messages of a WebSocket (deflate/permessage); zlib and gzip wrappers.
#pragma once

#include "ws/deflate/bits.hpp"
#include "ws/deflate/history.hpp"
#include "ws/deflate/huffman.hpp"
#include "ws/error.hpp"

namespace ws::deflate {

// Room for what is decompressed. Its first `used` bytes have been written, and matches look back
// into them; so they stay where they are, or are given to History::remember() before they go.
struct Unpacked {
    MutableBytes room;
    std::size_t used = 0;

    std::size_t left() const { return room.size() - used; }
    Bytes written() const { return room.first(used); }
};

class Inflater {
  public:
    enum class Status : std::uint8_t {
        need_input,   // all input was taken
        need_output,  // the room is full, and another byte wants to be written
        end,          // the last block (BFINAL) has ended; what follows it is still in `in`
        error,        // see error(); the stream is over
    };

    Inflater();
    Inflater(const Inflater&) = delete;  // the tables stand in it
    Inflater& operator=(const Inflater&) = delete;

    // Takes bytes from the front of `in` and writes what they stand for after out.used. `before`
    // is what came before the first byte of `out`.
    Status run(Bytes& in, Unpacked& out, const History& before);

    // After `end`: another block may follow, at the next byte.
    void restart();

    // Between two blocks, at a byte boundary: here a stream may be cut, or end without a last
    // block.
    bool between_blocks() const { return state_ == State::block_header && bits_.count() == 0; }

    // The rule that the stream broke.
    Errc error() const { return error_; }

  private:
    enum class State : std::uint8_t {
        block_header,
        stored_length,
        stored_bytes,
        code_counts,
        length_code_lengths,
        code_lengths,
        symbols,
        match,  // a part of a match is still to be copied
        end,
    };
    // What a step came to: on to the next one, or a reason to return.
    enum class Step : std::uint8_t { go_on, need_input, need_output, end, error };

    // What the fast loop wants: two times eight bytes are loaded in a turn, and three literals and
    // the longest match written, which may be copied up to 32 bytes too far.
    static constexpr std::size_t input_to_spare = 16;
    static constexpr std::size_t room_to_spare = 3 + max_match + 32;

    Step step(Bytes& in, Unpacked& out, const History& before);
    Step read_block_header(Bytes& in);
    Step read_stored_length(Bytes& in);
    Step copy_stored(Bytes& in, Unpacked& out);
    Step read_code_counts(Bytes& in);
    Step read_length_code_lengths(Bytes& in);
    Step read_code_lengths(Bytes& in);
    Errc repeat_length(unsigned symbol);
    Step begin_symbols();
    Step read_symbols(Bytes& in, Unpacked& out, const History& before);
    Step read_symbol(Bytes& in, Unpacked& out, const History& before);
    Step read_distance(BitReader after, std::size_t bytes_before, std::size_t window_size);
    void read_symbols_fast(Bytes& in, Unpacked& out, const History& before);
    Step copy_match(Unpacked& out, const History& before);
    Step end_block();
    Step fail(Errc errc);
    void give_back(Bytes& in);

    State state_ = State::block_header;
    bool last_block_ = false;
    Errc error_ = Errc::none;
    BitReader bits_;
    std::size_t left_ = 0;      // bytes of a stored block or of a match
    std::size_t distance_ = 0;  // of that match

    // The codes of a dynamic block, while they are read.
    std::uint16_t literal_count_ = 0, distance_count_ = 0;
    std::uint16_t length_code_count_ = 0, read_ = 0;
    std::array<std::uint8_t, 288 + 32> lengths_;

    const DecodeTable* literals_ = nullptr;   // of the block at hand: the fixed ones,
    const DecodeTable* distances_ = nullptr;  // or those below
    DecodeTable literal_table_, distance_table_, length_code_table_;
    std::array<TableEntry, literal_table_size> literal_room_;
    std::array<TableEntry, distance_table_size> distance_room_;
    std::array<TableEntry, length_code_table_size> length_code_room_;
};

}  // namespace ws::deflate
