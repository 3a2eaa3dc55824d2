// The keys of a terminal, as xterm and its many copies send them. Lesson 12.
// An arrow is ESC [ A; with Ctrl it is ESC [ 1 ; 5 A; Delete is ESC [ 3 ~. What is not known here
// is read to its end and dropped, so that no rest of it lands in the line.
#include "terminal/line_editor.hpp"

#include <utility>

#include "terminal/columns.hpp"
#include "ws/characters.hpp"

namespace terminal {

namespace {

// Ctrl with a letter sends the letter's number.
constexpr unsigned char ctrl(char letter) { return static_cast<unsigned char>(letter & 0b0001'1111); }

constexpr unsigned char escape_key = 0x1B, delete_key = 0x7F;

bool is_space(char c) { return c == ' '; }

// The beginning of the cluster before `place`, which is not 0.
std::size_t cluster_before(std::string_view text, std::size_t place) {
    // Nobody types a cluster that is longer; from the front of a long line it would take long.
    constexpr std::size_t longest = 512;
    std::size_t start = character_start(text, place > longest ? place - longest : 0);
    for (;;) {
        const std::size_t next = start + cluster_bytes(text.substr(start));
        if (next >= place) return start;
        start = next;
    }
}

}  // namespace

void LineEditor::key(unsigned char byte) {
    const bool second_half = std::exchange(after_return_, byte == '\r') && byte == '\n';
    if (second_half && escape_ == Escape::none) return;  // of a pasted CR LF
    if (escape_ != Escape::none)
        escape_byte(byte);
    else if (searching_ && search_key(byte))
        return;
    else if (byte == escape_key)
        escape_ = Escape::begun;
    else if (pasting_ && byte < 0x20)
        paste_byte(byte);
    else if ((byte >= 0x20 && byte != delete_key) || byte == '\t')
        insert(byte);
    else
        plain_key(byte);
}

void LineEditor::plain_key(unsigned char byte) {
    partial_.clear();
    switch (byte) {
        case '\r':
        case '\n': finish(); break;
        case ctrl('L'): clear_screen_ = true; break;
        case ctrl('R'):
            // What was typed comes back when the search is given up.
            if (recalled_ == history_.size()) typed_ = text_;
            searching_ = true;
            searched_.clear();
            break;
        case ctrl('Z'): suspend_ = true; break;
        case ctrl('D'):  // in an empty line the end of the input, as for a shell
            at_end_ = at_end_ || text_.empty();
            erase_next();
            break;
        default: editing_key(byte);
    }
}

void LineEditor::editing_key(unsigned char byte) {
    // A shell's own keys, so that nobody has to learn others here.
    switch (byte) {
        case ctrl('A'): cursor_ = 0; break;
        case ctrl('E'): cursor_ = text_.size(); break;
        case ctrl('B'): left(); break;
        case ctrl('F'): right(); break;
        case ctrl('P'):
            if (recalled_ > 0) recall(recalled_ - 1);
            break;
        case ctrl('N'):
            if (recalled_ < history_.size()) recall(recalled_ + 1);
            break;
        case ctrl('U'): text_.erase(0, std::exchange(cursor_, 0)); break;
        case ctrl('K'): text_.erase(cursor_); break;
        case ctrl('W'): {
            const std::size_t end = cursor_;
            left(true);
            text_.erase(cursor_, end - cursor_);
            break;
        }
        case ctrl('H'):
        case delete_key:
            if (cursor_ == 0) break;
            left();
            erase_next();
            break;
        default: break;
    }
}

void LineEditor::escape_byte(unsigned char byte) {
    if (escape_ == Escape::string || escape_ == Escape::string_end) {
        string_byte(byte);
    } else if (escape_ == Escape::linux_key) {
        escape_ = Escape::none;  // F1 to F5 of the Linux console: ESC [ [ A
    } else if (escape_ == Escape::begun) {
        constexpr std::string_view begin_strings = "]PX^_";
        escape_ = byte == '['   ? Escape::sequence
                  : byte == 'O' ? Escape::single_shift
                  : begin_strings.find(static_cast<char>(byte)) != std::string_view::npos
                      ? Escape::string
                      : Escape::none;
        parameters_.clear();
        // Alt with a letter; some terminals send it for Alt with an arrow, too.
        if (byte == 'b') left(true);
        if (byte == 'f') right(true);
    } else if (byte == '[' && parameters_.empty()) {
        escape_ = Escape::linux_key;
    } else if (byte >= 0x40 && byte <= 0x7E) {
        escape_sequence(byte, std::exchange(escape_, Escape::none) == Escape::sequence);
    } else if (parameters_.size() < 16) {  // no key has more; what a peer could send takes no memory
        parameters_ += static_cast<char>(byte);
    }
}

// Answers of the terminal (its colors, its name): ESC ] or ESC P, then text, then BEL or ESC \.
// Any other control character, Enter say, is a key: nobody's keyboard is swallowed for ever.
void LineEditor::string_byte(unsigned char byte) {
    const bool ends = byte == 0x07 || (escape_ == Escape::string_end && byte == '\\');
    if (ends)
        escape_ = Escape::none;
    else if (byte == escape_key)
        escape_ = Escape::string_end;
    else if (byte < 0x20) {
        escape_ = Escape::none;
        key(byte);
    } else
        escape_ = Escape::string;
}

// 5 is Ctrl, 3 is Alt. Home and End have three spellings each, by the age of the terminal. Between 200
// and 201 is what was pasted, where the terminal was asked to say so; that is a control sequence (ESC [),
// which ESC O only resembles.
void LineEditor::escape_sequence(unsigned char final, bool control) {
    const bool word = parameters_.ends_with(";5") || parameters_.ends_with(";3");
    const std::string key = final == '~' ? parameters_ : std::string{static_cast<char>(final)};
    if (key == "A") editing_key(ctrl('P'));
    if (key == "B") editing_key(ctrl('N'));
    if (key == "C") right(word);
    if (key == "D") left(word);
    if (key == "H" || key == "1" || key == "7") cursor_ = 0;
    if (key == "F" || key == "4" || key == "8") cursor_ = text_.size();
    if (key == "3") erase_next();
    if (control && (key == "200" || key == "201")) pasting_ = key == "200";
}

// The bytes of a character come one by one; it enters the line whole, so that the cursor never
// stands within it. What turns out to be none enters as it is.
void LineEditor::insert(unsigned char byte) {
    if (!partial_.empty() && !ws::continues_character(byte)) {
        text_.insert(cursor_, partial_);
        cursor_ += std::exchange(partial_, {}).size();
    }
    partial_ += static_cast<char>(byte);
    if (partial_.size() < ws::announced_bytes(static_cast<std::uint8_t>(partial_[0]))) return;
    text_.insert(cursor_, partial_);
    cursor_ += std::exchange(partial_, {}).size();
}

void LineEditor::finish() {
    if (is_remembered(text_) && (history_.empty() || history_.back() != text_))
        history_.push_back(text_);
    recalled_ = history_.size();
    finished_.push_back(std::exchange(text_, {}));
    typed_.clear();
    cursor_ = 0;
}

// True: the key belongs to the search. Any other ends it, and does what it does.
bool LineEditor::search_key(unsigned char byte) {
    const bool erases = byte == ctrl('H') || byte == delete_key;
    if (byte == ctrl('R')) {
        if (!searched_.empty()) search_from(recalled_);
        return true;
    }
    if (byte == ctrl('G') || (erases && searched_.empty())) {
        searching_ = false;
        recall(history_.size());
        return true;
    }
    if (!erases && byte < 0x20) {
        searching_ = false;
        return false;
    }
    if (erases)
        searched_.erase(cluster_before(searched_, searched_.size()));
    else
        searched_ += static_cast<char>(byte);
    // From the latest line again: a shorter text may stand in one that was passed over.
    search_from(history_.size());
    return true;
}

// The latest line before `place` that holds it; where there is none, what is shown stays.
void LineEditor::search_from(std::size_t place) {
    while (place > 0) {
        const std::size_t found = history_[--place].find(searched_);
        if (found == std::string::npos) continue;
        recalled_ = place;
        text_ = history_[place];
        cursor_ = found;
        return;
    }
}

// A line's end within a paste is a character; a terminal sends CR for it. Other keys are dropped.
void LineEditor::paste_byte(unsigned char byte) {
    if (byte == '\t') return insert(byte);
    if (byte != '\r' && byte != '\n') return;
    partial_.clear();
    text_.insert(cursor_++, 1, '\n');
}

void LineEditor::left(bool word) {
    const auto step = [this] { cursor_ = cluster_before(text_, cursor_); };
    while (word && cursor_ > 0 && is_space(text_[cursor_ - 1])) step();
    if (cursor_ > 0) step();
    while (word && cursor_ > 0 && !is_space(text_[cursor_ - 1])) step();
}

void LineEditor::right(bool word) {
    const auto step = [this] { cursor_ += cluster_bytes(std::string_view{text_}.substr(cursor_)); };
    while (word && cursor_ < text_.size() && is_space(text_[cursor_])) step();
    if (cursor_ < text_.size()) step();
    while (word && cursor_ < text_.size() && !is_space(text_[cursor_])) step();
}

void LineEditor::erase_next() {
    if (cursor_ < text_.size())
        text_.erase(cursor_, cluster_bytes(std::string_view{text_}.substr(cursor_)));
}

void LineEditor::recall(std::size_t place) {
    if (recalled_ == history_.size()) typed_ = text_;
    recalled_ = place;
    text_ = place < history_.size() ? history_[place] : typed_;
    cursor_ = text_.size();
}

std::optional<std::string> LineEditor::next_finished() {
    if (finished_.empty()) return std::nullopt;
    std::string line = std::move(finished_.front());
    finished_.pop_front();
    return line;
}

bool LineEditor::take_clear_screen() { return std::exchange(clear_screen_, false); }

bool LineEditor::take_suspend() { return std::exchange(suspend_, false); }

void LineEditor::set_history(std::vector<std::string> lines) {
    history_ = std::move(lines);
    recalled_ = history_.size();
}

}  // namespace terminal
