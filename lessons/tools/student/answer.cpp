// answer LESSON [EXERCISE [ANSWER]]: asks a reading exercise, or judges what somebody answered.
// The questions are lessons/NN-name/reading.cpp; each makes its bytes and finds its answer by
// code. `make answer-N T=k A='…'` runs it. Status 0: right (or asked), 1: not right, 2: wrong
// usage.
// --check: no question has many right numbers, and every wrong answer gets an explanation.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "lessons/tools/check/reading.hpp"

namespace {

using check::Reading;

// A command that cannot be obeyed; what() says what would be right.
class WrongUsage : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string make_command(int lesson) { return "make answer-" + std::to_string(lesson); }

// A question, and what T= calls it.
struct Named {
    const Reading* reading;
    std::string name;  // "1", "1b"
};

std::vector<Named> questions_of(int lesson) {
    std::vector<Named> questions;
    int exercise = 0;
    char letter = 'a';
    for (const Reading* reading : Reading::all()) {
        if (reading->info().lesson != lesson) continue;
        letter = reading->info().exercise == exercise ? static_cast<char>(letter + 1) : 'a';
        exercise = reading->info().exercise;
        questions.push_back({reading, std::to_string(exercise)});
        if (letter != 'a') questions.back().name += letter;
    }
    return questions;
}

std::string names_of(const std::vector<Named>& questions) {
    std::string text;
    for (const Named& question : questions) text += (text.empty() ? "" : ", ") + question.name;
    return text;
}

int parse_lesson(const std::string& text) {
    if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != text.npos)
        throw WrongUsage{"a lesson is a number, not " + check::quote(text, 40)};
    return std::stoi(text);
}

void print_wrapped(const std::string& text) {
    for (const std::string& line : check::wrap(text, 90)) std::printf("%s\n", line.c_str());
}

int ask(const Named& question) {
    std::printf("%s\nAnswer: %s T=%s A='%s'\n", question.reading->show().c_str(),
                make_command(question.reading->info().lesson).c_str(), question.name.c_str(),
                question.reading->info().answer_form.c_str());
    return 0;
}

// `next`: another question of the same exercise; null when there is none.
int judge(const Named& question, const Named* next, std::string_view answer) {
    const check::Judgement judgement = question.reading->judge(answer);
    std::string says = judgement.says;
    if (!says.empty() && says[0] >= 'a' && says[0] <= 'z')
        says[0] = static_cast<char>(says[0] - 'a' + 'A');
    print_wrapped((judgement.right ? "Right. " : "Not yet. ") + says);
    if (judgement.right && next != nullptr)
        std::printf("\nAnother one: %s T=%s\n",
                    make_command(question.reading->info().lesson).c_str(), next->name.c_str());
    return judgement.right ? 0 : 1;
}

// Far beyond what any question shows.
constexpr int highest_number = 2000;

int check_all() {
    int faults = 0;
    for (const Reading* reading : Reading::all()) {
        const std::string name =
            std::to_string(reading->info().lesson) + "/" + std::to_string(reading->info().exercise);
        int right = 0;
        bool explained = !reading->judge("none").right && !reading->judge("none").says.empty();
        for (int number = 0; number <= highest_number; ++number) {
            const auto judgement = reading->judge(std::to_string(number));
            right += judgement.right;
            explained = explained && !judgement.says.empty();
        }
        // None may be right where an answer is not a number, such as some bytes.
        if (right > 2) std::printf("%s: %d numbers are right\n", name.c_str(), right), ++faults;
        if (!explained) std::printf("%s: an answer gets no explanation\n", name.c_str()), ++faults;
    }
    std::printf("%zu questions, %d faults\n", Reading::all().size(), faults);
    return faults == 0 ? 0 : 1;
}

int answer(int argc, char** argv) {
    if (argc == 2 && std::string_view{argv[1]} == "--check") return check_all();
    if (argc < 2 || argc > 4)
        throw WrongUsage{"expected: answer LESSON [EXERCISE [ANSWER]], or answer --check"};
    const int lesson = parse_lesson(argv[1]);
    const std::vector<Named> questions = questions_of(lesson);
    const std::string named =
        "those of lesson " + std::to_string(lesson) + " are T=" + names_of(questions);
    if (questions.empty())
        throw WrongUsage{"lesson " + std::to_string(lesson) + " has no reading exercise"};
    const std::string name = argc > 2 ? argv[2] : "";
    if (name.empty())
        throw WrongUsage{"say which reading exercise: " + make_command(lesson) +
                         " T=" + questions[0].name + "; " + named};
    for (std::size_t i = 0; i < questions.size(); ++i) {
        if (questions[i].name != name) continue;
        if (argc < 4 || argv[3][0] == '\0') return ask(questions[i]);
        const bool more = i + 1 < questions.size() && questions[i + 1].reading->info().exercise ==
                                                          questions[i].reading->info().exercise;
        return judge(questions[i], more ? &questions[i + 1] : nullptr, argv[3]);
    }
    throw WrongUsage{check::quote(name, 40) + " is no reading exercise; " + named};
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return answer(argc, argv);
    } catch (const WrongUsage& wrong) {
        std::fprintf(stderr, "answer: %s\n", wrong.what());
        return 2;
    }
}
