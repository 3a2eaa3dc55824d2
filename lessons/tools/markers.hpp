// The comments in the true source that say what a student writes: a hole in its starter.
//
//     // [exercise 5/3] what is to be written here
//     // [task] more of it, if one line is too short
//     ...the true code...
//     // [stub] return Parse::need_more;
//     // [end]
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace markers {

enum class Kind { exercise, task, stub, end };

struct Marker {
    Kind kind = Kind::end;
    std::size_t indent = 0;
    int lesson = 0;            // of `exercise`
    int exercise = 0;
    std::string_view text{};   // what stands behind the bracket, less one blank
};

// What a line of code is; nothing for every line that is no marker. The text lives as long as
// the line.
inline std::optional<Marker> read(std::string_view line) {
    Marker marker;
    marker.indent = line.find_first_not_of(' ');
    if (marker.indent == line.npos) return std::nullopt;
    std::string_view rest = line.substr(marker.indent);
    if (!rest.starts_with("// [")) return std::nullopt;
    rest.remove_prefix(4);
    const std::size_t close = rest.find(']');
    if (close == rest.npos) return std::nullopt;
    const std::string_view word = rest.substr(0, close);
    marker.text = rest.substr(close + 1);
    if (marker.text.starts_with(' ')) marker.text.remove_prefix(1);
    if (word == "task") {
        marker.kind = Kind::task;
    } else if (word == "stub") {
        marker.kind = Kind::stub;
    } else if (word == "end") {
        marker.kind = Kind::end;
    } else if (word.starts_with("exercise ")) {
        marker.kind = Kind::exercise;
        const char* last = word.data() + word.size();
        const auto lesson = std::from_chars(word.data() + 9, last, marker.lesson);
        if (lesson.ec != std::errc{} || lesson.ptr == last || *lesson.ptr != '/') return std::nullopt;
        const auto exercise = std::from_chars(lesson.ptr + 1, last, marker.exercise);
        if (exercise.ec != std::errc{} || exercise.ptr != last) return std::nullopt;
    } else {
        return std::nullopt;
    }
    return marker;
}

}  // namespace markers
