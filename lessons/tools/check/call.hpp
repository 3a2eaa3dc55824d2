// Calls of the student's functions, which run in a process of their own (calls/calls.hpp):
//
//   expect_call(run, Call{"may_be_sent", 1005}, false, "a program says it to itself (§7.4.1)");
//   const Answer answer = run.call("decode_header", bytes);
//   const auto [parse, length] = answer.as<int, std::uint64_t>();
//   Pending reading = run.start("read_message");      // on a thread of its own there
//   ... reading.ready(200ms) ... reading.answer("says what it means that nothing came").as<bool>()
//
// Whatever comes back is looked at here: a crash, an exception, a loop, a call that waits, an answer
// of the wrong kind and one that nobody asked for are failures that say what happened.
#pragma once

#include <string>
#include <vector>

#include "lessons/tools/check/run.hpp"
#include "lessons/tools/check/wire.hpp"

namespace check {

// A value as it is shown: "Hello", 81 05 48, true, [1, 2].
std::string in_words(const wire::Value& value);

// A descriptor as an argument. It goes to the student's process as a copy; close yours when only
// theirs is to be open.
inline wire::Fd pass(int descriptor) { return {descriptor}; }

// Shown as name(arguments), unless as() gives other words.
class Call {
  public:
    template <typename... T>
    explicit Call(std::string name, const T&... arguments) : name_{std::move(name)} {
        (arguments_.list.push_back(wire::to_value(arguments)), ...);
        text_ = shown();
    }
    Call as(std::string words) && {
        text_ = std::move(words);
        return std::move(*this);
    }

    // With a list of arguments that was put together elsewhere.
    Call with(std::vector<wire::Value> arguments) && {
        arguments_.list = std::move(arguments);
        return std::move(*this);
    }

    const std::string& name() const { return name_; }
    const wire::Value& arguments() const { return arguments_; }
    const std::string& text() const { return text_; }

  private:
    std::string shown() const;

    std::string name_;
    wire::Value arguments_{};
    std::string text_;
};

// What came back. as() fails the scenario when it is something else.
class Answer {
  public:
    Answer(Run& run, std::string call, wire::Value value)
        : run_{&run}, call_{std::move(call)}, value_{std::move(value)} {}

    const wire::Value& value() const { return value_; }
    template <typename T>
    T as() const {
        try {
            return wire::from_value<T>(value_);
        } catch (const wire::Mismatch& error) {
            fail(error.what());
        }
    }
    template <typename First, typename Second, typename... More>
    std::tuple<First, Second, More...> as() const {
        return as<std::tuple<First, Second, More...>>();
    }

  private:
    [[noreturn]] void fail(std::string_view wanted) const;

    Run* run_;
    std::string call_;
    wire::Value value_;
};

class Callee;

// A call that was begun and not waited for.
class Pending {
  public:
    Pending(Callee& callee, std::uint64_t id, std::string text)
        : callee_{&callee}, id_{id}, text_{std::move(text)} {}

    // Has it returned within this time?
    bool ready(Milliseconds wait = Milliseconds{0});
    // As soon as it waits, a signal comes (SIGUSR1, whose handler does nothing): EINTR.
    void interrupt();
    // Waits for as long as an answer may take; `says` is the failure when none comes.
    Answer answer(std::string_view says = {});

  private:
    Callee* callee_;
    std::uint64_t id_;
    std::string text_;
};

// Makes the call, and fails unless this comes back. It depends on nothing before it: earlier lines
// of the exchange are not shown any more.
void expect_call(Run& run, const Call& call, const wire::Value& expected, std::string_view why = {});
template <typename T>
void expect_call(Run& run, const Call& call, const T& expected, std::string_view why = {}) {
    expect_call(run, call, wire::to_value(expected), why);
}
// The same for bytes: the first that is off is marked and explained.
void expect_bytes(Run& run, const Call& call, Bytes expected, const Mistakes& mistakes = {},
                  bool frames = true);

template <typename... T>
Answer Run::call(std::string name, const T&... arguments) {
    return call(Call{std::move(name), arguments...});
}

// For functions that give an Errc (calls/errc.hpp): its name, "none" or "frame_not_masked". A failure
// says what the rules mean. `why` is said as well.
void expect_errc(Run& run, const Call& call, std::string_view expected, std::string_view why = {});
// The same for a name that came with other things.
void same_errc(Run& run, std::string_view got, std::string_view expected, std::string_view why = {});
// The rule's sentence, and where it stands.
std::pair<std::string, std::string> rule_of(Run& run, std::string_view errc);

// Many calls of one function, without waiting for each: for tables of thousands.
struct Expected {
    template <typename T>
    Expected(Call which, const T& expected, std::string_view because = {})
        : call{std::move(which)}, result{wire::to_value(expected)}, why{because} {}
    Call call;
    wire::Value result;
    std::string why;
};
void expect_calls(Run& run, const std::vector<Expected>& calls);

}  // namespace check
