// Keys to lines, and the columns that a text takes.
#include "terminal/line_editor.hpp"

#include <doctest/doctest.h>

#include "terminal/columns.hpp"

namespace {

void type(terminal::LineEditor& editor, std::string_view keys) {
    for (const char key : keys) editor.key(static_cast<unsigned char>(key));
}

// The line after some keys, with a '|' where the cursor stands.
std::string typed(std::string_view keys) {
    terminal::LineEditor editor;
    type(editor, keys);
    std::string text = editor.text();
    text.insert(editor.cursor(), "|");
    return text;
}

const std::string up = "\x1B[A", down = "\x1B[B", right = "\x1B[C", left = "\x1B[D";

}  // namespace

TEST_CASE("line editor: the cursor moves by characters, and to both ends") {
    CHECK(typed("abc") == "abc|");
    CHECK(typed("abc" + left) == "ab|c");
    CHECK(typed("abc" + left + left + right) == "ab|c");
    CHECK(typed("ab" + left + left + left + "x") == "x|ab");
    CHECK(typed("ab" + right + "x") == "abx|");
    CHECK(typed("\u4E16\u754C" + left) == "\u4E16|\u754C");
    // An accent of its own belongs to the letter before it.
    CHECK(typed("xe\u0301" + left) == "x|e\u0301");
    CHECK(typed("xe\u0301" + left + left + right + right) == "xe\u0301|");
    for (const char* home : {"\x01", "\x1B[H", "\x1BOH", "\x1B[1~", "\x1B[7~"})
        CHECK(typed("abc" + std::string{home} + "x") == "x|abc");
    for (const char* end : {"\x05", "\x1B[F", "\x1BOF", "\x1B[4~", "\x1B[8~"})
        CHECK(typed("abc\x01" + std::string{end} + "x") == "abcx|");
    CHECK(typed("abc\x02\x02\x06x") == "abx|c");
}

TEST_CASE("line editor: words") {
    for (const char* back : {"\x1B[1;5D", "\x1B[1;3D",
                             "\x1B"
                             "b"}) {
        CHECK(typed("one two" + std::string{back}) == "one |two");
        CHECK(typed("one two  " + std::string{back}) == "one |two  ");
        CHECK(typed("one" + std::string{back} + back) == "|one");
    }
    for (const char* forth : {"\x1B[1;5C", "\x1B[1;3C",
                              "\x1B"
                              "f"}) {
        CHECK(typed("one two\x01" + std::string{forth}) == "one| two");
        CHECK(typed("one two\x01" + std::string{forth} + forth + forth) == "one two|");
    }
    CHECK(typed("one two\x17") == "one |");
    CHECK(typed("one two" + left + "\x17") == "one |o");
    CHECK(typed("\x17") == "|");
}

TEST_CASE("line editor: erasing") {
    for (const char* backspace : {"\x7F", "\x08"}) {
        CHECK(typed("ab" + std::string{backspace}) == "a|");
        CHECK(typed("ab" + left + backspace) == "|b");
        CHECK(typed("ab\x01" + std::string{backspace}) == "|ab");
        CHECK(typed("a\U0001F44B" + std::string{backspace}) == "a|");
    }
    for (const char* erase : {"\x1B[3~", "\x04"}) {
        CHECK(typed("abc\x01" + std::string{erase}) == "|bc");
        CHECK(typed("abc" + std::string{erase}) == "abc|");
    }
    CHECK(typed("abc" + left + "\x15") == "|c");
    CHECK(typed("abc" + left + "\x0B") == "ab|");
}

TEST_CASE("line editor: characters come in bytes, and what is none is kept as it is") {
    CHECK(typed("a\xE4\xB8") == "a|");
    CHECK(typed("a\xE4\xB8\x96") == "a\u4E16|");
    CHECK(typed("\xFF"
                "a") ==
          "\xFF"
          "a|");
    CHECK(typed("\xE4"
                "a") ==
          "\xE4"
          "a|");
    CHECK(typed("a\tb") == "a\tb|");
    CHECK(typed("a\x03\x07\x0F"
                "b") == "ab|");
    // Keys that nothing is known about leave nothing behind.
    CHECK(typed("a\x1BOP\x1B[15~\x1B[200~\x1B[1;2Qb") == "ab|");
}

TEST_CASE("line editor: Enter ends lines, Ctrl-D on an empty one ends the input") {
    terminal::LineEditor editor;
    type(editor, "one\rtwo\nthr");
    CHECK(editor.next_finished() == "one");
    CHECK(editor.next_finished() == "two");
    CHECK(editor.next_finished() == std::nullopt);
    CHECK(editor.text() == "thr");
    type(editor, "\x04");
    CHECK_FALSE(editor.at_end());
    type(editor, "\x15\x04");
    CHECK(editor.at_end());
    CHECK_FALSE(editor.take_suspend());
    type(editor, "\x1A\x0C");
    CHECK(editor.take_suspend());
    CHECK_FALSE(editor.take_suspend());
    CHECK(editor.take_clear_screen());
}

