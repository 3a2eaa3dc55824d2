// The student's side of a lesson's functions: calls.cpp names those that the judge may ask for.
//
//   const calls::Function apply_mask{"apply_mask", [](ws::Buffer data, ws::MaskingKey key) {
//       ws::apply_mask(data, key);
//       return data;
//   }};
//
// Arguments and results are values: numbers, enumerators, bool, std::string, bytes as a vector or an
// array, milliseconds, wire::Fd, and std::tuple, std::optional, std::vector of them. A descriptor in
// an argument is the function's to close; one in a result goes to the judge, and is closed here.
// Nothing is judged here, and nothing that is expected ever stands in this process.
// A vector has just its size, so that AddressSanitizer sees who reads beyond it. What a scenario
// has to keep between two calls are variables of calls.cpp: each scenario has a process of its own.
#pragma once

#include <string_view>

#include "lessons/tools/check/wire.hpp"

namespace calls {

using Called = wire::Value (*)(const wire::Value& arguments);

// A lambda without a capture is made anew where it is called, so a plain pointer leads to it.
class Function {
  public:
    template <typename Body>
    Function(std::string_view name, Body) : Function{name, &called<Body>} {}
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;

  private:
    Function(std::string_view name, Called body);

    template <typename Body>
    static wire::Value called(const wire::Value& arguments) {
        return with_arguments<Body>(&Body::operator(), arguments);
    }
    template <typename Body, typename Result, typename... Arguments>
    static wire::Value with_arguments(Result (Body::*)(Arguments...) const, const wire::Value& arguments) {
        wire::expect_list(arguments, sizeof...(Arguments));
        return [&]<std::size_t... i>(std::index_sequence<i...>) -> wire::Value {
            if constexpr (std::is_void_v<Result>) {
                Body{}(wire::from_value<std::remove_cvref_t<Arguments>>(arguments.list[i])...);
                return {};
            } else {
                return wire::to_value(
                    Body{}(wire::from_value<std::remove_cvref_t<Arguments>>(arguments.list[i])...));
            }
        }(std::index_sequence_for<Arguments...>{});
    }
};

}  // namespace calls
