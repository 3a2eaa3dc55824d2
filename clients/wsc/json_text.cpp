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

std::optional<std::string> indented_json(std::string_view text) {
    json::Value value;
    if (json::parse(text, value)) return std::nullopt;
    Indenter indenter;
    for (const char c : text) indenter.take(c);
    return std::move(indenter).text();
}

}  // namespace wsc
