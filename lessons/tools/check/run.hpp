// One run of a scenario, as its author sees it: random numbers, the student's functions, the exchange
// so far, and the ways in which it can fail. Runs in a process of its own.
// Leaves out: sockets (peer.hpp) and programs (program.hpp).
#pragma once

#include <chrono>
#include <memory>
#include <type_traits>

#include "lessons/tools/check/frame.hpp"
#include "lessons/tools/check/verdict.hpp"

namespace check {

// How the bytes of a scenario over sockets are cut. A right solution cannot tell.
enum class Cut : std::uint8_t {
    whole,          // one send for each thing that is sent
    byte_by_byte,   // and the next byte when the program has read the one before
    inside,         // within the length, the key, the blank line of a head
    glued,          // everything up to the next answer at once: handshake and first frame together
};

enum class Way : std::uint8_t { from_client, from_server };

using Milliseconds = std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;
// Of a processor's time, for one call or one answer. A call that needs more is in a loop without end.
inline constexpr Milliseconds most_computing{5000};
inline Deadline in(Milliseconds time) { return std::chrono::steady_clock::now() + time; }

// A value in the form in which it is to be shown, without quotation marks: equal("key",
// Plain{hex(key)}, Plain{hex(expected)}).
struct Plain {
    std::string text;
    bool operator==(const Plain&) const = default;
};

class Program;
class Call;
class Answer;
class Pending;
class Backstage;
struct RunOptions;

class Run {
  public:
    explicit Run(RunOptions options);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Milliseconds patience() const;  // how long an answer may take

    // --- numbers from the seed, the same for each cut -------------------------------------------
    // With the default seed the first key is 37 FA 21 3D, and repeated() takes 'a', as in the texts.
    std::uint64_t number(std::uint64_t lowest, std::uint64_t highest);
    Key key();
    Buffer random_bytes(std::size_t size);
    std::string payload(std::size_t size);   // letters, no two neighbours alike
    std::string repeated(std::size_t size);  // one letter, again and again

    // --- the exchange, as it is shown before the failure ----------------------------------------
    // What the check does now; shown without an arrow, and in "timed out" as what never ended.
    void step(std::string what);
    // What was shown so far is of no interest any more.
    void fresh();

    // --- the student's functions (call.hpp) -----------------------------------------------------
    // Calls it and waits; shown as a step.
    Answer call(const Call& call);
    template <typename... T>
    Answer call(std::string name, const T&... arguments);
    // The same on a thread of its own there, without waiting.
    Pending start(const Call& call);
    // Descriptors, memory and time of the process that they run in.
    Program& students_process();

    void show(Way way, Bytes bytes, std::string_view meaning, bool quiet = false);
    void show_frames(Way way, Bytes bytes, bool quiet = false);  // a line for each
    // "6 bytes "Hello\n"", or a head's lines. `quiet`: in a trace only.
    void show_bytes(Way way, Bytes bytes, bool quiet = false);
    void show_event(Way way, std::string_view what, bool quiet = false);  // "end of stream"

    // --- judging values -------------------------------------------------------------------------
    // Fails unless the two are the same: "length_bytes is 0, expected 2", then `why`.
    template <typename T, typename U>
    void equal(std::string_view what, const T& got, const U& expected, std::string_view why = {}) {
        if (got == expected) return;
        fail_value(what, shown(got), shown(expected), why);
    }
    void is_true(bool value, std::string_view says) {
        if (!value) fail(Verdict::wrong, std::string{says});
    }
    // Bytes that a function gave: the first that is off is marked and explained. `frames`: they
    // are frames, and shown so.
    void same_bytes(std::string_view what, Bytes got, Bytes expected, const Mistakes& mistakes = {},
                    bool frames = true);

    // Calls `read` with the bytes in pieces: whole, byte by byte, and cut in two at every place.
    // Each piece is a copy of its own, so that reading beyond its end is seen.
    void for_every_cut(Bytes bytes, const std::function<void(const std::vector<Buffer>&)>& read);
    // "in 3 pieces: 81 | 85 37 | FA": for the step() of such a reader.
    static std::string in_pieces(const std::vector<Buffer>& pieces);

    // What takes longer than `budget` is too slow, even when it is right. Generous budgets only:
    // the sanitizers make everything two to four times slower.
    void within(Milliseconds budget, std::string_view what, const std::function<void()>& work);

    // --- failing --------------------------------------------------------------------------------
    [[noreturn]] void fail(Verdict verdict, std::string says);
    // With a mark under `mark.count` bytes of a line that was shown just before.
    [[noreturn]] void fail_marked(const Came& came, const Mistakes& mistakes, std::string fallback);

    // With a line shown once more and marked: a header of a head, a printed line.
    [[noreturn]] void fail_line(std::string_view line, std::string says);

    // What a scenario does not need (backstage.hpp).
    Backstage& backstage() { return *backstage_; }

  private:
    template <typename T>
    static std::string shown(const T& value) {
        if constexpr (std::is_same_v<T, bool>)
            return value ? "true" : "false";
        else if constexpr (std::is_same_v<T, Plain>)
            return value.text;
        else if constexpr (std::is_enum_v<T>)
            return std::to_string(static_cast<long long>(value));
        else if constexpr (std::is_arithmetic_v<T>)
            return std::to_string(value);
        else if constexpr (std::is_convertible_v<T, std::string_view>)
            return quote(std::string_view{value}, 60);
        else
            return hex(Bytes{value}, 16);
    }
    [[noreturn]] void fail_value(std::string_view what, const std::string& got,
                                 const std::string& expected, std::string_view why);
    [[noreturn]] void end(Verdict verdict, std::string_view says, std::string_view block);
    void show_line(Way way, std::string_view what, bool quiet);

    std::unique_ptr<Backstage> backstage_;
};

}  // namespace check
