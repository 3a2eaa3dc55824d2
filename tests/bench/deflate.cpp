// deflate FILES...: src/ws/deflate beside zlib: size, and CPU time for both directions, in turns.
// The only program here that links zlib, because zlib is what it measures against.
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "ws/deflate/deflate.hpp"
#include "ws/deflate/inflate.hpp"

using namespace ws::deflate;

namespace {

constexpr int rounds = 7;
constexpr std::size_t bytes_a_round = 1'000'000;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The best of several rounds, each of which takes its turn with the other's.
template <typename Work>
void measure(Work&& work, std::size_t times, double& best) {
    const double began = cpu_seconds();
    for (std::size_t i = 0; i < times; ++i) work();
    best = std::min(best, (cpu_seconds() - began) / static_cast<double>(times));
}

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "deflate: %s\n", what.c_str());
    std::exit(1);
}

unsigned long compress(z_stream& stream, ws::Buffer& data, ws::Buffer& out) {
    deflateReset(&stream);
    stream.next_in = data.data();
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_SYNC_FLUSH);
    return stream.total_out - flush_tail.size();
}

void decompress(z_stream& stream, ws::Buffer& data, ws::Buffer& out) {
    inflateReset(&stream);
    stream.next_in = data.data();
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    if (inflate(&stream, Z_SYNC_FLUSH) != Z_OK) fail("zlib cannot read this");
}

struct Figures {
    std::size_t size;
    double deflate = 1e9, inflate = 1e9;  // seconds
};

void run(const std::string& name, ws::Buffer& data, int level, Blocks& blocks) {
    const std::size_t times = bytes_a_round / (data.size() + 1) + 1;
    ws::Buffer by_us, by_zlib(data.size() + data.size() / 100 + 1000), back(data.size() + 1024);
    Deflater deflater{max_window_bits, level};
    z_stream packing{}, unpacking{};
    deflateInit2(&packing, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    inflateInit2(&unpacking, -15);
    Figures ours{}, theirs{};
    for (int round = 0; round < rounds; ++round) {
        measure(
            [&] {
                by_us.clear();
                deflater.forget();
                deflater.compress(data, by_us, blocks);
            },
            times, ours.deflate);
        measure([&] { theirs.size = compress(packing, data, by_zlib); }, times, theirs.deflate);
    }
    ours.size = by_us.size();
    ws::append(by_us, flush_tail);
    decompress(unpacking, by_us, back);
    if (!std::equal(data.begin(), data.end(), back.begin())) fail("zlib reads something else");
    // Both read the stream that zlib has made.
    by_zlib.resize(theirs.size + flush_tail.size());
    const auto inflater = std::make_unique<Inflater>();
    const History nothing;
    for (int round = 0; round < rounds; ++round) {
        measure(
            [&] {
                Unpacked out{back};
                ws::Bytes in{by_zlib};
                if (inflater->run(in, out, nothing) != Inflater::Status::need_input ||
                    out.used != data.size())
                    fail("zlib's stream cannot be read");
            },
            times, ours.inflate);
        measure([&] { decompress(unpacking, by_zlib, back); }, times, theirs.inflate);
    }
    deflateEnd(&packing);
    inflateEnd(&unpacking);
    const double megabytes = static_cast<double>(data.size()) / 1e6;
    std::printf("%-13s %d %8zu | %8zu %8zu %6.3f | %6.0f %6.0f %6.2f | %6.0f %6.0f %6.2f\n",
                name.c_str(), level, data.size(), ours.size, theirs.size,
                static_cast<double>(ours.size) / static_cast<double>(theirs.size),
                megabytes / ours.deflate, megabytes / theirs.deflate, theirs.deflate / ours.deflate,
                megabytes / ours.inflate, megabytes / theirs.inflate,
                theirs.inflate / ours.inflate);
}

}  // namespace

int main(int count, char** arguments) {
    const auto blocks = std::make_unique<Blocks>();
    std::printf(
        "zlib %s. MB/s of CPU time; ratio: over 1, ours is larger (size) or faster (speed)\n",
        zlibVersion());
    std::printf(
        "file      level     size |     ours     zlib  ratio | deflate zlib ratio | inflate zlib "
        "ratio\n");
    for (int i = 1; i < count; ++i) {
        std::ifstream file{arguments[i], std::ios::binary};
        ws::Buffer data{std::istreambuf_iterator<char>{file}, {}};
        const std::string path = arguments[i];
        for (const int level : {1, 6, 9})
            run(path.substr(path.rfind('/') + 1), data, level, *blocks);
    }
    return 0;
}
