// The notes that a run makes, and the block of text under a byte that is off.
// The form of a failure is that of the course: number, arrow, bytes, what they are; then the mark.
#include "lessons/tools/check/run.hpp"

#include <algorithm>
#include <utility>

#include "lessons/tools/check/backstage.hpp"
#include "lessons/tools/check/callee.hpp"
#include "lessons/tools/check/mistakes.hpp"

namespace check {

namespace {

constexpr std::size_t shown_bytes = 8;
constexpr std::size_t bytes_column = 5;  // " 1 → "
constexpr std::size_t hex_column = 3 * shown_bytes + 4;
constexpr std::size_t page_width = 88;

std::vector<std::string> indented(std::string_view text, std::size_t column) {
    std::vector<std::string> lines = wrap(text, page_width - column);
    for (std::string& line : lines) line.insert(0, column, ' ');
    return lines;
}

// " ^^ text", with its further lines below the text.
std::vector<std::string> marked(std::size_t column, std::size_t bytes, std::string_view text) {
    const std::string mark = std::string(column, ' ') + std::string(3 * bytes - 1, '^') + ' ';
    // Far to the right there is no room for words: they begin on a line of their own.
    const std::size_t words = column > 40 ? bytes_column + 3 : mark.size();
    std::vector<std::string> lines = indented(text, words);
    if (words == mark.size())
        lines.front().replace(0, mark.size(), mark);
    else
        lines.insert(lines.begin(), mark);
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
}

std::string cut_in_words(Cut cut) {
    switch (cut) {
        case Cut::whole: return "";
        case Cut::byte_by_byte:
            return "Sent in one piece, the same bytes are answered rightly. This time they came "
                   "one byte at a time.";
        case Cut::inside:
            return "Sent in one piece, the same bytes are answered rightly. This time they came "
                   "in pieces, cut inside the header.";
        case Cut::glued:
            return "Sent one after the other, the same bytes are answered rightly. This time "
                   "everything came at once, in a single read.";
    }
    return "";
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed: return "passed";
        case Verdict::wrong: return "wrong";
        case Verdict::crashed: return "crashed";
        case Verdict::nothing_received: return "nothing received";
        case Verdict::closed_early: return "closed early";
        case Verdict::timed_out: return "timed out";
        case Verdict::too_slow: return "too slow";
        case Verdict::not_compiled: return "did not compile";
    }
    return "";
}

Run::Run(RunOptions options) : backstage_{std::make_unique<Backstage>(*this, std::move(options))} {}
Run::~Run() = default;

Milliseconds Run::patience() const { return backstage_->options.patience; }

// --- numbers ------------------------------------------------------------------------------------

std::uint64_t Run::number(std::uint64_t lowest, std::uint64_t highest) {
    return lowest + backstage_->random() % (highest - lowest + 1);
}

Key Run::key() {
    if (backstage_->takes_the_texts_key()) return {0x37, 0xFA, 0x21, 0x3D};
    Key key;
    // Four different bytes, none zero: a key used in the wrong order must show.
    do {
        for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(number(1, 255));
        std::ranges::sort(key);
    } while (std::ranges::adjacent_find(key) != key.end());
    for (std::size_t i = 3; i > 0; --i) std::swap(key[i], key[number(0, i)]);
    return key;
}

Buffer Run::random_bytes(std::size_t size) {
    Buffer bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(backstage_->random());
    return bytes;
}

std::string Run::payload(std::size_t size) {
    std::string text;
    while (text.size() < size) {
        const auto c = static_cast<char>('a' + number(0, 25));
        if (text.empty() || text.back() != c) text += c;
    }
    return text;
}

std::string Run::repeated(std::size_t size) {
    return std::string(size, backstage_->options.seed == 0 ? 'a' : static_cast<char>('a' + number(0, 25)));
}

// --- the exchange -------------------------------------------------------------------------------

// A quiet line takes no number: what is shown is numbered without gaps.
void Run::show_line(Way way, std::string_view what, bool quiet) {
    if (quiet) backstage_->take_number_back();
    std::string line = backstage_->next_number() + (way == Way::from_client ? " → " : " ← ");
    backstage_->note(quiet ? 'Q' : 'L', line.append(what));
}

void Run::step(std::string what) {
    backstage_->note('S', what);
    backstage_->note('L', backstage_->next_number() + "   " + what);
}

void Run::fresh() {
    backstage_->note('X', "");
    backstage_->restart_numbers();
}

void Run::show(Way way, Bytes bytes, std::string_view meaning, bool quiet) {
    const std::string shown = hex(bytes, shown_bytes);
    show_line(way, shown + std::string(hex_column - columns(shown), ' ') + std::string{meaning}, quiet);
    backstage_->note('B', hex(bytes, 256));
}

void Run::show_frames(Way way, Bytes bytes, bool quiet) {
    while (!bytes.empty()) {
        const Seen seen = read_frame(bytes);
        show(way, bytes.first(seen.size), describe(seen), quiet);
        bytes = bytes.subspan(seen.size);
    }
}

void Run::show_bytes(Way way, Bytes bytes, bool quiet) {
    const std::string_view text = text_of(bytes);
    if (text.find("HTTP/") == text.npos) {
        const std::size_t size = bytes.size();
        show(way, bytes,
             std::to_string(size) + (size == 1 ? " byte " : " bytes ") + quote(bytes, 24), quiet);
        return;
    }
    // A head is text: a line each, and no hex.
    std::string lines;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        const std::string quoted = quote(line, 400);
        lines += (lines.empty() ? "" : "\n     ") + quoted.substr(1, quoted.size() - 2);
    }
    show_line(way, lines, quiet);
}

