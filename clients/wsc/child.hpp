// A program behind two pipes, for one client (--run): lines out of it, lines into it, its end.
// Nothing here waits, and nothing grows without a limit: pipe(7), pidfd_open(2), setsid(2).
// Leaves out: who is served by it (serving.cpp).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/fd.hpp"

namespace wsc {

class Child {
  public:
    // A line that is longer ends the connection; a program's text is none of ours to be kept.
    static constexpr std::size_t max_line_bytes = 1 << 20;

    // Started by /bin/sh, in a process group of its own, with these variables besides ours. Standard
    // error is ours. Throws std::system_error.
    Child(const std::string& command, const std::vector<std::pair<std::string, std::string>>& variables);
    // All of its process group is gone then, at the latest.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int output() const { return output_.get(); }    // readable: take_lines()
    int input() const { return input_.get(); }      // writable: flush(); -1: it reads no more
    int process() const { return process_.get(); }  // readable: it has ended

    // What it has printed, at most 64 KiB of it: whole lines, without their ends. False at the end of
    // its output; the last line needs no end.
    bool take_lines(std::vector<std::string>& lines);
    // A line is longer than the limit.
    bool babbles() const { return rest_.size() > max_line_bytes; }

    // A line for it. What its pipe does not take waits here, so give it no more while waiting().
    void give(std::string_view text);
    void flush();
    bool waiting() const { return !pending_.empty(); }

    // Its client has gone: the end of its input, and SIGHUP, as when a terminal is closed.
    void hang_up();
    void kill();
    // Its status when it has ended (128 + n for a signal); nothing as long as it runs.
    std::optional<int> reap();

  private:
    void end_group(int signal) const;

    net::Fd input_, output_, process_;
    pid_t pid_ = -1;
    std::string rest_;     // of its output: a line that is not whole yet
    std::string pending_;  // of its input
};

}  // namespace wsc
