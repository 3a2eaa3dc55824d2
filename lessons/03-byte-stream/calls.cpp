// What the judge of lesson 3 may ask of ws/bytes and of this lesson's writes.hpp.
#include "lessons/03-byte-stream/writes.hpp"
#include "lessons/tools/check/calls/calls.hpp"
#include "ws/byte_order.hpp"
#include "ws/bytes.hpp"

namespace {

using calls::Function;
using Bytes = std::vector<std::uint8_t>;

// A number of `size` bytes: the types of ws/bytes.hpp are 1, 2, 4 and 8 bytes long.
const Function load_be{"load_be", [](Bytes bytes, unsigned size) -> std::uint64_t {
    switch (size) {
        case 1: return ws::load_be<std::uint8_t>(bytes);
        case 2: return ws::load_be<std::uint16_t>(bytes);
        case 4: return ws::load_be<std::uint32_t>(bytes);
        default: return ws::load_be<std::uint64_t>(bytes);
    }
}};

// What stands in `room` bytes afterwards, each of which was EE.
const Function store_be{"store_be", [](std::uint64_t value, unsigned size, std::size_t room) {
    Bytes out(room, 0xEE);
    switch (size) {
        case 1: ws::store_be(out, static_cast<std::uint8_t>(value)); break;
        case 2: ws::store_be(out, static_cast<std::uint16_t>(value)); break;
        case 4: ws::store_be(out, static_cast<std::uint32_t>(value)); break;
        default: ws::store_be(out, value); break;
    }
    return out;
}};

// Nothing when a lesson::Failure is thrown.
const Function plan_writes{"plan_writes",
                           [](std::string typed, bool naive) -> std::optional<std::vector<Bytes>> {
    try {
        return lesson::plan_writes(lesson::split(typed, " + "), naive);
    } catch (const lesson::Failure&) {
        return std::nullopt;
    }
}};

}  // namespace
