// Lesson 16: what outlives a connection: who we are, where in the room's log we stand, and what we have
// said that nobody has answered yet. A new connection, to whichever server, begins with these.
// Leaves out: connections, and threads.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "endpoint/random_name.hpp"
#include "json/parse.hpp"
#include "json/write.hpp"
#include "lessons/12-chat/lines.hpp"

namespace chat {

class Session {
  public:
    Session(std::string user, std::string room) : user_{std::move(user)}, room_{std::move(room)} {}

    // What is said first on each connection: who we are, and what we have seen. Then, once we are
    // in, what is unanswered.
    std::string greeting() const {
        json::Object hello{{"user", user_}, {"room", room_}};
        if (!after_.empty()) hello.push_back({"after", after_});
        return json::write(hello);
    }
    std::vector<std::string> unanswered() const {
        std::vector<std::string> all;
        for (const Unanswered& each : unanswered_) all.push_back(written(each));
        return all;
    }

    // Something to say; as it is sent, now or on the next connection. Its key makes it one message,
    // however often it is sent.
    std::string say(std::string text) {
        unanswered_.push_back({endpoint::random_name(random_), std::move(text)});
        return written(unanswered_.back());
    }

    struct Heard {
        std::string line{};      // to be shown, not escaped; empty: nothing
        bool is_error = false;
        bool joined = false;     // we are in the room, and may speak
        bool say_again = false;  // what is unanswered should be sent once more, after a while
    };
    Heard hear(const json::Value& said) {
        if (const std::string* const key = said.find_string("accepted")) return answered(*key, said);
        if (const std::string* const key = said.find_string("refused")) return refused(*key, said);
        if (const std::string* const error = said.find_string("error"))
            return {.line = "error: " + *error, .is_error = true};
        if (const json::Value* const missed = said.find("missed"))
            return {.line = missed_line(*missed), .is_error = true};
        if (const std::string* const store = said.find_string("store"))
            return {.line = *store == "away" ? "The rooms' store is away: what you say is refused."
                                             : "The rooms' store is back.",
                    .is_error = true};
        const std::string* const id = said.find_string("id");
        const bool joined = id != nullptr && said.find("users") != nullptr;
        // Where we stand: the first time where the room stood, and from then on after what we heard.
        if (id != nullptr && (!joined || after_.empty())) after_ = *id;
        return {.line = line_for(said), .joined = joined};
    }

    bool all_answered() const { return unanswered_.empty(); }
    const std::string& after() const { return after_; }

  private:
    struct Unanswered {
        std::string key;
        std::string text;
    };

    static std::string written(const Unanswered& each) {
        return json::write(json::Object{{"text", each.text}, {"key", each.key}});
    }

    Heard answered(const std::string& key, const json::Value&) {
        std::erase_if(unanswered_, [&](const Unanswered& each) { return each.key == key; });
        return {};
    }

    // Refused, it is not there, and whoever wrote it decides. Unknown, it may be: then it is said
    // again, with its key.
    Heard refused(const std::string& key, const json::Value& said) {
        if (said.find("unknown") != nullptr) return {.say_again = true};
        std::string text;
        for (const Unanswered& each : unanswered_)
            if (each.key == key) text = each.text;
        answered(key, said);
        const std::string* const why = said.find_string("error");
        return {.line = "not sent (" + (why != nullptr ? *why : "no reason given") + "): " + text,
                .is_error = true};
    }

    static std::string missed_line(const json::Value& missed) {
        const auto count = missed.integer();
        return count ? "(" + std::to_string(*count) + " messages are too old to be shown)"
                     : "(the room's log has begun anew: some messages may be missing)";
    }

    std::string user_;
    std::string room_;
    std::string after_;  // the id of the last message that we heard
    std::deque<Unanswered> unanswered_;
    net::RandomPool random_;
};

}  // namespace chat
