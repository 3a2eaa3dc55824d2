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

#include <functional>
#include <string>

#include "lessons/tools/check/wire.hpp"

namespace calls {

class Function {
  public:
    template <typename Body>
    Function(std::string name, Body body) : Function{std::move(name), wrapped(&Body::operator(), body)} {}
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;

  private:
    using Wrapped = std::function<wire::Value(const wire::Value&)>;
    Function(std::string name, Wrapped body);

    template <typename Body, typename Result, typename... Arguments>
    static Wrapped wrapped(Result (Body::*)(Arguments...) const, Body body) {
        return [body](const wire::Value& arguments) -> wire::Value {
            auto taken = wire::from_value<std::tuple<std::remove_cvref_t<Arguments>...>>(arguments);
            if constexpr (std::is_void_v<Result>) {
                std::apply(body, std::move(taken));
                return {};
            } else {
                return wire::to_value(std::apply(body, std::move(taken)));
            }
        };
    }
};

}  // namespace calls