void Run::show_event(Way way, std::string_view what, bool quiet) {
    show_line(way, std::string(hex_column, ' ').append(what), quiet);
}

// --- judging ------------------------------------------------------------------------------------

void Run::fail(Verdict verdict, std::string says) {
    // Whatever was seen from outside: a program that died is the reason for it.
    if (verdict != Verdict::crashed) {
        const bool silent = verdict == Verdict::nothing_received || verdict == Verdict::closed_early;
        backstage_->look_for_crashes(Milliseconds{silent ? 300 : 20});
    }
    end(verdict, says, joined(indented(says, bytes_column + 3)));
}

void Run::end(Verdict verdict, std::string_view says, std::string_view block) {
    backstage_->note('V', name_of(verdict));
    backstage_->note('1', says);
    backstage_->note('T', block);
    backstage_->note('C', cut_in_words(backstage_->cut()));
    backstage_->tell_printed();
    throw Failed{};
}

void Run::fail_value(std::string_view what, const std::string& got, const std::string& expected,
                     std::string_view why) {
    std::string says = std::string{what} + " is " + got + ", expected " + expected;
    if (!why.empty()) says.append("\n").append(why);
    fail(Verdict::wrong, says);
}

void Run::same_bytes(std::string_view what, Bytes got, Bytes expected, const Mistakes& mistakes,
                     bool frames) {
    if (std::ranges::equal(got, expected)) return;
    const std::size_t at = first_difference(got, expected);
    const std::string label = std::string{what} + " gives";
    step(label);
    backstage_->take_number_back();
    if (got.empty())
        backstage_->note('L', std::string(bytes_column, ' ') + "no byte at all");
    else
        backstage_->note('L', std::string(bytes_column, ' ') + hex(got, shown_bytes) +
                      std::string(hex_column - columns(hex(got, shown_bytes)), ' ') +
                      (frames ? describe(read_frame(got)) : std::to_string(got.size()) + " bytes"));
    backstage_->next_number();
    const Came came{{}, expected, got, at, Verdict::wrong, frames};
    fail_marked(came, mistakes, "");
}

