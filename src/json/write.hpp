// A value to JSON text, RFC 8259. Lesson 12.
// Compact, in one line, and safe to put anywhere: whatever the strings hold, the text is UTF-8 and
// has no control character in it. What parse() reads from it is the same value again.
// Leaves out: indentation.
#pragma once

#include <string>

#include "json/value.hpp"

namespace json {

// Integers digit by digit; doubles with as few digits as still give the same double, and always
// with a point or an exponent, so that they stay doubles. JSON has no infinity and no NaN: they
// become null, as in browsers. A string's bytes that are not UTF-8 become U+FFFD.
std::string write(const Value& value);

// The same at the end of `out`.
void append(std::string& out, const Value& value);

}  // namespace json
