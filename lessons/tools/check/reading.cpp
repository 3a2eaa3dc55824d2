// Reading exercises: their list, what a question looks like, and the judgement of an answer.
// RFC 6455 §5.2 is read by check/frame, never by what a student wrote.
#include "lessons/tools/check/reading.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace check {

namespace {

// Readings register themselves before main() begins, in an order that nobody knows.
std::vector<const Reading*>& list() {
    static std::vector<const Reading*> readings;
    return readings;
}

std::vector<std::string_view> lines_of(Bytes head) {
    std::vector<std::string_view> lines;
    std::string_view rest = text_of(head);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

constexpr std::string_view not_a_number = "an answer begins with a number, such as A='3'";

}  // namespace

Reading::Reading(ReadingInfo info, Make make, Judge judge)
    : info_{std::move(info)}, make_{std::move(make)}, judge_{std::move(judge)} {
    list().push_back(this);
}

std::vector<const Reading*> Reading::all() {
    std::vector<const Reading*> readings = list();
    std::ranges::stable_sort(readings, {}, [](const Reading* reading) {
        return std::pair{reading->info().lesson, reading->info().exercise};
    });
    return readings;
}

Judgement Reading::judge(std::string_view answer) const {
    return trim(answer).empty() ? Judgement{false, std::string{not_a_number}}
                                : judge_(make_(), trim(answer));
}

std::string Reading::show() const {
    std::string text;
    for (const std::string& line : wrap(info_.question, 90)) text += line + '\n';
    const Buffer bytes = make_();
    char number[32];
    if (info_.as_text) {
        std::size_t count = 0;
        for (const std::string_view line : lines_of(bytes)) {
            std::snprintf(number, sizeof number, "%4zu  ", ++count);
            const std::string quoted = quote(line);
            text += number + quoted.substr(1, quoted.size() - 2) + '\n';
        }
        return text;
    }
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        std::snprintf(number, sizeof number, "%4zu  ", at);
        const Bytes row = Bytes{bytes}.subspan(at, std::min<std::size_t>(8, bytes.size() - at));
        text += number + hex(row) + '\n';
    }
    return text;
}

std::optional<std::uint64_t> number_in(std::string_view answer) {
    const std::size_t first = answer.find_first_of("0123456789");
    if (first == answer.npos) return std::nullopt;
    answer.remove_prefix(first);
    int base = 10;
    if (answer.starts_with("0x") || answer.starts_with("0X")) {
        answer.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const auto result = std::from_chars(answer.data(), answer.data() + answer.size(), value, base);
    if (result.ec != std::errc{}) return std::nullopt;
    return value;
}

Judgement judge_offset(Bytes bytes, std::string_view answer, std::size_t offset,
                       std::string_view why) {
    const auto chosen = number_in(answer);
    if (!chosen) return {false, std::string{not_a_number}};
    if (*chosen == offset)
        return {true, "byte " + std::to_string(offset) + ": " + std::string{why}};
    if (*chosen >= bytes.size())
        return {false, "there are bytes 0 to " + std::to_string(bytes.size() - 1)};
    return {false, what_is(bytes, static_cast<std::size_t>(*chosen)) +
                       ". That is not the byte that is wrong."};
}

Judgement judge_difference(Bytes bytes, Bytes right, std::string_view answer,
                           std::string_view why) {
    const auto chosen = number_in(answer);
    std::size_t offset = first_difference(bytes, right);
    if (chosen && *chosen < std::min(bytes.size(), right.size()) &&
        bytes[static_cast<std::size_t>(*chosen)] != right[static_cast<std::size_t>(*chosen)])
        offset = static_cast<std::size_t>(*chosen);
    return judge_offset(bytes, answer, offset, why);
}

Judgement judge_line(Bytes head, std::string_view answer, std::size_t line, std::string_view why) {
    const std::size_t count = lines_of(head).size();
    const auto chosen = number_in(answer);
    if (!chosen) return {false, std::string{not_a_number}};
    if (*chosen == line) return {true, "line " + std::to_string(line) + ": " + std::string{why}};
    if (*chosen == 0 || *chosen > count)
        return {false, "there are lines 1 to " + std::to_string(count)};
    const std::string_view text = lines_of(head)[static_cast<std::size_t>(*chosen) - 1];
    return {false, "line " + std::to_string(*chosen) + ", " + quote(text) +
                       ", is as it should be. That is not the line that is wrong."};
}

Judgement judge_number(std::string_view answer, std::uint64_t number, std::string_view why) {
    const auto chosen = number_in(answer);
    if (!chosen) return {false, std::string{not_a_number}};
    if (*chosen == number) return {true, std::to_string(number) + ": " + std::string{why}};
    return {false, "not " + std::to_string(*chosen)};
}

}  // namespace check
