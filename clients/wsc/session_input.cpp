// What is typed, piped, given by -x or replayed: lines to messages, slash commands, and the end of
// the input. Nothing is sent that would break a rule; the line that asked for it is refused.
// RFC 6455 §5.5 (control frames), §5.6 (text is UTF-8), §7.4 (close codes).
#include <poll.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "clients/wsc/failure.hpp"
#include "clients/wsc/session.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"
#include "ws/http.hpp"
#include "ws/utf8.hpp"

namespace wsc {

namespace {

constexpr std::size_t input_pauses_at = 1 << 20;  // bytes that wait to be sent

constexpr std::size_t max_reason_bytes = 123;  // RFC 6455 §5.5: 125, less two for the code

std::string joined_words(std::string_view text) {
    std::string joined;
    for (const char c : ws::trim(text)) {
        const bool space = c == ' ' || c == '\t';
        if (!space)
            joined += c;
        else if (!joined.ends_with(' '))
            joined += ' ';
    }
    return joined;
}

}  // namespace

// -x and --replay stand in the place of a pipe.
bool Session::reads_input() const {
    const bool instead = !screen_.interactive() && (settings_.sends_and_leaves() || replay_);
    return open() && !input_ended() && !instead;
}

bool Session::wants_input() const { return reads_input() && out_.size() < input_pauses_at; }

// A pipe is read ahead a little, also while the peer takes nothing, so that its end is seen.
bool Session::wants_lines() const {
    return wants_input() ||
           (reads_input() && !screen_.interactive() && !screen_.prompt()->at_end() &&
            screen_.prompt()->buffered_bytes() < input_pauses_at);
}

void Session::read_input() {
    while (wants_input()) {
        if (const auto text = screen_.prompt()->next_buffered())
            line(*text);
        else if (screen_.prompt()->at_end())
            return end_of_input();
        else
            return;
    }
    if (reads_input() && !screen_.interactive() && screen_.prompt()->exhausted()) end_of_input();
}

// A pipe's end means "that was all", Ctrl-D means "I leave".
void Session::end_of_input() {
    ending_.input_ended = true;
    if (screen_.interactive()) return leave(ws::close_code::normal, std::chrono::seconds{1});
    if (!client_) return;  // a server serves on, whatever it has to say itself
    if (settings_.wait) {
        if (settings_.wait->count() >= 0) leave_at_ = net::after(*settings_.wait);
        return;
    }
    leave_at_ = net::after(received_ >= sent_ ? std::chrono::milliseconds{0} : default_wait);
}

// The connection has ended; had the input, too? A server with nothing left to say serves no other.
void Session::see_end_of_input() {
    if (screen_.interactive() || input_ended()) return;
    pollfd input{screen_.prompt()->fd(), POLLIN, 0};
    if (!client_ && ::poll(&input, 1, 0) == 1) screen_.prompt()->fill();
    ending_.input_ended = screen_.prompt()->exhausted();
}

void Session::line(const std::string& text) {
    screen_.typed(text);
    if (screen_.interactive() && !around_.history.add(text)) screen_.error(around_.history.error());
    if (settings_.slash && text.starts_with('/') && (!settings_.raw || screen_.interactive()))
        command(text);
    else if (settings_.binary && settings_.raw && !screen_.interactive())
        send_bytes(text);
    else if (settings_.binary)
        send_hex(text);
    else
        send_text(text);
}

void Session::command(std::string_view text) {
    const std::size_t space = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view name = text.substr(0, space);
    const std::string_view rest = text.substr(std::min(space + 1, text.size()));
    if (name == "/ping" || name == "/pong") {
        if (rest.size() > ws::max_control_bytes)
            return refuse_line("a ping or pong carries at most 125 bytes, not " +
                               std::to_string(rest.size()) + " (RFC 6455 §5.5)");
        if (name == "/ping")
            connection_.ping(out_.storage(), ws::as_bytes(rest));
        else
            connection_.pong(out_.storage(), ws::as_bytes(rest));
    } else if (name == "/close") {
        close_command(rest);
    } else if (name == "/binary") {
        send_hex(rest);
    } else {
        refuse_line("Unrecognized slash command.");
    }
}

// "/close", "/close 4001", "/close 4001 why". Words are joined by one space each, as in wscat.
void Session::close_command(std::string_view arguments) {
    arguments = ws::trim(arguments);
    const std::size_t space = std::min(arguments.find_first_of(" \t"), arguments.size());
    const std::string_view number = arguments.substr(0, space);
    const std::string reason = joined_words(arguments.substr(space));
    ws::CloseCode code = ws::close_code::normal;
    if (!number.empty()) {
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), code);
        if (error != std::errc{} || end != number.data() + number.size() || !ws::may_be_sent(code))
            return refuse_line('\'' + ws::escape(number, 40) +
                               "' is no close code that may be sent: 1000 to 1003, 1007 to 1014, "
                               "3000 to 4999 (RFC 6455 §7.4)");
    }
    if (reason.size() > max_reason_bytes)
        return refuse_line("the reason of a Close has at most 123 bytes, not " +
                           std::to_string(reason.size()) + " (RFC 6455 §5.5)");
    if (!ws::is_utf8(ws::as_bytes(reason)))
        return refuse_line("the reason of a Close must be UTF-8 (RFC 6455 §5.5.1)");
    connection_.close(out_.storage(), code, reason);
    asked_to_close_ = true;
    end_at_ = net::after(settings_.close_timeout);
}

