// What the judge of lesson 14 may ask of ws/deflate: codes, streams, offers, and two ends of a
// conversation with names.
#include <map>
#include <memory>
#include <optional>

#include "lessons/tools/check/calls/calls.hpp"
#include "lessons/tools/check/calls/errc.hpp"
#include "ws/deflate/codec.hpp"

namespace {

using calls::Function;
using namespace ws::deflate;

// server_no_context_takeover, client_no_context_takeover, and the two windows.
using TermsValue = std::tuple<bool, bool, unsigned, unsigned>;
Terms terms_of(const TermsValue& value) {
    return std::apply([](auto... fields) { return Terms{fields...}; }, value);
}

// --- codes --------------------------------------------------------------------------------------

const Function codes_for{"make_codes", [](ws::Buffer lengths) {
    std::vector<std::uint16_t> codes(lengths.size());
    make_codes(lengths, codes);
    return codes;
}};

// 0: the code is complete, 1: it is oversubscribed, 2: it is incomplete.
const Function build{"build", [](ws::Buffer lengths, bool lone_code) {
    const auto room = std::make_unique<std::array<TableEntry, literal_table_size>>();
    DecodeTable table{*room, literal_index_bits};
    return table.build(lengths, literal_meanings, lone_code);
}};

// --- streams ------------------------------------------------------------------------------------

// What these pieces unpack to with so much room at a time, after `before`: the bytes, the rule that
// was broken, and whether the stream lies between two blocks.
const Function inflate{"inflate", [](std::vector<ws::Buffer> pieces, std::size_t room, ws::Buffer before,
                                     unsigned window_bits) {
    const auto inflater = std::make_unique<Inflater>();
    History history{window_bits};
    history.remember(before);
    ws::Buffer all, at_hand(room);
    Unpacked out{at_hand};
    auto status = Inflater::Status::need_input;
    for (const ws::Buffer& piece : pieces) {
        ws::Bytes in{piece};
        while ((status = inflater->run(in, out, history)) == Inflater::Status::need_output) {
            ws::append(all, out.written());
            history.remember(out.written());
            out.used = 0;
        }
        if (status == Inflater::Status::error) break;
    }
    ws::append(all, out.written());
    return std::tuple{all, calls::name_of(inflater->error()), inflater->between_blocks()};
}};

// --- the opening --------------------------------------------------------------------------------

const Function answer_to{"choose", [](std::vector<std::string> offers, TermsValue allowed) {
    const std::vector<std::string_view> views{offers.begin(), offers.end()};
    const std::optional<Choice> choice = choose(views, terms_of(allowed));
    return choice ? std::optional{choice->answer} : std::nullopt;
}};

// --- messages -----------------------------------------------------------------------------------

// What the connections of a thread share. "server" begins a thread, sides of other names belong to it.
std::optional<Workspace> workspace;

struct Side {
    Agreement agreement;
    Codec codec{agreement};

    Side(ws::Role role, const Terms& terms, std::size_t threshold)
        : agreement{*workspace, role, terms, {.terms = terms, .threshold = threshold}} {}
};
std::map<std::string, std::unique_ptr<Side>> sides;

const Function begin{"codec", [](std::string name, bool server, TermsValue terms, std::size_t threshold) {
    if (name == "server") {
        sides.clear();
        workspace.emplace();
    }
    sides[name] = std::make_unique<Side>(server ? ws::Role::server : ws::Role::client, terms_of(terms),
                                         threshold);
}};

const Function send_part{"send", [](std::string name, ws::Buffer data, bool first, bool last) {
    const ws::Extension::Outgoing sent = sides.at(name)->codec.send(data, first, last);
    return std::tuple{ws::Buffer(sent.payload.begin(), sent.payload.end()), sent.rsv};
}};

// The whole of a message that came with RSV1; `most` bytes are allowed. What it unpacks to, and the
// rule that was broken.
const Function receive{"receive", [](std::string name, ws::Buffer payload, std::uint64_t most) {
    Codec& codec = sides.at(name)->codec;
    codec.take({.payload = payload, .text = false, .last = true, .most = most});
    const ws::Extension::Part part = codec.next(false);
    const ws::Buffer data(part.bytes.begin(), part.bytes.end());
    if (part.kind == ws::Extension::Part::end) codec.release();
    return std::tuple{data, calls::name_of(part.errc)};
}};

// The same, handed out in pieces: how many bytes all of them have.
const Function receive_in_pieces{"receive_in_pieces", [](std::string name, ws::Buffer payload, std::uint64_t most) {
    Codec& codec = sides.at(name)->codec;
    codec.take({.payload = payload, .text = false, .last = true, .most = most});
    std::uint64_t size = 0;
    for (;;) {
        const ws::Extension::Part part = codec.next(true);
        size += part.bytes.size();
        if (part.kind == ws::Extension::Part::data) continue;
        if (part.kind == ws::Extension::Part::end) codec.release();
        return std::tuple{size, calls::name_of(part.errc)};
    }
}};

}  // namespace
