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

// The sized forms of the library end in these. The nothrow form (std::stable_sort uses it) and the forms
// of arrays have to be here too: a sanitizer brings its own, which do not match our delete or are not
// counted.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    void* place = std::malloc(size);
    if (place == nullptr) return nullptr;
    counted.held += malloc_usable_size(place);
    counted.asked += size;
    ++counted.calls;
    return place;
}

void* operator new(std::size_t size) {
    void* place = operator new(size, std::nothrow);
    if (place == nullptr) throw std::bad_alloc{};
    return place;
}

void operator delete(void* place) noexcept {
    if (place != nullptr) counted.held -= malloc_usable_size(place);
    std::free(place);
}

void operator delete(void* place, std::size_t) noexcept { operator delete(place); }

void* operator new[](std::size_t size) { return operator new(size); }
void operator delete[](void* place) noexcept { operator delete(place); }
void operator delete[](void* place, std::size_t) noexcept { operator delete(place); }
