#include "tests/support/memory.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

thread_local test::Memory counted{};

}  // namespace

namespace test {

Memory memory() { return counted; }

}  // namespace test

// The array, nothrow and sized forms of the library all end in these two.
void* operator new(std::size_t size) {
    void* place = std::malloc(size);
    if (place == nullptr) throw std::bad_alloc{};
    counted.held += malloc_usable_size(place);
    counted.asked += size;
    ++counted.calls;
    return place;
}

void operator delete(void* place) noexcept {
    if (place != nullptr) counted.held -= malloc_usable_size(place);
    std::free(place);
}

void operator delete(void* place, std::size_t) noexcept { operator delete(place); }