void Session::send_text(std::string_view text) {
    if (!ws::is_utf8(ws::as_bytes(text)))
        return refuse_line(
            "this line is not UTF-8, and a text message must be (RFC 6455 §5.6); "
            "--binary sends bytes");
    connection_.send(out_.storage(), ws::Opcode::text, ws::as_bytes(text));
    count_sent();
}

void Session::send_hex(std::string_view text) {
    const auto bytes = ws::unhex(text);
    if (!bytes)
        return refuse_line('\'' + ws::escape(text, 40) +
                           "' is no hex: expected bytes of two digits each, such as 81 05 48");
    connection_.send(out_.storage(), ws::Opcode::binary, *bytes);
    count_sent();
}

void Session::send_bytes(std::string_view bytes) {
    connection_.send(out_.storage(), ws::Opcode::binary, ws::as_bytes(bytes));
    count_sent();
}

// As it is: text where it may be text.
void Session::send_file(const std::string& name) {
    std::ifstream file{name, std::ios::binary};
    std::ostringstream content;
    // A folder can be opened, and nothing can be read from it.
    if (!file || (file.peek(), file.bad()))
        throw OwnFailure{"--send: cannot read '" + name + "': " + std::strerror(errno)};
    if (file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
    const std::string bytes = std::move(content).str();
    if (settings_.binary || !ws::is_utf8(ws::as_bytes(bytes))) return send_bytes(bytes);
    send_text(bytes);
}

void Session::count_sent() {
    ++sent_;
    message_ends_.push_back(taken_ + out_.size());
}

void Session::refuse_line(const std::string& why) {
    screen_.error(why);
    ending_.input_refused = !screen_.interactive();
}

// Sends the next frames of the record, as far as the server has said what it had said before them.
void Session::replay_steps() {
    if (!replay_ || !open()) return;
    const auto now = net::Clock::now();
    while (replayed_ < replay_->steps.size() && open()) {
        const Step& step = replay_->steps[replayed_];
        if (received_ < step.after && !replay_overdue_) {
            if (!replay_at_) replay_at_ = now + settings_.wait.value_or(default_wait);
            return;
        }
        replay_overdue_ = false;
        replay_at_.reset();
        ++replayed_;
        replay_step(step);
    }
    if (!open() || leave_at_) return;
    leave_at_ =
        now + (received_ >= replay_->messages ? std::chrono::milliseconds{0} : default_wait);
}

void Session::replay_step(const Step& step) {
    switch (step.opcode) {
        case ws::Opcode::ping: connection_.ping(out_.storage(), step.payload); break;
        case ws::Opcode::pong: connection_.pong(out_.storage(), step.payload); break;
        case ws::Opcode::close: {
            ws::CloseBody body;
            ws::parse_close_body(step.payload, body);
            connection_.close(out_.storage(), body.code, ws::as_text(body.reason));
            end_at_ = net::after(settings_.close_timeout);
            break;
        }
        default: connection_.send_fragment(out_.storage(), step.opcode, step.payload, step.fin);
    }
}

}  // namespace wsc