TEST_CASE("line editor: earlier lines come back, and the one that was begun is not lost") {
    terminal::LineEditor editor;
    editor.set_history({"old"});
    type(editor, "one\r\r secret\rtwo\rtwo\rthr");
    CHECK(editor.history() == std::vector<std::string>{"old", "one", "two"});
    type(editor, up);
    CHECK(editor.text() == "two");
    type(editor, up + up + up + up);
    CHECK(editor.text() == "old");
    CHECK(editor.cursor() == 3);
    type(editor, down + "\x10\x0E");
    CHECK(editor.text() == "one");
    type(editor, down + down + down);
    CHECK(editor.text() == "thr");
    type(editor, up + "!\r");
    for (const char* line : {"one", "", " secret", "two", "two", "two!"})
        CHECK(editor.next_finished() == line);
    CHECK(editor.history().back() == "two!");
}

TEST_CASE("columns: none, one or two for a character") {
    CHECK(terminal::columns("") == 0);
    CHECK(terminal::columns("abc") == 3);
    CHECK(terminal::columns("Gr\u00FC\u00DFe") == 5);
    CHECK(terminal::columns("\u4E16\u754C") == 4);
    CHECK(terminal::columns("\uD55C\uAE00") == 4);
    CHECK(terminal::columns("\U0001F44B") == 2);
    CHECK(terminal::columns("e\u0301") == 1);
    CHECK(terminal::columns("\uFF21") == 2);
    CHECK(terminal::columns("\u20AC\u2192\u2026") == 3);
    CHECK(terminal::columns("\xFF\xE4") == 2);
    CHECK(terminal::cluster_bytes("e\u0301x") == 3);
    CHECK(terminal::cluster_bytes("\U0001F44Bx") == 4);
    // A flag, a wave with a skin color, a family: one each. And letters that are no flag.
    CHECK(terminal::cluster_bytes("\U0001F1E9\U0001F1EAx") == 8);
    CHECK(terminal::columns("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7") == 4);
    CHECK(terminal::columns("\U0001F1E9x") == 2);
    CHECK(terminal::cluster_bytes("\U0001F44B\U0001F3FDx") == 8);
    CHECK(terminal::columns("\U0001F44B\U0001F3FD") == 2);
    CHECK(terminal::cluster_bytes("\U0001F469\u200D\U0001F467!") == 11);
    CHECK(terminal::columns("\U0001F469\u200D\U0001F467!") == 3);
    CHECK(terminal::columns("\u200Dx\u200D") == 1);
    CHECK(terminal::character_bytes("\u4E16") == 3);
    CHECK(terminal::character_bytes("\xE4\xB8") == 1);
}

TEST_CASE("line editor: what the terminal says by itself, and keys of the Linux console, are no text") {
    terminal::LineEditor editor;
    type(editor, "a\x1B[[A\x1B[[Eb");                          // F1, F5
    type(editor, "\x1B]11;rgb:0000/0000/0000\x07" "c");         // a color, ended by BEL
    type(editor, "\x1B]11;rgb:ffff/ffff/ffff\x1B\\" "d");      // and by ST
    type(editor, "\x1BP>|XTerm(379)\x1B\\" "e");               // its name
    type(editor, "\x1B[?1;2c" "f");
    CHECK(editor.text() == "abcdef");
    // Nothing swallows Enter.
    type(editor, "\x1B]never ended\r");
    CHECK(editor.next_finished() == "abcdef");
}

TEST_CASE("line editor: a pasted CR LF ends one line, not two") {
    terminal::LineEditor editor;
    type(editor, "a\r\nb\r\n\r\n\nc");
    CHECK(editor.next_finished() == "a");
    CHECK(editor.next_finished() == "b");
    CHECK(editor.next_finished() == "");
    CHECK(editor.next_finished() == "");
    CHECK_FALSE(editor.next_finished());
}

TEST_CASE("line editor: what the terminal marks as a paste is one line with line feeds") {
    terminal::LineEditor editor;
    type(editor, "a\x1B[200~one\r\ttwo\x03\n\x1B[201~b\r");
    CHECK(editor.next_finished() == "aone\n\ttwo\nb");
    CHECK_FALSE(editor.next_finished());
    CHECK(editor.history().empty());
}

TEST_CASE("line editor: a paste begins with ESC [ and not with what resembles it") {
    terminal::LineEditor editor;
    type(editor, "a\x1BO200~b\rc");
    CHECK(editor.next_finished() == "ab");
    CHECK(editor.text() == "c");
}

TEST_CASE("line editor: Ctrl-R finds the latest line that holds what is typed, and goes further back") {
    terminal::LineEditor editor;
    editor.set_history({"alpha one", "beta", "alpha two"});
    type(editor, "typed\x12" "al");
    CHECK(editor.searching());
    CHECK(editor.searched() == "al");
    CHECK(editor.text() == "alpha two");
    type(editor, "\x12");
    CHECK(editor.text() == "alpha one");
    type(editor, "\x07");
    CHECK_FALSE(editor.searching());
    CHECK(editor.text() == "typed");
    type(editor, "\x12" "bex\x7F");
    CHECK(editor.text() == "beta");
    type(editor, "\x05!\r");
    CHECK(editor.next_finished() == "beta!");
}
