// A command to Redis, as the bytes that it is sent as. Lesson 16.
// In RESP2 as in RESP3: an array of texts, each with its length before it. So an argument may hold any
// bytes, and nothing in a user's words can end it early and begin a command of its own.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace redis {

class Command {
  public:
    Command(std::initializer_list<std::string_view> words) {
        for (const std::string_view word : words) add(word);
    }

    Command& add(std::string_view word) {
        ++count_;
        words_ += '$' + std::to_string(word.size()) + "\r\n";
        words_ += word;
        words_ += "\r\n";
        return *this;
    }

    std::string bytes() const { return '*' + std::to_string(count_) + "\r\n" + words_; }

  private:
    std::size_t count_ = 0;
    std::string words_;
};

}  // namespace redis
