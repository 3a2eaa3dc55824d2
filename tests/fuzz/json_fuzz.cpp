// Any bytes as a JSON text: the parser never crashes, keeps to its limits, and what it takes is
// written as a text that is safe to send and means the same. RFC 8259. `make fuzz`; libFuzzer makes
// up the text.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "json/parse.hpp"
#include "json/write.hpp"
#include "ws/utf8.hpp"

namespace {

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

std::size_t depth_of(const json::Value& value) {
    std::size_t depth = 0;
    if (const json::Array* array = value.array())
        for (const json::Value& element : *array) depth = std::max(depth, depth_of(element));
    if (const json::Object* object = value.object())
        for (const json::Member& member : *object) depth = std::max(depth, depth_of(member.value));
    return depth + (value.array() != nullptr || value.object() != nullptr);
}

std::size_t size_of(const json::Value& value) {
    std::size_t size = 1;
    if (const json::Array* array = value.array())
        for (const json::Value& element : *array) size += size_of(element);
    if (const json::Object* object = value.object())
        for (const json::Member& member : *object) size += size_of(member.value);
    return size;
}

void check_limits(std::string_view text) {
    const json::ParseLimits small{.max_depth = 3, .max_values = 10};
    json::Value value;
    if (json::parse(text, value, small)) {
        check(value.is_null(), "an error leaves no value behind");
        return;
    }
    check(depth_of(value) <= small.max_depth, "depth is bounded");
    check(size_of(value) <= small.max_values, "the number of values is bounded");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check_limits(text);
    json::Value value;
    const json::ParseError error = json::parse(text, value);
    if (error) {
        check(error.position <= size, "an error is at a byte of the text, or at its end");
        check(value.is_null(), "an error leaves no value behind");
        return 0;
    }
    const std::string written = json::write(value);
    check(ws::is_utf8(ws::as_bytes(written)), "what is written is UTF-8");
    for (const char byte : written)
        check(static_cast<unsigned char>(byte) >= 0x20, "what is written has no control character");
    json::Value again;
    check(!json::parse(written, again), "what is written can be read");
    check(again == value, "and it is the same value");
    check(json::write(again) == written, "which is written the same way");
    return 0;
}
