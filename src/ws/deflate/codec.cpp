// Messages in and out, RFC 7692 §7.2.1 and §7.2.2. Lesson 14.
// A message that arrives in one read borrows the room that it is decompressed into, and gives it
// back; one that takes longer has memory of its own, in proportion to what has been decompressed.
#include "ws/deflate/codec.hpp"

#include <algorithm>
#include <utility>

namespace ws::deflate {

namespace {

// What is kept for the next message, and what a piece is at most.
constexpr std::size_t room_bytes = 64 * 1024;
constexpr std::size_t most_kept = 1 << 20;
constexpr std::size_t least_room = 1024;

}  // namespace

Blocks& Workspace::blocks() {
    if (!blocks_) blocks_ = std::make_unique<Blocks>();
    return *blocks_;
}

Deflater& Workspace::deflater(unsigned window_bits, int level) {
    std::unique_ptr<Deflater>& deflater = deflaters_[window_bits];
    if (!deflater) deflater = std::make_unique<Deflater>(window_bits, level);
    return *deflater;
}

Buffer& Workspace::packed() {
    // One large message does not keep its memory for ever.
    if (packed_.capacity() > most_kept) packed_ = Buffer{};
    packed_.clear();
    return packed_;
}

Buffer Workspace::take_room() {
    Buffer room = std::move(room_);
    room_ = Buffer{};
    if (room.empty()) room.resize(room_bytes);
    return room;
}

void Workspace::give_back(Buffer&& room) {
    if (room.size() >= room_bytes && room.size() <= most_kept) room_ = std::move(room);
    room = Buffer{};
}

Codec::State& Codec::state() {
    if (!state_)
        state_ = std::make_unique<State>(
            State{.deflater = {}, .history = History{agreement_.peer_bits()}, .unpacking = {}});
    return *state_;
}

// --- sending -------------------------------------------------------------------------------------

Buffer& Codec::compress(Deflater& deflater, Bytes data) {
    Buffer& packed = agreement_.workspace.packed();
    deflater.compress(data, packed, agreement_.workspace.blocks());
    return packed;
}

// What would become larger leaves as it was; but not with takeover, for then our window has it already,
// and the peer's would not.
Extension::Outgoing Codec::send(Bytes data, bool first, bool last) {
    const CodecOptions& options = agreement_.options;
    const bool whole = first && last;
    // What leaves as it is enters no window, ours or the peer's.
    if (whole && data.size() < options.threshold) return {data};
    Deflater* deflater = &agreement_.workspace.deflater(agreement_.our_bits(), options.level);
    if (agreement_.we_take_over()) {
        std::unique_ptr<Deflater>& own = state().deflater;
        if (!own) own = std::make_unique<Deflater>(agreement_.our_bits(), options.level);
        deflater = own.get();
    }
    Buffer& packed = compress(*deflater, data);
    if (!agreement_.we_take_over()) {
        // Also between two fragments: others may use it before the next one.
        deflater->forget();
        if (whole && packed.size() >= data.size()) return {data};
    }
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end." Of the
    // message: within it, they stay.
    if (!last) append(packed, flush_tail);
    return {packed, rsv1};
}

// Compressed once, with no reference to earlier messages, for all whose windows are as large. What
// a connection has sent before is then forgotten as well: where its peer's window has these bytes,
// and ours has not, distances would be counted differently.
Bytes Codec::frame_of(const PreparedMessage& message) {
    if (agreement_.role == Role::client || message.data().size() < agreement_.options.threshold)
        return {};
    Deflater& shared =
        agreement_.workspace.deflater(agreement_.our_bits(), agreement_.options.level);
    const Buffer* frame = message.variant(&shared);
    if (frame == nullptr) {
        const Bytes packed = compress(shared, message.data());
        shared.forget();
        Buffer made;
        if (packed.size() < message.data().size())
            append_frame(made, {.rsv = rsv1, .opcode = message.opcode()}, packed);
        frame = &message.add_variant(&shared, std::move(made));
    }
    // Empty: it would have become larger, and leaves as it was, outside of all windows.
    if (!frame->empty() && state_ && state_->deflater) state_->deflater->forget();
    return *frame;
}

// --- receiving -----------------------------------------------------------------------------------

void Codec::take(const Incoming& part) {
    std::unique_ptr<Unpacking>& unpacking = state().unpacking;
    if (!unpacking) unpacking = std::make_unique<Unpacking>();
    unpacking->part = part;
    // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of
    // the message."
    if (part.last) unpacking->tail = flush_tail;
}

Extension::Part Codec::next(bool pieces) {
    Unpacking& message = *state_->unpacking;
    if (message.handed_out) {
        // Later pieces may refer to this one.
        state_->history.remember(message.out.written());
        message.before += message.out.used;
        message.out.used = 0;
        message.handed_out = false;
    }
    if (message.room.empty()) {
        message.room = agreement_.workspace.take_room();
        message.out.used = 0;
    }
    limit_room(message);
    return unpack(message, pieces);
}

// No byte is decompressed that would be one too many.
void Codec::limit_room(Unpacking& message) {
    const std::uint64_t left = message.part.most - std::min(message.part.most, message.before);
    message.out.room = MutableBytes{message.room}.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(message.room.size(), left)));
    message.out.used = std::min(message.out.used, message.out.room.size());
}

