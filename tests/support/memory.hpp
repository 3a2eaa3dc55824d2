// How much memory this thread holds and has asked for: the test program counts in operator new
// and operator delete. For promises such as "an idle connection holds no buffer".
#pragma once

#include <cstddef>

namespace test {

struct Memory {
    std::size_t held;   // bytes that are allocated now
    std::size_t asked;  // bytes that were ever asked for
    std::size_t calls;  // of operator new
};

Memory memory();

}  // namespace test
