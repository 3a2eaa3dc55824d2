// The picture of a frame's first two bytes, and what follows them, RFC 6455 §5.2. Lesson 5.
// Bytes that are missing and rules that are broken are explained too: those are the frames that
// people ask about.
#include "ws/explain.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "ws/byte_order.hpp"
#include "ws/characters.hpp"
#include "ws/hex.hpp"

namespace ws {

namespace {

// What is shown of a payload: bytes as hex, which must fit their column, and columns of text.
constexpr std::size_t shown_bytes = 8;
constexpr std::size_t text_columns = 34;
constexpr std::size_t hex_column = 3 * shown_bytes + 2;

// One box of the picture: neighbouring bits with a meaning.
struct Field {
    std::string_view name;
    std::string bits;  // "0 0 0 1"
    std::string meaning;
    std::size_t width;  // of the box, in columns
};

// The `count` lowest bits of `value`, the most significant first, as the wire has them.
std::string bits(unsigned value, int count) {
    std::string text;
    for (int bit = count - 1; bit >= 0; --bit) {
        text += (value >> bit & 1) != 0 ? '1' : '0';
        if (bit > 0) text += ' ';
    }
    return text;
}

std::string opcode_name(unsigned opcode) {
    switch (static_cast<Opcode>(opcode)) {
        case Opcode::continuation: return "continuation";
        case Opcode::text: return "text";
        case Opcode::binary: return "binary";
        case Opcode::close: return "close";
        case Opcode::ping: return "ping";
        case Opcode::pong: return "pong";
    }
    return "reserved";
}

std::vector<Field> first_byte(unsigned byte) {
    const auto flag = [byte](std::string_view name, unsigned bit) {
        return Field{name, bits(byte >> bit, 1), (byte >> bit & 1) != 0 ? "set" : "-", 7};
    };
    std::vector<Field> fields{flag("FIN", 7), flag("RSV1", 6), flag("RSV2", 5), flag("RSV3", 4)};
    fields[0].meaning = (byte & 0b1000'0000) != 0 ? "last" : "more";
    const unsigned opcode = byte & 0b0000'1111;
    fields.push_back({"opcode", bits(opcode, 4), opcode_name(opcode), 15});
    return fields;
}

std::vector<Field> second_byte(unsigned byte) {
    const unsigned length = byte & 0b0111'1111;
    return {{"MASK", bits(byte >> 7, 1), (byte & 0b1000'0000) != 0 ? "yes" : "no", 7},
            {"length", bits(length, 7),
             length == 126   ? "126: next 2 bytes"
             : length == 127 ? "127: next 8 bytes"
                             : std::to_string(length),
             17}};
}

std::string centered(std::string_view text, std::size_t width) {
    const std::size_t left = (width - text.size()) / 2;
    return std::string(left, ' ') + std::string{text} +
           std::string(width - text.size() - left, ' ');
}

// "┌──┬──┐" and the like.
std::string border(const std::vector<Field>& fields, std::string_view left, std::string_view middle,
                   std::string_view right) {
    std::string line = "  ";
    for (const Field& field : fields) {
        line += &field == &fields.front() ? left : middle;
        for (std::size_t i = 0; i < field.width; ++i) line += "─";
    }
    return line.append(right) + '\n';
}

// One text for each box, with `edge` between them; no blanks at the end.
template <typename Text>
std::string row(const std::vector<Field>& fields, std::string_view edge, Text text) {
    std::string line = "  ";
    for (const Field& field : fields) line.append(edge).append(centered(text(field), field.width));
    line += edge;
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

// The picture of the first one or two bytes.
std::string draw(Bytes bytes) {
    std::vector<Field> fields = first_byte(bytes[0]);
    std::string numbers = "   " + hex(bytes.first(1));
    if (bytes.size() > 1) {
        std::size_t column = 3;
        for (const Field& field : fields) column += field.width + 1;
        // Above its own first field, however wide those before it are.
        numbers.resize(column, ' ');
        numbers += hex(bytes.subspan(1, 1));
        std::ranges::copy(second_byte(bytes[1]), std::back_inserter(fields));
    }
    return numbers + '\n' + border(fields, "┌", "┬", "┐") +
           row(fields, "│", [](const Field& field) { return std::string_view{field.bits}; }) +
           border(fields, "└", "┴", "┘") +
           row(fields, " ", [](const Field& field) { return field.name; }) +
           row(fields, " ", [](const Field& field) { return std::string_view{field.meaning}; });
}

// "     6  7F 9F 4D 51 58             payload, masked"
std::string field_line(std::string number, Bytes bytes, std::string_view meaning) {
    if (number.size() < 6) number.insert(0, 6 - number.size(), ' ');
    const std::string shown = hex(bytes, shown_bytes);
    // The ellipsis is three bytes long and one column wide.
    const std::size_t columns = shown.size() - (bytes.size() > shown_bytes ? 2 : 0);
    return number + "  " + shown + std::string(hex_column - columns, ' ') + std::string{meaning} +
           '\n';
}

std::string count_of(std::uint64_t count, std::string_view thing) {
    return std::to_string(count) + ' ' + std::string{thing} + (count == 1 ? "" : "s");
}

std::string missing_line(std::uint64_t missing, std::string_view field) {
    return "  … incomplete: " + count_of(missing, "more byte") + " of the " + std::string{field} +
           (missing == 1 ? " is missing\n" : " are missing\n");
}

std::string broken_line(Errc errc) {
    const Rule& broken = rule(errc);
    return "  ✗ " + std::string{broken.section} + "\n    " + std::string{broken.sentence} + '\n';
}

// As much of a text as fits beside its hex: escaped, a byte takes up to four columns.
std::string fitting_quote(Bytes text) {
    std::size_t shown = text_columns;
    const auto is_lead = [](char c) { return !continues_character(static_cast<std::uint8_t>(c)); };
    while (std::ranges::count_if(quote(text, shown), is_lead) > std::ptrdiff_t{text_columns})
        --shown;
    return quote(text, shown);
}

// `payload` as it crossed, `bytes` unmasked.
std::string payload_lines(const FrameHeader& header, Bytes payload, Bytes bytes,
                          std::size_t offset) {
    if (payload.empty()) return "";
    std::string text;
    // The offset stands once, beside the bytes as they crossed.
    std::string number = std::to_string(offset);
    if (header.masked) text += field_line(std::exchange(number, ""), payload, "payload, masked");
    const std::string meaning = header.masked ? "unmasked" : "payload";
    if (header.opcode == Opcode::close && bytes.size() >= 2) {
        text += field_line(number, bytes.first(2),
                           "Close code " + std::to_string(load_be<std::uint16_t>(bytes)));
        if (bytes.size() == 2) return text;
        number = header.masked ? "" : std::to_string(offset + 2);
        return text +
               field_line(number, bytes.subspan(2), "reason " + fitting_quote(bytes.subspan(2)));
    }
    if (header.opcode == Opcode::binary) return text + field_line(number, bytes, meaning);
    return text + field_line(number, bytes, meaning + ": " + fitting_quote(bytes));
}

// What follows the two first bytes and belongs to the header; says what is missing of it.
std::string header_lines(const FrameHeader& header, Bytes bytes, std::size_t offset) {
    std::string text;
    std::size_t at = 2;
    // One more part of the header; false when it is not here whole.
    const auto part = [&](std::size_t size, std::string_view name, auto meaning) {
        const Bytes here = bytes.subspan(at, std::min(size, bytes.size() - at));
        if (!here.empty()) {
            const bool whole = here.size() == size;
            text += field_line(std::to_string(offset + at), here,
                               whole ? meaning(here) : std::string{name});
        }
        if (here.size() < size) text += missing_line(size - here.size(), name);
        at += here.size();
        return here.size() == size;
    };
    const auto length = [](Bytes here) {
        return "length " + std::to_string(here.size() == 2 ? load_be<std::uint16_t>(here)
                                                           : load_be<std::uint64_t>(here));
    };
    if (header.length_bytes > 0 && !part(header.length_bytes, "length", length)) return text;
    if (header.masked) part(4, "masking key", [](Bytes) { return std::string{"masking key"}; });
    return text;
}

Errc broken_rule(const FrameHeader& header, Bytes payload, const FrameJudge& judge) {
    // Asked in any case, for it has to know all frames; but a wrong header comes first.
    const Errc asked = judge ? judge(header, payload) : Errc::none;
    // Only clients mask, so the mask tells who sent it and who would judge it.
    const Errc errc = check_header(header, header.masked ? Role::server : Role::client);
    if (errc != Errc::none) return errc;
    const bool one_byte = header.length == 1 && payload.size() == 1;
    if (header.opcode == Opcode::close && one_byte) return Errc::close_body_of_one_byte;
    return asked;
}

// Explains the first frame; its size, or that of all bytes when it is incomplete, in `taken`.
std::string explain_first(Bytes bytes, std::size_t offset, std::size_t& taken,
                          const FrameJudge& judge = {}) {
    taken = bytes.size();
    if (bytes.empty()) return "  … incomplete: no byte is here\n";
    std::string text = draw(bytes);
    if (bytes.size() == 1) return text + missing_line(1, "first two bytes");

    FrameHeader header;
    const bool whole = decode_header(bytes, header) == Parse::ok;
    text += header_lines(header, bytes, offset);
    if (!whole) return text;

    const Bytes rest = bytes.subspan(header.size());
    const Bytes payload =
        rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(header.length, rest.size())));
    taken = header.size() + payload.size();
    // A copy: the bytes are shown as they crossed, and unmasked below that.
    Buffer plain{payload.begin(), payload.end()};
    unmask_payload(header, plain);
    text += payload_lines(header, payload, plain, offset + header.size());

    const Errc errc = broken_rule(header, plain, judge);
    if (errc != Errc::none) text += broken_line(errc);
    if (payload.size() < header.length)
        text += missing_line(header.length - payload.size(), "payload");
    return text;
}

}  // namespace

std::string explain_frame(Bytes bytes, std::size_t offset) {
    std::size_t taken = 0;
    return explain_first(bytes, offset, taken);
}

std::string explain(Bytes bytes, const FrameJudge& judge) {
    std::string text;
    std::size_t offset = 0;
    for (unsigned number = 1; number == 1 || offset < bytes.size(); ++number) {
        std::size_t taken = 0;
        const std::string frame = explain_first(bytes.subspan(offset), offset, taken, judge);
        if (number > 1) text += '\n';
        text += "Frame " + std::to_string(number) + ", " + count_of(taken, "byte") +
                " from offset " + std::to_string(offset);
        // Only clients mask.
        if (taken > 1)
            text += (bytes[offset + 1] & 0b1000'0000) != 0 ? ", from a client" : ", from a server";
        text += '\n' + frame;
        offset += taken;
    }
    return text;
}

}  // namespace ws
