// Reading exercises: "here are the bytes of a broken server; which byte is wrong, and why?"
// The bytes are made by code and so is the answer, when it is asked for: nothing is written down
// beside the question. `make answer-N T=k` asks, `make answer-N T=k A='3'` judges.
//
//   const check::Reading swapped{
//       {.lesson = 5, .exercise = 2, .question = "A server sends this text. Which byte is wrong?"},
//       [] { return broken_reply(); },
//       [](check::Bytes bytes, std::string_view answer) {
//           return check::judge_difference(bytes, right_reply(), answer,
//                                          "the length stands in host byte order");
//       }};
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lessons/tools/check/frame.hpp"

namespace check {

struct ReadingInfo {
    int lesson = 0;
    int exercise = 0;          // the k of `make answer-N T=k`; a second one is T=1b
    std::string question{};
    bool as_text = false;      // the bytes are a head: shown as lines, not as hex
    std::string answer_form{"a number, and why"};  // what A='…' holds
};

struct Judgement {
    bool right = false;
    std::string says{};  // why it is right, or what the chosen byte really is
};

class Reading {
  public:
    using Make = std::function<Buffer()>;
    // `answer` is what the student wrote, without blanks around it, never empty.
    using Judge = std::function<Judgement(Bytes bytes, std::string_view answer)>;

    // Registers itself; lives as long as the program.
    Reading(ReadingInfo info, Make make, Judge judge);
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    const ReadingInfo& info() const { return info_; }
    Buffer bytes() const { return make_(); }
    Judgement judge(std::string_view answer) const;

    // Question and bytes: eight to a line with the offset of the first, or lines with numbers.
    std::string show() const;

    // All, in the order of lesson and exercise; those of one exercise as they stand in its file.
    static std::vector<const Reading*> all();

  private:
    ReadingInfo info_;
    Make make_;
    Judge judge_;
};

// The first word of an answer as a number: "3", "0x7E", "byte 3". Nothing when there is none.
std::optional<std::uint64_t> number_in(std::string_view answer);

// Was the byte at `offset` named? Another one is explained as a byte of the frame at its front:
// what it is, and that it is right.
Judgement judge_offset(Bytes bytes, std::string_view answer, std::size_t offset,
                       std::string_view why);
// The same where the right bytes are known: each byte in which the two differ is an answer.
Judgement judge_difference(Bytes bytes, Bytes right, std::string_view answer, std::string_view why);
// The same for the lines of a head, counted from 1.
Judgement judge_line(Bytes head, std::string_view answer, std::size_t line, std::string_view why);
// Was the number (a length, a close code) named?
Judgement judge_number(std::string_view answer, std::uint64_t number, std::string_view why);

}  // namespace check
