// The grammar of RFC 8259, one function for each of its rules. Lesson 12.
// A function returns false when the text is wrong; where and why was then said to fail(). It calls
// itself for arrays and objects only, at most max_depth deep.
#include "json/parse.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "json/character.hpp"

namespace json {

std::string_view sentence(Fault fault) {
    switch (fault) {
        case Fault::none: return "no error";
        case Fault::ends_too_early: return "the text ends too early";
        case Fault::expected_value: return "a value must begin here";
        case Fault::expected_name: return "a member's name in quotation marks must stand here";
        case Fault::expected_colon: return "a colon must stand here";
        case Fault::expected_comma_or_bracket: return "a comma or ] must stand here";
        case Fault::expected_comma_or_brace: return "a comma or } must stand here";
        case Fault::text_after_value: return "the value has ended, and there is more text";
        case Fault::too_deep: return "arrays and objects are nested too deep";
        case Fault::too_many_values: return "there are too many values";
        case Fault::duplicate_name: return "an object has two members of this name";
        case Fault::leading_zero: return "a number must not begin with a needless 0";
        case Fault::digit_missing: return "a number needs a digit here";
        case Fault::integer_out_of_range: return "an integer does not fit in 64 bits";
        case Fault::number_out_of_range: return "a number is out of the range of a double";
        case Fault::control_character: return "a string holds a control character unescaped";
        case Fault::unknown_escape: return "a string holds an escape that does not exist";
        case Fault::malformed_unicode_escape: return "\\u needs four hex digits";
        case Fault::lone_surrogate: return "an escape is one half of a surrogate pair";
        case Fault::invalid_utf8: return "a string holds a byte that is not UTF-8";
    }
    return "?";
}

std::string ParseError::message() const {
    return "byte " + std::to_string(position) + ": " + std::string{sentence(fault)};
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259 §7: "All Unicode characters may be placed within the quotation marks, except for the
// characters that MUST be escaped: quotation mark, reverse solidus, and the control characters
// (U+0000 through U+001F)."
bool is_control_character(char c) {
    return static_cast<unsigned char>(c) < 0x20;
}

bool is_plain(char c) {
    return static_cast<unsigned char>(c) < 0x80 && !is_control_character(c) && c != '"' && c != '\\';
}

bool is_high_surrogate(char32_t code) { return code >= 0xD800 && code <= 0xDBFF; }
bool is_low_surrogate(char32_t code) { return code >= 0xDC00 && code <= 0xDFFF; }

// The index of a member whose name stood before; members.size() when there is none. Sorting is
// slower than a hash table and cannot be attacked: nobody can choose names that all collide.
std::size_t find_duplicate(const Object& members) {
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {},
                             [&](std::size_t i) -> const std::string& { return members[i].name; });
    const auto same = [&](std::size_t a, std::size_t b) {
        return members[a].name == members[b].name;
    };
    const auto first = std::ranges::adjacent_find(order, same);
    return first == order.end() ? members.size() : *(first + 1);
}

class Parser {
  public:
    Parser(std::string_view text, const ParseLimits& limits) : text_{text}, limits_{limits} {}

    ParseError parse_text(Value& value) {
        skip_space();
        if (parse_value(value, 0)) {
            skip_space();
            if (!at_end()) fail(Fault::text_after_value);
        }
        // Half of a value is none, also for a caller that forgets to look at the error.
        if (error_) value = nullptr;
        return error_;
    }

  private:
    bool at_end() const { return at_ == text_.size(); }
    bool next_is(char c) const { return !at_end() && text_[at_] == c; }
    bool next_is_digit() const { return !at_end() && is_digit(text_[at_]); }

    bool take(char c) {
        const bool taken = next_is(c);
        if (taken) ++at_;
        return taken;
    }

    bool fail(Fault fault, std::size_t position) {
        error_ = {fault, position};
        return false;
    }
    // Where the text ends, that is what is wrong with it: all that was there was right.
    bool fail(Fault fault) { return fail(at_end() ? Fault::ends_too_early : fault, at_); }

