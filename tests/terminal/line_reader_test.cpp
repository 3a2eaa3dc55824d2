// Lines from a descriptor, however the bytes arrive.
#include "terminal/line_reader.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <system_error>
#include <vector>

#include "net/fd.hpp"

namespace {

struct Input {
    Input() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        reading = net::Fd{ends[0]};
        writing = net::Fd{ends[1]};
    }
    void type(std::string_view text) {
        REQUIRE(::write(writing.get(), text.data(), text.size()) ==
                static_cast<ssize_t>(text.size()));
    }
    net::Fd reading;
    net::Fd writing;
};

std::vector<std::string> buffered(terminal::LineReader& lines) {
    std::vector<std::string> result;
    while (auto line = lines.next_buffered()) result.push_back(*line);
    return result;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines: several in one read, one in several reads") {
    Input input;
    terminal::LineReader lines{input.reading.get()};
    CHECK(buffered(lines) == Lines{});
    input.type("one\ntwo\n\nthr");
    lines.fill();
    CHECK(buffered(lines) == Lines{"one", "two", ""});
    CHECK_FALSE(lines.at_end());
    input.type("e");
    lines.fill();
    CHECK(buffered(lines) == Lines{});
    input.type("e\nfour\n");
    lines.fill();
    CHECK(buffered(lines) == Lines{"three", "four"});
    CHECK(buffered(lines) == Lines{});
}

TEST_CASE("lines: the last one needs no line feed, and an input may be empty") {
    Input input;
    terminal::LineReader lines{input.reading.get()};
    input.type("one\nrest");
    input.writing.close();
    lines.fill();
    CHECK(buffered(lines) == Lines{"one"});
    lines.fill();
    CHECK(lines.at_end());
    CHECK_FALSE(lines.exhausted());
    CHECK(buffered(lines) == Lines{"rest"});
    CHECK(lines.exhausted());
    CHECK(buffered(lines) == Lines{});

    Input nothing;
    nothing.writing.close();
    terminal::LineReader none{nothing.reading.get()};
    none.fill();
    CHECK(none.at_end());
    CHECK(buffered(none) == Lines{});
}

TEST_CASE("lines: every byte but the line feed belongs to the line") {
    Input input;
    terminal::LineReader lines{input.reading.get()};
    const std::string odd{"a\0b\r\t\xff", 6};
    input.type(odd + "\n");
    lines.fill();
    CHECK(buffered(lines) == Lines{odd});
}

TEST_CASE("lines: a line has a limit, the input has none") {
    Input input;
    terminal::LineReader lines{input.reading.get(), 5};
    input.type("12345\n12345\n12345\n");
    lines.fill();
    CHECK(buffered(lines) == Lines{"12345", "12345", "12345"});
    input.type("123456");
    lines.fill();
    CHECK_THROWS_WITH_AS(lines.next_buffered(), "a line of the input is longer than 5 bytes",
                         terminal::LineTooLong);
}

TEST_CASE("lines: a descriptor that does not block, and one that is closed") {
    Input input;
    ::fcntl(input.reading.get(), F_SETFL, O_NONBLOCK);
    terminal::LineReader lines{input.reading.get()};
    lines.fill();
    CHECK_FALSE(lines.at_end());
    terminal::LineReader closed{-1};
    CHECK_THROWS_WITH_AS(closed.fill(), "cannot read the input: Bad file descriptor",
                         std::system_error);
}
