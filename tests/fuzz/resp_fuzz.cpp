// Any bytes as what a Redis server answers: the reader never crashes, keeps to its limits, and reads the
// same wherever the bytes are cut. RESP2, RESP3. `make fuzz`; libFuzzer makes up the bytes, of which the first
// says how many come at once.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "redis/reply_reader.hpp"

namespace {

constexpr redis::ReplyLimits limits{
    .max_line_bytes = 64, .max_text_bytes = 100, .max_items = 20, .max_reply_bytes = 2000, .max_depth = 3};

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

struct Read {
    std::vector<redis::Reply> replies;
    std::string failed;
};

Read read(std::string_view bytes, std::size_t at_once) {
    redis::ReplyReader reader{limits};
    Read result;
    while (!bytes.empty()) {
        const std::size_t size = std::min(at_once, bytes.size());
        reader.feed(bytes.substr(0, size));
        bytes.remove_prefix(size);
        while (auto reply = reader.next()) result.replies.push_back(std::move(*reply));
    }
    result.failed = reader.failed();
    return result;
}

// What it holds, its items with it; and how deep they lie.
std::size_t bytes_in(const redis::Reply& reply, std::size_t depth = 0) {
    check(depth <= limits.max_depth, "depth is bounded");
    check(reply.items.size() <= limits.max_items, "the number of items is bounded");
    check(reply.text.size() <= std::max(limits.max_text_bytes, limits.max_line_bytes), "texts are bounded");
    check(reply.is_array() || reply.is_map() || reply.items.empty(), "only an array and a map have items");
    check(!reply.is_map() || reply.items.size() % 2 == 0, "a map has pairs");
    std::size_t bytes = reply.text.size();
    for (const redis::Reply& item : reply.items) bytes += bytes_in(item, depth + 1);
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data + 1), size - 1};
    const Read whole = read(bytes, bytes.size());
    for (const redis::Reply& reply : whole.replies)
        check(bytes_in(reply) <= limits.max_reply_bytes, "a reply is bounded");
    const Read cut = read(bytes, 1u + data[0] % 16);
    check(cut.replies == whole.replies, "the same replies, however they are cut");
    check(cut.failed == whole.failed, "and the same end");
    return 0;
}
