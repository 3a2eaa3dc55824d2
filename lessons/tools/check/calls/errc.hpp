// For a calls.cpp whose functions give an Errc: its name goes to the judge, and the judge may ask
// what a name means, for its explanations.
#pragma once

#include "lessons/tools/check/calls/calls.hpp"
#include "ws/error.hpp"

namespace calls {

inline std::string name_of(ws::Errc errc) {
    const auto number = static_cast<std::size_t>(errc);
    if (number >= ws::errc_count) return "number " + std::to_string(number) + ", which is none";
    return errc == ws::Errc::none ? "none" : std::string{ws::rule(errc).name};
}

inline const Function rule_of_name{"rule", [](std::string name) {
    for (std::size_t i = 1; i < ws::errc_count; ++i)
        if (const ws::Rule& rule = ws::rule(static_cast<ws::Errc>(i)); rule.name == name)
            return std::tuple{std::string{rule.sentence}, std::string{rule.section}};
    return std::tuple{std::string{"there is no such rule"}, std::string{}};
}};

}  // namespace calls
