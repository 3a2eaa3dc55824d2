// Compresses and decompresses what it is sent, for tests/zlib/compare.py: numbers are 32 bits, the
// lowest byte first.
//   request:  'c' or 'd', level, window bits, 1: after what was sent before; cut; size; the bytes
//   answer:   0, or the number of the rule that was broken; size; the bytes
// `cut`: the input of a decompression comes in parts of so many bytes, and the room is as large (0:
// all at once).
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "ws/deflate/deflate.hpp"
#include "ws/deflate/inflate.hpp"

using namespace ws::deflate;

namespace {

bool read_all(void* out, std::size_t size) { return std::fread(out, 1, size, stdin) == size; }

bool read_number(std::uint32_t& number) {
    std::array<std::uint8_t, 4> bytes{};
    if (!read_all(bytes.data(), bytes.size())) return false;
    number = 0;
    for (std::size_t i = 4; i-- > 0;) number = number << 8 | bytes[i];
    return true;
}

void write_number(std::size_t number) {
    for (int i = 0; i < 4; ++i) std::putchar(static_cast<int>(number >> (8 * i) & 0xFF));
}

void answer(ws::Errc error, ws::Bytes data) {
    std::putchar(static_cast<int>(error));
    write_number(data.size());
    std::fwrite(data.data(), 1, data.size(), stdout);
    std::fflush(stdout);
}

ws::Errc decompress(ws::Bytes stream, std::size_t cut, History& before, ws::Buffer& data) {
    Inflater inflater;
    ws::Buffer memory(cut == 0 ? 1u << 16 : cut);
    auto status = Inflater::Status::need_input;
    while (status == Inflater::Status::need_input && !stream.empty()) {
        ws::Bytes in = stream.first(cut == 0 ? stream.size() : std::min(cut, stream.size()));
        stream = stream.subspan(in.size());
        do {
            Unpacked out{memory};
            status = inflater.run(in, out, before);
            before.remember(out.written());
            ws::append(data, out.written());
        } while (status == Inflater::Status::need_output);
    }
    if (status == Inflater::Status::error) return inflater.error();
    const bool complete = status == Inflater::Status::end || inflater.between_blocks();
    return complete ? ws::Errc::none : ws::Errc::unfinished_block;
}

}  // namespace

int main() {
    const auto blocks = std::make_unique<Blocks>();
    std::optional<Deflater> deflater;
    History before;
    std::array<std::uint8_t, 4> request{};
    std::uint32_t cut = 0, size = 0;
    while (read_all(request.data(), request.size()) && read_number(cut) && read_number(size)) {
        const auto [what, level, window_bits, goes_on] = request;
        ws::Buffer data(size), result;
        if (!read_all(data.data(), size)) break;
        ws::Errc error = ws::Errc::none;
        if (what == 'c') {
            if (goes_on == 0) deflater.emplace(window_bits, level);
            deflater->compress(data, result, *blocks);
        } else {
            if (goes_on == 0) before = History{window_bits};
            error = decompress(data, cut, before, result);
        }
        answer(error, result);
    }
    return 0;
}
