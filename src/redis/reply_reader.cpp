// Reading RESP2 and RESP3, of which the first is a part of the second. Lesson 16.
// State lies in the reply (which arrays are open, how long the text is), never in the chunk that
// arrived: the bytes of a step are used when the step is whole, and looked at again otherwise.
// Leaves out: RESP3's lengths that come later ("$?"), which no Redis sends.
#include "redis/reply_reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace redis {

namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::size_t item_cost = 64;  // about what a Reply takes, and what an empty one costs us

// A whole line of digits, with a sign or without.
template <typename Number>
std::optional<Number> number(std::string_view digits) {
    Number value{};
    if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

bool is_big_number(std::string_view digits) {
    if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<Reply> ReplyReader::next() {
    std::optional<Reply> complete;
    while (!complete && step(complete)) {
    }
    // What has been used goes when it is a good part: moving the rest each time would cost more.
    if (used_ == bytes_.size() || used_ > 64 * 1024) {
        bytes_.erase(0, used_);
        looked_ -= std::min(looked_, used_);
        used_ = 0;
    }
    return complete;
}

// One line or one text. False: not there yet, or wrong.
bool ReplyReader::step(std::optional<Reply>& complete) {
    if (!failed_.empty()) return false;
    if (in_text_) return take_text(complete);
    const std::size_t end = bytes_.find(end_of_line, std::max(used_, looked_));
    if (end == std::string::npos) {
        // The last byte may be half of an end of line.
        looked_ = bytes_.empty() ? 0 : bytes_.size() - 1;
        const std::size_t half = bytes_.ends_with('\r') ? 1 : 0;
        if (bytes_.size() - used_ > limits_.max_line_bytes + half) return fail("a line that is too long");
        return false;
    }
    if (end - used_ > limits_.max_line_bytes) return fail("a line that is too long");
    const std::size_t begin_of_line = std::exchange(used_, end + end_of_line.size());
    looked_ = used_;
    return begin(std::string_view{bytes_}.substr(begin_of_line, end - begin_of_line), complete);
}

bool ReplyReader::begin(std::string_view line, std::optional<Reply>& complete) {
    if (line.empty()) return fail("an empty line in the place of a reply");
    kind_ = line.front();
    const std::string_view rest = line.substr(1);
    switch (kind_) {
        case '+': return take({.kind = Reply::Kind::status, .text = std::string{rest}}, complete);
        case '-': return take({.kind = Reply::Kind::error, .text = std::string{rest}}, complete);
        case ':':
            if (const auto value = number<std::int64_t>(rest))
                return take({.kind = Reply::Kind::integer, .integer = *value}, complete);
            return fail("a number that is none");
        // What RESP3 alone has gets the value that RESP2 would have written for it.
        case '#':
            if (rest != "t" && rest != "f") return fail("a boolean that is none");
            return take({.kind = Reply::Kind::integer, .integer = rest == "t" ? 1 : 0}, complete);
        case ',':
        case '(':
            if (kind_ == ',' ? !number<double>(rest) : !is_big_number(rest))
                return fail("a number that is none");
            return take({.kind = Reply::Kind::text, .text = std::string{rest}}, complete);
        case '_': return rest.empty() ? take({}, complete) : fail("a null that says more");
        case '$':
        case '=':
        case '!': return begin_text(rest, complete);
        case '*':
        case '~':  // a set
        case '%':  // a map
        case '|':  // an attribute
        case '>': return begin_array(rest, complete);  // a push
        default: return fail("a reply of an unknown kind");
    }
}

bool ReplyReader::begin_text(std::string_view digits, std::optional<Reply>& complete) {
    const auto size = number<std::int64_t>(digits);
    if (size == -1 && kind_ == '$') return take({}, complete);
    if (!size || *size < 0) return fail("a text whose length is no number");
    text_size_ = static_cast<std::size_t>(*size);
    if (text_size_ > limits_.max_text_bytes) return fail("a text that is too long");
    if (!count(text_size_)) return false;
    in_text_ = true;
    return true;
}

bool ReplyReader::begin_array(std::string_view digits, std::optional<Reply>& complete) {
    const auto size = number<std::int64_t>(digits);
    if (size == -1 && kind_ == '*') return take({}, complete);
    if (!size || *size < 0) return fail("an array whose length is no number");
    // A push stands between two replies, never in one. An attribute may stand before any part.
    if (kind_ == '>' && !open_.empty()) return fail("a push within a reply");
    const std::size_t each = kind_ == '%' || kind_ == '|' ? 2 : 1;
    const auto entries = static_cast<std::size_t>(*size);
    if (entries > limits_.max_items / each) return fail("an array that is too long");
    const bool aside = kind_ == '|' || kind_ == '>';
    Reply array{.kind = kind_ == '%' ? Reply::Kind::map : Reply::Kind::array};
    if (entries == 0) return aside || take(std::move(array), complete);
    if (open_.size() == limits_.max_depth) return fail("arrays that are nested too deep");
    // No room is made for what is only announced: an item costs its sender three bytes at least.
    if (!count(0)) return false;
    open_.push_back({.array = std::move(array), .missing = entries * each, .aside = aside});
    return true;
}

// What is whole with its line.
bool ReplyReader::take(Reply reply, std::optional<Reply>& complete) {
    if (!count(reply.text.size())) return false;
    close_arrays(std::move(reply), complete);
    return true;
}

bool ReplyReader::take_text(std::optional<Reply>& complete) {
    if (bytes_.size() - used_ < text_size_ + end_of_line.size()) return false;
    std::string_view text = std::string_view{bytes_}.substr(used_, text_size_);
    if (bytes_.compare(used_ + text_size_, end_of_line.size(), end_of_line) != 0)
        return fail("a text that does not end where it said");
    // "txt:", "mkd:": how a verbatim text is written is no part of it.
    if (kind_ == '=' && text.find(':') != 3) return fail("a verbatim text of no kind");
    if (kind_ == '=') text.remove_prefix(4);
    Reply reply{.kind = Reply::Kind::text, .text = std::string{text}};
    if (kind_ == '!') reply.kind = Reply::Kind::error;
    used_ += text_size_ + end_of_line.size();
    looked_ = used_;
    in_text_ = false;
    close_arrays(std::move(reply), complete);
    return true;
}

// A reply is whole: it is an item of the array that is open, or it is what was asked for.
void ReplyReader::close_arrays(Reply reply, std::optional<Reply>& complete) {
    while (!open_.empty()) {
        Open& inner = open_.back();
        inner.array.items.push_back(std::move(reply));
        if (--inner.missing > 0) return;
        reply = std::move(inner.array);
        const bool aside = inner.aside;
        open_.pop_back();
        if (aside) return;
    }
    complete = std::move(reply);
}

// Items count as well as bytes: a million empty texts are memory, too.
bool ReplyReader::count(std::size_t bytes) {
    if (open_.empty()) kept_ = 0;
    kept_ += bytes + item_cost;
    return kept_ <= limits_.max_reply_bytes || fail("a reply that is too large");
}

bool ReplyReader::fail(std::string what) {
    failed_ = "the server sent " + std::move(what) + "; is it a Redis server?";
    return false;
}

}  // namespace redis
