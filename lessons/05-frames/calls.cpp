// What the judge of lesson 5 may ask of ws/frame and ws/mask.
#include "lessons/tools/check/calls/errc.hpp"
#include "ws/frame.hpp"
#include "ws/mask.hpp"

namespace {

using calls::Function;

// fin, rsv, opcode, masked, length, key
using Fields = std::tuple<bool, std::uint8_t, ws::Opcode, bool, std::uint64_t, ws::MaskingKey>;

ws::FrameHeader header_of(const Fields& fields, std::uint8_t length_bytes) {
    const auto& [fin, rsv, opcode, masked, length, key] = fields;
    return {.fin = fin,
            .rsv = rsv,
            .opcode = opcode,
            .masked = masked,
            .length_bytes = length_bytes,
            .length = length,
            .key = key};
}

const Function encode_header{"encode_header", [](Fields fields) {
    std::array<std::uint8_t, ws::max_header_bytes> out;
    out.fill(0xEE);  // what is not written shows
    const std::size_t size = ws::encode_header(out, header_of(fields, 0));
    return std::tuple{size, out};
}};

const Function decode_header{"decode_header", [](ws::Buffer bytes) {
    ws::FrameHeader header;
    header.length_bytes = 77;  // whoever does not set it is found out
    const ws::Parse parse = ws::decode_header(bytes, header);
    const Fields fields{header.fin,    header.rsv,    header.opcode,
                        header.masked, header.length, header.key};
    return std::tuple{parse, fields, header.length_bytes, header.size()};
}};

const Function check_header{"check_header", [](Fields fields, std::uint8_t length_bytes, ws::Role receiver,
                                               std::uint8_t negotiated_rsv) {
    return calls::name_of(ws::check_header(header_of(fields, length_bytes), receiver, negotiated_rsv));
}};

const Function apply_mask{"apply_mask", [](ws::Buffer data, ws::MaskingKey key) {
    ws::apply_mask(data, key);
    return data;
}};

const Function apply_mask_to_zeros{"apply_mask_to_zeros", [](std::size_t size, ws::MaskingKey key) {
    ws::Buffer data(size);
    ws::apply_mask(data, key);
}};

const Function rotated{"rotated", [](ws::MaskingKey key, std::uint64_t bytes) {
    return ws::rotated(key, bytes);
}};

}  // namespace