void Run::fail_marked(const Came& came, const Mistakes& mistakes, std::string fallback) {
    if (came.verdict != Verdict::wrong) backstage_->look_for_crashes(Milliseconds{300});
    Explained found{came.at, std::move(fallback)};
    bool known = false;
    const auto try_all = [&](const Mistakes& list) {
        for (const Mistake& mistake : list)
            if (std::optional<Explained> explained = known ? std::nullopt : mistake(came)) {
                found = std::move(*explained);
                known = true;
            }
    };
    try_all(mistakes);
    try_all(common_mistakes());
    if (!known && found.says.empty()) found = explain_difference(came);
    if (came.verdict != Verdict::wrong) fail(came.verdict, found.says);

    backstage_->look_for_crashes(Milliseconds{20});
    if (came.frames && found.says.find("xpected") == found.says.npos)
        found.says += "  Expected " + expected_bytes(came, found.at + found.count - 1);
    std::string block;
    // The line above shows eight bytes. What comes after them gets a line of its own.
    std::size_t first = 0;
    if (found.at >= shown_bytes && found.at < came.got.size()) {
        first = found.at - 2;
        const std::string place = "byte " + std::to_string(found.at) + ": ";
        block = std::string(bytes_column, ' ') + place + "… " +
                hex(came.got.subspan(first), shown_bytes) + '\n';
        block += joined(marked(bytes_column + place.size() + 2 + 6, found.count, found.says));
    } else {
        const std::size_t column = bytes_column + 3 * std::min(found.at, shown_bytes);
        block = joined(marked(column, found.count, found.says));
    }
    end(came.verdict, found.says, block);
}

void Run::fail_line(std::string_view line, std::string says) {
    backstage_->look_for_crashes(Milliseconds{20});
    const std::string quoted = quote(line, 75);
    end(Verdict::wrong, says,
        std::string(bytes_column, ' ') + quoted.substr(1, quoted.size() - 2) + '\n' +
            joined(marked(bytes_column, 1, says)));
}

std::string Run::in_pieces(const std::vector<Buffer>& pieces) {
    if (pieces.size() == 1) return hex(pieces.front(), 14);
    std::string text;
    std::size_t shown = 0;
    for (const Buffer& piece : pieces) {
        if (shown > 14) return text + " | …";
        text += (text.empty() ? "" : " | ") + hex(piece, 14);
        shown += piece.size();
    }
    return text;
}

void Run::for_every_cut(Bytes bytes,
                        const std::function<void(const std::vector<Buffer>&)>& read) {
    const auto piece = [&](std::size_t begin, std::size_t end) {
        const Bytes part = bytes.subspan(begin, end - begin);
        return Buffer(part.begin(), part.end());
    };
    const unsigned lines = backstage_->numbers();
    backstage_->note('{', "");
    const auto attempt = [&](const std::vector<Buffer>& pieces) {
        backstage_->note('<', "");  // the steps of an attempt that passed are of no interest
        backstage_->restart_numbers(lines);
        read(pieces);
    };
    attempt({piece(0, bytes.size())});
    std::vector<Buffer> single;
    for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(piece(i, i + 1));
    attempt(single);
    for (std::size_t i = 1; i < bytes.size(); ++i)
        attempt({piece(0, i), piece(i, bytes.size())});
    backstage_->note('<', "");
}

void Run::within(Milliseconds budget, std::string_view what, const std::function<void()>& work) {
    backstage_->note('S', what);
    // The time of the process at work, not that of the clock on the wall: others are at work, too.
    const auto now = [this] { return students_process().cpu_time(); };
    const Milliseconds begin = now();
    backstage_->budget = {std::string{what}, budget};
    work();
    backstage_->budget.reset();
    if (const Milliseconds took = now() - begin; took > budget)
        fail(Verdict::too_slow, std::string{what} + " took " + std::to_string(took.count()) +
                                    " ms; " + std::to_string(budget.count()) +
                                    " ms are plenty. The result is right.");
}

// --- functions ----------------------------------------------------------------------------------

Answer Run::call(const Call& call) {
    step(call.text());
    return backstage_->callee().wait(backstage_->callee().send('c', call), call.text());
}

Pending Run::start(const Call& call) {
    step(call.text());
    return {backstage_->callee(), backstage_->callee().send('a', call), call.text()};
}

Program& Run::students_process() { return backstage_->callee().program(); }

}  // namespace check
