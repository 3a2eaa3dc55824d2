// What a teacher looks at twice: words in a submission that its exercises do not call for, and how
// much of it another submission holds as well.
// Leaves out: a verdict. Short functions are alike because there are few ways to write them; a number
// here says which two to read side by side, and nothing about who wrote what.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace grade {

// Of a file: its words and signs without comments and spacing.
std::vector<std::string> tokens(std::string_view text);

// Such as "/proc" and "fork": those of `text` that may reach beyond the exercise, and that `starter`, the file as it
// was handed out, does not hold.
std::set<std::string> suspicious_words(std::string_view text, std::string_view starter);

struct Likeness {
    int percent = 0;     // of what the smaller of the two holds; 0 also when there is too little to say
    std::string with{};  // whose
};

// The files of a submission, or as they were handed out.
using Files = std::map<std::string, std::string>;

// For each submission the one that is most like it. Compared are runs of tokens, every name counted as
// the same one, less those that stand in `starters`.
std::vector<Likeness> likenesses(const std::map<std::string, Files>& submissions, const Files& starters);

}  // namespace grade
