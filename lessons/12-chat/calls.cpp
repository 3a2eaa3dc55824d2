// What the judge of lesson 12 may ask of json/parse and json/write. The rooms of endpoint/hub are
// judged through the server.
#include "json/parse.hpp"
#include "json/write.hpp"
#include "lessons/tools/check/calls/calls.hpp"

namespace {

using calls::Function;

// The fault, the place of what is wrong in words, and what write() makes of the value.
const Function parse{"parse", [](std::string text) {
    json::Value value;
    const json::ParseError error = json::parse(text, value);
    return std::tuple{error.fault, error.message(), json::write(value)};
}};

const Function write{"write", [](std::string text) { return json::write(text); }};

}  // namespace
