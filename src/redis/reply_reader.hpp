// Replies out of a stream of bytes that is cut anywhere: RESP2 and RESP3, incremental. Lesson 16.
// A value without a socket, as everything that speaks a protocol here. What the server announces
// (a length, a number of items) is held against limits before anything is kept for it.
// Leaves out: what a reply means; what comes without having been asked for (attributes, pushes).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/reply.hpp"

namespace redis {

struct ReplyLimits {
    std::size_t max_line_bytes = 64 * 1024;         // a status, an error, a number
    std::size_t max_text_bytes = 16 * 1024 * 1024;  // one text
    std::size_t max_items = 1024 * 1024;            // of one array; an entry of a map is two
    std::size_t max_reply_bytes = 64 * 1024 * 1024;  // a whole reply, with 64 for each of its items
    std::size_t max_depth = 8;                      // arrays within arrays
};

class ReplyReader {
  public:
    explicit ReplyReader(const ReplyLimits& limits = {}) : limits_{limits} {}

    // More bytes of the stream. They are kept until next() has used them.
    void feed(std::string_view bytes) { bytes_ += bytes; }

    // The next whole reply. Nothing: it is not complete, or the stream is no RESP (failed()).
    std::optional<Reply> next();

    // What is wrong with the stream, in one line; empty as long as it is right. There is no way on
    // from here: nobody knows where the next reply begins.
    const std::string& failed() const { return failed_; }

  private:
    struct Open {  // an array whose items have not all come
        Reply array;
        std::size_t missing = 0;
        bool aside = false;  // no reply, and no part of one: an attribute, a push
    };

    bool step(std::optional<Reply>& complete);
    bool begin(std::string_view line, std::optional<Reply>& complete);
    bool begin_text(std::string_view digits, std::optional<Reply>& complete);
    bool begin_array(std::string_view digits, std::optional<Reply>& complete);
    bool take(Reply reply, std::optional<Reply>& complete);
    bool take_text(std::optional<Reply>& complete);
    void close_arrays(Reply reply, std::optional<Reply>& complete);
    bool count(std::size_t bytes);
    bool fail(std::string what);

    ReplyLimits limits_;
    std::string bytes_;
    std::size_t used_ = 0;      // of bytes_
    std::size_t looked_ = 0;    // of bytes_: no end of line before it
    std::vector<Open> open_;    // from the outside in
    char kind_ = 0;             // of the last line: its first byte
    std::size_t text_size_ = 0;
    bool in_text_ = false;      // of text_size_ bytes, and the end of a line
    std::size_t kept_ = 0;      // what the reply so far takes, for max_reply_bytes
    std::string failed_;
};

}  // namespace redis
