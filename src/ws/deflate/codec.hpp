// permessage-deflate at work: messages compressed and decompressed, RFC 7692 §7.2. Lesson 14.
// What a connection keeps between two messages is its context, where context takeover was agreed
// on, and nothing otherwise; all that is needed in between is shared by the connections of a
// thread. Leaves out: frames and their RSV1 (ws/receiver, ws/sender), and the negotiation
// (permessage).
#pragma once

#include <vector>
#include <memory>

#include "ws/deflate/deflate.hpp"
#include "ws/deflate/inflate.hpp"
#include "ws/deflate/permessage.hpp"
#include "ws/extension.hpp"
#include "ws/frame.hpp"
#include "ws/sender.hpp"
#include "ws/utf8.hpp"

namespace ws::deflate {

struct CodecOptions {
    Terms terms{};
    int level = usual_level;
    // Shorter messages are sent as they are: there is little to save, and it takes time.
    std::size_t threshold = 64;
};

// What the connections of one thread share: each for the time of a call, and for a message that
// comes in one read. Nothing of theirs stays in it.
class Workspace {
  public:
    Blocks& blocks();
    // For messages that stand for themselves. Forgotten after each.
    Deflater& deflater(unsigned window_bits, int level);
    // An empty buffer for a compressed message; lives until the next call.
    Buffer& packed();
    // Room to decompress into, lent and given back.
    Buffer take_room();
    void give_back(Buffer&& room);

  private:
    std::unique_ptr<Blocks> blocks_;
    std::array<std::unique_ptr<Deflater>, max_window_bits + 1> deflaters_;
    Buffer packed_, room_;
};

// What two connections have in common, if they have agreed on the same. One object for each such
// agreement, so that a comparison of addresses tells.
struct Agreement {
    Workspace& workspace;
    Role role;
    Terms terms;
    CodecOptions options;

    bool we_take_over() const {
        return !(role == Role::server ? terms.server_no_context_takeover
                                      : terms.client_no_context_takeover);
    }
    bool peer_takes_over() const {
        return !(role == Role::server ? terms.client_no_context_takeover
                                      : terms.server_no_context_takeover);
    }
    unsigned our_bits() const {
        return role == Role::server ? terms.server_max_window_bits : terms.client_max_window_bits;
    }
    unsigned peer_bits() const {
        return role == Role::server ? terms.client_max_window_bits : terms.server_max_window_bits;
    }
};

// One connection's part.
class Codec : public Extension {
  public:
    // `agreement` outlives it.
    explicit Codec(const Agreement& agreement) : agreement_{agreement} {}

    Outgoing send(Bytes data, bool first, bool last) override;
    Bytes frame_of(const PreparedMessage& message) override;
    void take(const Incoming& part) override;
    Part next(bool pieces) override;
    void release() override;

    const Agreement& agreement() const { return agreement_; }

  private:
    // A message that is being decompressed.
    struct Unpacking {
        Inflater inflater;
        Incoming part{};
        Bytes tail{};  // what is left of the bytes that end every message
        Buffer copy;   // of the part, when it is handed out in pieces,
        const std::uint8_t* copied_to = nullptr;  // and where the rest of it begins
        Buffer room;                              // that `out` is in
        Unpacked out{};                             // the message, or its piece at hand
        std::uint64_t before = 0;                 // bytes in the pieces before
        Utf8Validator utf8;
        bool handed_out = false;  // `out` was
        bool complete = false;
    };
    // What there is only while it is needed.
    struct State {
        std::unique_ptr<Deflater> deflater;  // with context takeover, from the first message on
        History history;                     // of what the peer has sent
        std::unique_ptr<Unpacking> unpacking;
    };

    State& state();
    Buffer& compress(Deflater& deflater, Bytes data);
    Part unpack(Unpacking& message, bool pieces);
    Part part_ended(Unpacking& message, bool pieces);
    Part piece(Unpacking& message);
    void limit_room(Unpacking& message);
    bool grow(Unpacking& message);
    void shrink(Unpacking& message);

    const Agreement& agreement_;
    std::unique_ptr<State> state_;
};

// permessage-deflate for an endpoint. With Sharing::one_thread all of its connections are used by
// one thread, and share one workspace; otherwise each brings its own.
class PermessageDeflate final : public Extensions {
  public:
    enum class Sharing : std::uint8_t { one_thread, none };
    explicit PermessageDeflate(const CodecOptions& options, Sharing sharing = Sharing::none);

    std::string offer() const override;
    std::unique_ptr<Extension> accept(std::span<const std::string_view> answered) override;
    std::unique_ptr<Extension> choose(std::span<const std::string_view> offers,
                                      std::string& answer) override;

  private:
    std::unique_ptr<Extension> make(Role role, const Terms& terms);

    CodecOptions options_;
    Sharing sharing_;
    Workspace workspace_;
    std::vector<std::unique_ptr<Agreement>> agreements_;
};

}  // namespace ws::deflate
