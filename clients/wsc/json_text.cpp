// Outside of strings, RFC 8259 has six characters that make structure; each decides about a line.
// json/parse has read the text before, so nothing is checked here.
// Leaves out: short arrays in one line; what is large is what needs to be laid out.
#include "clients/wsc/json_text.hpp"

#include "json/parse.hpp"

namespace wsc {

namespace {

class Indenter {
  public:
    void take(char c) {
        if (in_string_) {
            out_ += c;
            if (!escaped_ && c == '"') in_string_ = false;
            escaped_ = !escaped_ && c == '\\';
            return;
        }
        switch (c) {
            case ' ':
            case '\t':
            case '\r':
            case '\n': return;
            case ']':
            case '}':
                --depth_;
                if (!opened_) new_line();  // [] and {} stay together
                opened_ = false;
                break;
            default:
                if (opened_) new_line();
                opened_ = false;
        }
        out_ += c;
        if (c == ',') new_line();
        if (c == ':') out_ += ' ';
        if (c == '[' || c == '{') {
            ++depth_;
            opened_ = true;
        }
        in_string_ = c == '"';
    }

    std::string text() && { return std::move(out_); }

  private:
    void new_line() { out_.append("\n").append(2 * depth_, ' '); }

    std::string out_;
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool opened_ = false;  // the bracket before this has had nothing in it yet
};

}  // namespace

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259 §6: number = [ minus ] int [ frac ] [ exp ]
bool is_number(std::string_view text) {
    const auto digits = [&text] {
        std::size_t count = 0;
        for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) ++count;
        return count;
    };
    const auto take = [&text](std::string_view any) {
        const bool there = !text.empty() && any.find(text.front()) != std::string_view::npos;
        if (there) text.remove_prefix(1);
        return there;
    };
    take("-");
    const bool zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (take(".") && digits() == 0) return false;
    if (take("eE") && (take("+-"), digits() == 0)) return false;
    return text.empty();
}

// A number may be larger than any of our types; it is shown as it was sent. For the parser, which
// must hold a value for each, a 0 stands in its place.
std::string without_numbers(std::string_view text) {
    std::string result;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (!in_string && (c == '-' || is_digit(c))) {
            const std::size_t end =
                std::min(text.find_first_not_of("0123456789+-.eE", i), text.size());
            const std::string_view number = text.substr(i, end - i);
            result += is_number(number) ? "0" : number;
            i = end;
            continue;
        }
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\\' && i + 1 < text.size()) result += text[i++];
        result += text[i++];
    }
    return result;
}

}  // namespace

std::optional<std::string> indented_json(std::string_view text) {
    json::Value value;
    if (json::parse(without_numbers(text), value)) return std::nullopt;
    Indenter indenter;
    for (const char c : text) indenter.take(c);
    return std::move(indenter).text();
}

}  // namespace wsc
