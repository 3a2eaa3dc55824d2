// The pages of clients/browser, served over HTTP from the port of a WebSocket server. Lesson 5.
// They are read once, when the server starts, and found by name in a fixed list: no request ever
// becomes a path of the file system, so there is nothing to climb out of.
// Leaves out: caching, compression, any file that is not ours.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "ws/http_reply.hpp"

namespace lab {

// clients/browser below the working directory, or beside the build folder that this program lies
// in; the first of the two when there is neither.
std::string pages_folder();

class Pages {
  public:
    // `index` is the page at "/". Files that are not there are left out: a server works without.
    explicit Pages(std::string_view index = "echo.html",
                   const std::string& folder = pages_folder());

    // Every file was found.
    bool complete() const { return complete_; }

    // Fills in the answer to a GET: a page, or 404. False for the server's own `websocket_path`,
    // where only a handshake is right (426), and when there is no page at all.
    bool answer(const ws::Request& request, std::string_view websocket_path,
                ws::HttpReply& reply) const;

  private:
    void add(const std::string& path, const std::string& file);

    std::map<std::string, ws::HttpReply, std::less<>> files_;  // by path: "/lab.css"
    bool complete_ = true;
};

}  // namespace lab
