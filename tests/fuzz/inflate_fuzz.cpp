// Any bytes as a compressed stream, cut in any way into rooms of any size: nothing outside of what
// was given is touched, and the verdict does not depend on the cuts. And any bytes compressed: they
// come back. RFC 1951. `make fuzz`; libFuzzer makes up the input:
//   byte 0: bits 0 to 2 the window (8 to 15 bits), bits 3 to 6 the level
//   byte 1: how the stream is cut
//   rest:   the stream
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "ws/deflate/deflate.hpp"
#include "ws/deflate/inflate.hpp"

using namespace ws::deflate;

namespace {

constexpr std::size_t most_output = 1 << 14;  // bombs are not unpacked for ever

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

struct Result {
    ws::Buffer data;
    ws::Errc error = ws::Errc::none;
    bool complete = false;

    bool operator==(const Result&) const = default;
};

// Memory of exactly the size asked for, so that the sanitizer sees a byte outside.
template <typename NextSize>
Result decompress(ws::Bytes stream, unsigned window_bits, NextSize next_size) {
    const auto inflater = std::make_unique<Inflater>();
    History before{window_bits};
    Result result;
    auto status = Inflater::Status::need_input;
    while (status == Inflater::Status::need_input && !stream.empty()) {
        const std::size_t size = std::min<std::size_t>(stream.size(), next_size());
        const ws::Buffer part(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
        ws::Bytes in{part};
        do {
            ws::Buffer memory(std::min<std::size_t>(next_size(), most_output - result.data.size()));
            Unpacked out{memory};
            status = inflater->run(in, out, before);
            before.remember(out.written());
            ws::append(result.data, out.written());
            if (status == Inflater::Status::need_output)
                check(out.left() == 0, "more room is asked for when there is none");
        } while (status == Inflater::Status::need_output && result.data.size() < most_output);
        if (status == Inflater::Status::need_input) check(in.empty(), "all input is taken");
        stream = stream.subspan(size);
    }
    result.error = inflater->error();
    result.complete = status == Inflater::Status::end || inflater->between_blocks();
    // Whatever follows is cut off at a place that depends on the cuts.
    if (result.data.size() == most_output) result = {{}, ws::Errc::none, false};
    return result;
}

void check_round_trip(ws::Bytes data, unsigned window_bits, int level) {
    static const auto blocks = std::make_unique<Blocks>();
    Deflater deflater{window_bits, level};
    for (int message = 0; message < 2; ++message) {
        ws::Buffer stream;
        deflater.compress(data, stream, *blocks);
        ws::append(stream, flush_tail);
        if (message == 0) deflater.forget();
        const Result back = decompress(stream, window_bits, [] { return most_output; });
        check(back.complete && std::ranges::equal(back.data, data),
              "what was compressed comes back");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const ws::Bytes bytes{data + 2, size - 2};
    const unsigned window_bits = min_window_bits + data[0] % 8;
    const int level = min_level + (data[0] >> 3) % max_level;
    std::uint32_t random = data[1];
    const auto some = [&random] {
        random = random * 1664525 + 1013904223;  // any generator does
        return (random >> 24) % 64 + 1;
    };
    const Result whole = decompress(bytes, window_bits, [] { return most_output; });
    check(whole == decompress(bytes, window_bits, some), "whole and cut are the same");
    if (whole.data.size() < 2000)
        check(whole == decompress(bytes, window_bits, [] { return std::size_t{1}; }),
              "whole and byte by byte are the same");
    check_round_trip(bytes, window_bits, level);
    return 0;
}