    // RFC 8259 §2: space, horizontal tab, line feed, carriage return, and no other.
    void skip_space() {
        while (next_is(' ') || next_is('\t') || next_is('\n') || next_is('\r')) ++at_;
    }

    bool parse_value(Value& value, std::size_t depth) {
        // Counted, too: a value takes far more memory than its two bytes of text.
        if (values_++ == limits_.max_values) return fail(Fault::too_many_values, at_);
        if (at_end()) return fail(Fault::ends_too_early);
        const char c = text_[at_];
        if (c == '[' || c == '{') {
            if (depth == limits_.max_depth) return fail(Fault::too_deep);
            ++at_;
            return c == '[' ? parse_array(value, depth + 1) : parse_object(value, depth + 1);
        }
        if (c == '"') {
            std::string text;
            if (!parse_string(text)) return false;
            value = std::move(text);
            return true;
        }
        if (c == '-' || is_digit(c)) return parse_number(value);
        return parse_word("true", true, value) || parse_word("false", false, value) ||
               parse_word("null", nullptr, value) || fail(Fault::expected_value);
    }

    bool parse_word(std::string_view word, Value meaning, Value& value) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        value = std::move(meaning);
        return true;
    }

    // After the '['.
    bool parse_array(Value& value, std::size_t depth) {
        Array elements;
        skip_space();
        if (!take(']')) {
            do {
                skip_space();
                if (!parse_value(elements.emplace_back(), depth)) return false;
                skip_space();
            } while (take(','));
            if (!take(']')) return fail(Fault::expected_comma_or_bracket);
        }
        value = std::move(elements);
        return true;
    }

    // After the '{'.
    bool parse_object(Value& value, std::size_t depth) {
        Object members;
        std::vector<std::size_t> positions;  // of the names
        skip_space();
        if (!take('}')) {
            do {
                skip_space();
                positions.push_back(at_);
                if (!parse_member(members.emplace_back(), depth)) return false;
                skip_space();
            } while (take(','));
            if (!take('}')) return fail(Fault::expected_comma_or_brace);
        }
        // RFC 8259 §4: "The names within an object SHOULD be unique." And: "When the names within
        // an object are not unique, the behavior of software that receives such an object is
        // unpredictable." So a filter may look at the first one and the program at the last one.
        const std::size_t duplicate = find_duplicate(members);
        if (duplicate < members.size()) return fail(Fault::duplicate_name, positions[duplicate]);
        value = std::move(members);
        return true;
    }

    bool parse_member(Member& member, std::size_t depth) {
        if (!next_is('"')) return fail(Fault::expected_name);
        if (!parse_string(member.name)) return false;
        skip_space();
        if (!take(':')) return fail(Fault::expected_colon);
        skip_space();
        return parse_value(member.value, depth);
    }

    // RFC 8259 §6: number = [ minus ] int [ frac ] [ exp ].
    bool parse_number(Value& value) {
        const std::size_t start = at_;
        const bool negative = take('-');
        const std::size_t first_digit = at_;
        // RFC 8259 §6: "Leading zeros are not allowed."
        if (take('0')) {
            if (next_is_digit()) return fail(Fault::leading_zero, first_digit);
        } else if (!take_digits()) {
            return false;
        }
        // An integer would lose its sign, and a reader could tell.
        const bool negative_zero = negative && text_[first_digit] == '0';
        bool integer = !negative_zero;
        if (take('.')) {
            integer = false;
            if (!take_digits()) return false;
        }
        if (take('e') || take('E')) {
            integer = false;
            if (!take('+')) take('-');
            if (!take_digits()) return false;
        }
        return integer ? convert_integer(start, value) : convert_real(start, value);
    }

    bool take_digits() {
        if (!next_is_digit()) return fail(Fault::digit_missing);
        while (next_is_digit()) ++at_;
        return true;
    }

    // std::from_chars knows no locale, and rounds to the nearest double.
    bool convert_integer(std::size_t start, Value& value) {
        std::int64_t number = 0;
        const auto result = std::from_chars(text_.data() + start, text_.data() + at_, number);
        if (result.ec != std::errc{}) return fail(Fault::integer_out_of_range, start);
        value = number;
        return true;
    }

