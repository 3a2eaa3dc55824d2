// Lets a failed check name the rule, "malformed_host", where it would show a bare number.
#pragma once

#include <doctest/doctest.h>

#include "ws/error.hpp"

namespace ws {

inline doctest::String toString(Errc errc) {
    const std::string_view name = rule(errc).name;
    return {name.data(), static_cast<unsigned>(name.size())};
}

}  // namespace ws
