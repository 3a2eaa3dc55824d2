// Lesson 12: the files of the chat page, served over HTTP from the WebSocket's port.
// They are read once, when the server starts, and found by name in a list of three: no request
// ever becomes a path of the file system, so there is nothing to climb out of.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "endpoint/server_options.hpp"

namespace chat {

class Page {
  public:
    // Reads the page from a folder. Not found: the chat works without it, for terminals.
    explicit Page(const std::string& folder) {
        add("/", folder + "/chat.html", "text/html; charset=utf-8");
        add("/chat.css", folder + "/chat.css", "text/css; charset=utf-8");
        add("/chat.js", folder + "/chat.js", "text/javascript; charset=utf-8");
        complete_ = files_.size() == 3;
    }

    bool complete() const { return complete_; }

    // False when there is no such file.
    bool answer(std::string_view path, endpoint::HttpReply& reply) const {
        const auto file = files_.find(path);
        if (file == files_.end()) return false;
        reply = file->second;
        return true;
    }

  private:
    void add(const char* path, const std::string& name, const char* content_type) {
        std::ifstream file{name, std::ios::binary};
        if (!file) return;
        files_[path] = {.content_type = content_type,
                        .body{std::istreambuf_iterator<char>{file}, {}}};
    }

    std::map<std::string, endpoint::HttpReply, std::less<>> files_;
    bool complete_ = false;
};

}  // namespace chat