    bool convert_real(std::size_t start, Value& value) {
        double number = 0;
        const auto result = std::from_chars(text_.data() + start, text_.data() + at_, number);
        if (result.ec != std::errc{}) return fail(Fault::number_out_of_range, start);
        value = number;
        return true;
    }

    // At the opening quotation mark.
    bool parse_string(std::string& out) {
        ++at_;
        for (;;) {
            // Of most texts this is all: one run of plain characters, appended at once.
            const std::size_t start = at_;
            while (!at_end() && is_plain(text_[at_])) ++at_;
            out.append(text_, start, at_ - start);
            if (at_end()) return fail(Fault::ends_too_early);
            if (take('"')) return true;
            if (!(next_is('\\') ? parse_escape(out) : parse_character(out))) return false;
        }
    }

    // Neither the end of the string nor the beginning of an escape.
    bool parse_character(std::string& out) {
        if (is_control_character(text_[at_])) return fail(Fault::control_character);
        // RFC 8259 §8.1: "JSON text exchanged between systems that are not part of a closed
        // ecosystem MUST be encoded using UTF-8".
        const Character character = decode_utf8(text_.substr(at_));
        if (character.length == 0) return fail(Fault::invalid_utf8);
        out.append(text_, at_, character.length);
        at_ += character.length;
        return true;
    }

    bool parse_escape(std::string& out) {
        const std::size_t start = at_++;
        if (at_end()) return fail(Fault::ends_too_early);
        switch (text_[at_++]) {
            case '"': out += '"'; return true;
            case '\\': out += '\\'; return true;
            case '/': out += '/'; return true;  // may be escaped, and need not be
            case 'b': out += '\b'; return true;
            case 'f': out += '\f'; return true;
            case 'n': out += '\n'; return true;
            case 'r': out += '\r'; return true;
            case 't': out += '\t'; return true;
            case 'u': return parse_unicode_escape(out, start);
            default: return fail(Fault::unknown_escape, start);
        }
    }

    // After the \u that began at `start`. RFC 8259 §7: a character beyond U+FFFF is "represented
    // as a 12-character sequence, encoding the UTF-16 surrogate pair". Half a pair is no
    // character: there is no UTF-8 for it, so it could not even be written again.
    bool parse_unicode_escape(std::string& out, std::size_t start) {
        char32_t code = 0;
        if (!parse_four_digits(code)) return false;
        if (!complete_surrogate_pair(code, start)) return false;
        append_utf8(out, code);
        return true;
    }

    // Makes one character of `code`, should that be a first half, and of the second half behind it.
    bool complete_surrogate_pair(char32_t& code, std::size_t start) {
        if (is_low_surrogate(code)) return fail(Fault::lone_surrogate, start);
        if (!is_high_surrogate(code)) return true;
        char32_t low = 0;
        if (!text_.substr(at_).starts_with("\\u")) return fail(Fault::lone_surrogate, start);
        at_ += 2;
        if (!parse_four_digits(low)) return false;
        if (!is_low_surrogate(low)) return fail(Fault::lone_surrogate, start);
        // Each half has ten bits, and both together count from U+10000.
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        return true;
    }

    bool parse_four_digits(char32_t& code) {
        unsigned number = 0;
        const std::string_view digits = text_.substr(at_, 4);
        const char* const end = digits.data() + digits.size();
        const auto result = std::from_chars(digits.data(), end, number, 16);
        // from_chars() would be content with fewer digits.
        if (digits.size() < 4) return fail(Fault::malformed_unicode_escape, at_);
        if (result.ec != std::errc{} || result.ptr != end)
            return fail(Fault::malformed_unicode_escape, at_);
        at_ += 4;
        code = number;
        return true;
    }

    std::string_view text_;
    const ParseLimits& limits_;
    std::size_t at_ = 0;  // the next byte
    std::size_t values_ = 0;
    ParseError error_;
};

}  // namespace

ParseError parse(std::string_view text, Value& value, const ParseLimits& limits) {
    return Parser{text, limits}.parse_text(value);
}

}  // namespace json
