// Numbers to network byte order and back, of each size that the wire has. Lesson 3.
// The templates stand here and not in the header: a frame has one number at most, and so whoever
// includes the header is not compiled anew when they change.
// Leaves out: signed numbers; no protocol here has one.
#include "ws/byte_order.hpp"

namespace ws {

template <typename T>
T load_be(Bytes bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | bytes[i];
    return static_cast<T>(value);
}

template <typename T>
void store_be(MutableBytes out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out[i] = static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * (sizeof(T) - 1 - i)));
}

// The sizes that there are.
template std::uint8_t load_be(Bytes);
template std::uint16_t load_be(Bytes);
template std::uint32_t load_be(Bytes);
template std::uint64_t load_be(Bytes);
template void store_be(MutableBytes, std::uint8_t);
template void store_be(MutableBytes, std::uint16_t);
template void store_be(MutableBytes, std::uint32_t);
template void store_be(MutableBytes, std::uint64_t);

}  // namespace ws
