// What people and pipes get to see. On a terminal as wscat shows it: prompt, arrows, colors. In a
// pipe messages are plain lines on standard output, everything else goes to standard error.
// Also --json, --timestamps, --output.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "cli/standard_streams.hpp"
#include "clients/wsc/options.hpp"
#include "terminal/prompt.hpp"
#include "ws/frame.hpp"

namespace wsc {

class Screen {
  public:
    // `settings` outlive this object. Throws OwnFailure when --output cannot be written.
    explicit Screen(const Settings& settings);

    // From now on there is a line to type on.
    void begin_prompt();
    void end_prompt() { prompt_.reset(); }
    terminal::Prompt* prompt() { return prompt_.get(); }
    bool interactive() const { return interactive_; }
    // What a signal asks of the line: another width (SIGWINCH), Ctrl-Z, and what comes after it.
    void follow_terminal(int signal);

    // Throws OwnFailure when it cannot be written, and nobody would ever see it. With several clients
    // the mark says whose it is; then further lines are indented in a pipe, too, so that none of them
    // can pass for another client's.
    void message(ws::Opcode opcode, ws::Bytes data, std::string_view mark = {});
    void typed(std::string_view line);                // stays on the screen, after its prompt
    void received(const char* what, ws::Bytes data);  // ping, pong
    void notice(std::string_view text);               // Connected, Disconnected
    void error(std::string_view text);
    void trace(std::string_view line);
    void answer(std::string_view text);               // to a command, and so also when --quiet
    // What was typed before there was a prompt.
    void clear_typed();

    // A pipe of which poll() says at once when nobody reads it any more, without asking for anything;
    // -1: what comes goes elsewhere.
    int watched_output() const;

    // Nobody reads standard output any more.
    bool reader_gone() const { return cli::reader_has_gone(); }

  private:
    enum class Color { none, blue, green, yellow };

    std::string decorated(std::string_view text, Color color) const;
    std::string shown(ws::Opcode opcode, ws::Bytes data, std::string_view mark) const;
    void show(const std::string& text, std::FILE* where);
    void write_out(std::string_view text);
    void write_file(ws::Opcode opcode, ws::Bytes data);

    const Settings& settings_;
    bool interactive_;
    bool bare_;  // with -x wscat prints messages and errors without anything before them
    std::unique_ptr<terminal::Prompt> prompt_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, &std::fclose};
};

}  // namespace wsc
