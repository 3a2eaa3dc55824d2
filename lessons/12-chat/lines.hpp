// Lesson 12: what the server says, as lines for a terminal. Nothing is escaped here yet.
#pragma once

#include <ctime>
#include <string>

#include "json/value.hpp"

namespace chat {

// "[hh:mm]" in this place's time, of a time such as 2026-01-01T12:00:00Z.
inline std::string clock_of(const std::string* time) {
    std::tm parts{};
    if (time == nullptr || ::strptime(time->c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr)
        return "[--:--]";
    const std::time_t moment = ::timegm(&parts);
    ::localtime_r(&moment, &parts);
    char text[sizeof "[hh:mm]"];
    std::strftime(text, sizeof text, "[%H:%M]", &parts);
    return text;
}

inline std::string names(const json::Value& list) {
    std::string text;
    for (const json::Value& name : *list.array())
        if (name.string() != nullptr) text += (text.empty() ? "" : ", ") + *name.string();
    return text;
}

// What the server said, as a line; empty when it is nothing to show.
inline std::string line_for(const json::Value& said) {
    const json::Value* const users = said.find("users");
    const std::string* const room = said.find_string("room");
    if (users != nullptr && users->array() != nullptr && room != nullptr)
        return "In " + *room + ": " + names(*users);
    const std::string* const user = said.find_string("user");
    const std::string* const text = said.find_string("text");
    if (user == nullptr || text == nullptr) return "";
    const bool notice = said.find("event") != nullptr;
    return clock_of(said.find_string("time")) + ' ' + *user + (notice ? " " : ": ") + *text;
}

}  // namespace chat
