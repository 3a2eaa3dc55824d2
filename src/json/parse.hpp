// JSON text to a value, RFC 8259, strict and bounded. Lesson 12.
// Strict, for two readers that understand one text differently are a hole: what one of them has
// checked, the other does not see. Nothing beyond the grammar is taken, and of what the grammar
// leaves open, names that occur twice and lone surrogates are refused.
// Leaves out: reading a text piece by piece; a message is whole before it is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "json/value.hpp"

namespace json {

// One for each way in which a text can be wrong.
enum class Fault : std::uint8_t {
    none,
    ends_too_early,
    expected_value,
    expected_name,
    expected_colon,
    expected_comma_or_bracket,
    expected_comma_or_brace,
    text_after_value,
    too_deep,
    too_many_values,
    duplicate_name,
    leading_zero,
    digit_missing,
    integer_out_of_range,
    number_out_of_range,
    control_character,
    unknown_escape,
    malformed_unicode_escape,
    lone_surrogate,
    invalid_utf8,
};

// "a string holds a byte that is not UTF-8"; for `none`, "no error".
std::string_view sentence(Fault fault);

struct ParseError {
    Fault fault = Fault::none;
    std::size_t position = 0;  // of the byte that is wrong, from 0

    explicit operator bool() const { return fault != Fault::none; }
    // "byte 17: a string holds a byte that is not UTF-8". Nothing of the text is in it.
    std::string message() const;
};

struct ParseLimits {
    // Arrays and objects within one another. The reader calls itself once for each, so this is
    // what bounds its stack, and that of a function that walks through the value later.
    std::size_t max_depth = 64;
    // A value takes some 40 bytes of memory and may take two bytes of text ("[1,1,1,…").
    std::size_t max_values = 1'000'000;
};

// Reads one JSON text, with nothing but white space around it. On an error `value` is null. An
// integer that does not fit in 64 bits is refused (as a double it would lose digits unseen), and
// so is a number that no finite double comes near; "-0" is the double that keeps its sign. Takes
// time in proportion to the text, with a factor of log n for an object of n members.
ParseError parse(std::string_view text, Value& value, const ParseLimits& limits = {});

}  // namespace json