Extension::Part Codec::unpack(Unpacking& message, bool pieces) {
    for (;;) {
        // The four bytes that its sender left out follow as if they had been sent.
        Bytes& in = message.part.payload.empty() ? message.tail : message.part.payload;
        const std::size_t before = message.out.used;
        const Inflater::Status status = message.inflater.run(in, message.out, state_->history);
        if (message.part.text && !message.utf8.feed(message.out.written().subspan(before)))
            return {.kind = Part::error, .errc = Errc::invalid_utf8};
        switch (status) {
            case Inflater::Status::need_input:
                // It has taken all of the one; now the other.
                if (message.tail.empty()) return part_ended(message, pieces);
                break;
            case Inflater::Status::need_output:
                if (pieces && message.out.used > 0) return piece(message);
                if (!grow(message)) return {.kind = Part::error, .errc = Errc::message_too_big};
                break;
            // RFC 7692 §7.2.3.4 allows a block with BFINAL; another one follows it.
            case Inflater::Status::end: message.inflater.restart(); break;
            case Inflater::Status::error:
                return {.kind = Part::error, .errc = message.inflater.error()};
        }
    }
}

Extension::Part Codec::part_ended(Unpacking& message, bool pieces) {
    if (message.part.last) {
        // §7.2.1 has every message end with a whole block; one that does not was cut off.
        if (!message.inflater.between_blocks())
            return {.kind = Part::error, .errc = Errc::unfinished_block};
        if (message.part.text && !message.utf8.complete())
            return {.kind = Part::error, .errc = Errc::invalid_utf8};
        message.complete = true;
        return {.kind = Part::end, .bytes = message.out.written()};
    }
    if (pieces && message.out.used > 0) return piece(message);
    shrink(message);
    return {.kind = Part::wants_more};
}

// Hands out what is there. What is left of the part is copied: the buffer that it lies in may be
// needed for something else before the next call.
Extension::Part Codec::piece(Unpacking& message) {
    if (!message.part.payload.empty() && message.part.payload.data() != message.copied_to) {
        message.copy.assign(message.part.payload.begin(), message.part.payload.end());
        message.part.payload = message.copy;
    }
    message.copied_to = message.part.payload.data();
    message.handed_out = true;
    return {.kind = Part::data, .bytes = message.out.written()};
}

bool Codec::grow(Unpacking& message) {
    const std::uint64_t most = message.part.most - std::min(message.part.most, message.before);
    if (message.out.used >= most) return false;
    message.room.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>(most, std::max(2 * message.room.size(), least_room))));
    limit_room(message);
    return true;
}

// The message goes on, and nobody knows when: it keeps no more room than it has earned.
void Codec::shrink(Unpacking& message) {
    const std::size_t used = message.out.used;
    if (message.room.size() <= 2 * used + least_room) return;
    Buffer room(used + least_room);
    std::copy_n(message.room.begin(), used, room.begin());
    agreement_.workspace.give_back(std::exchange(message.room, std::move(room)));
}

void Codec::release() {
    if (!state_ || !state_->unpacking || !state_->unpacking->complete) return;
    Unpacking& message = *state_->unpacking;
    if (agreement_.peer_takes_over())
        state_->history.remember(message.out.written());
    else
        state_->history.clear();
    agreement_.workspace.give_back(std::move(message.room));
    state_->unpacking.reset();
    // Without context takeover an idle connection keeps nothing of this.
    if (!state_->deflater && state_->history.size() == 0) state_.reset();
}

// --- the opening ---------------------------------------------------------------------------------

namespace {

struct OwnWorkspace {
    Workspace workspace;
    Agreement agreement;

    OwnWorkspace(Role role, const Terms& terms, const CodecOptions& options)
        : agreement{workspace, role, terms, options} {}
};

// A connection that shares nothing.
class LoneCodec final : private OwnWorkspace, public Codec {
  public:
    LoneCodec(Role role, const Terms& terms, const CodecOptions& options)
        : OwnWorkspace{role, terms, options}, Codec{OwnWorkspace::agreement} {}
};

}  // namespace

PermessageDeflate::PermessageDeflate(const CodecOptions& options, Sharing sharing)
    : options_{options}, sharing_{sharing} {}

std::string PermessageDeflate::offer() const { return deflate::offer(options_.terms); }

std::unique_ptr<Extension> PermessageDeflate::accept(std::span<const std::string_view> answered) {
    const std::optional<Terms> terms = deflate::accept(answered, options_.terms);
    return terms ? make(Role::client, *terms) : nullptr;
}

std::unique_ptr<Extension> PermessageDeflate::choose(std::span<const std::string_view> offers,
                                                     std::string& answer) {
    std::optional<Choice> choice = deflate::choose(offers, options_.terms);
    if (!choice) return nullptr;
    answer = std::move(choice->answer);
    return make(Role::server, choice->terms);
}

std::unique_ptr<Extension> PermessageDeflate::make(Role role, const Terms& terms) {
    if (sharing_ == Sharing::none) return std::make_unique<LoneCodec>(role, terms, options_);
    for (const auto& known : agreements_)
        if (known->role == role && known->terms == terms) return std::make_unique<Codec>(*known);
    agreements_.push_back(
        std::make_unique<Agreement>(Agreement{workspace_, role, terms, options_}));
    return std::make_unique<Codec>(*agreements_.back());
}

}  // namespace ws::deflate
