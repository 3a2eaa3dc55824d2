// Lesson 16: staying connected: one connection after the other, to one server or another, and a session
// (session.hpp) that outlives them all. One thread stays, others say something.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "endpoint/dial_accept.hpp"
#include "endpoint/json_message.hpp"
#include "lessons/16-many-machines/session.hpp"
#include "net/wake.hpp"
#include "ws/backoff.hpp"
#include "ws/byte_order.hpp"

namespace chat {

class Staying {
  public:
    // Called with lines to be shown, safe to print; from both threads.
    using Show = std::function<void(const std::string& line, bool is_error)>;

    // The servers' `urls` are tried in turn.
    Staying(std::vector<std::string> urls, endpoint::DialOptions options, Session session, Show show)
        : urls_{std::move(urls)}, options_{std::move(options)}, session_{std::move(session)},
          show_{std::move(show)} {}

    // RFC 6455 §7.2.3: "a client SHOULD use some form of backoff when trying to reconnect after
    // abnormal closures"
    // Returns when finish() was called, or when the program should end (options.stop_fd). One
    // connection there is in any case.
    void stay() {
        for (std::size_t next = 0;; ++next) {
            try {
                talk(urls_[next % urls_.size()]);
            } catch (const net::Stopped&) {
                break;
            } catch (const std::exception& error) {
                show_("Cannot connect: " + ws::escape(std::string_view{error.what()}), true);
            }
            if (is_over() || !wait_a_while()) break;
        }
        const std::lock_guard lock{mutex_};
        over_ = true;
        changed_.notify_all();
    }

    // Says it now, or as soon as there is a connection; until it is answered it is not forgotten.
    void say(const std::string& text) {
        const std::lock_guard lock{mutex_};
        const std::string message = session_.say(text);
        if (connection_ && joined_) connection_->write_message(message);
    }

    // Waits until all that was said has been answered, or it is over.
    void wait_until_answered() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return over_ || session_.all_answered(); });
    }

    void finish() {
        const std::lock_guard lock{mutex_};
        over_ = true;
        ended_.raise();
        if (connection_) connection_->close(ws::close_code::normal, "bye");
    }

  private:
    // One connection, from its beginning to its end.
    void talk(const std::string& url) {
        exchange(endpoint::dial(url, options_));
        show_("Connected to " + ws::escape(url), false);
        connection_->write_message(session_.greeting());
        while (const auto message = connection_->read_message()) hear(*message);
        const endpoint::Error error = connection_->error();
        exchange(nullptr);
        show_("Disconnected: " + ws::escape(error.message()), true);
        // The server does not want us, and would not want us a second time.
        if (error.code == ws::close_code::policy_violation) finish();
    }

    void hear(const endpoint::Message& message) {
        std::string why;
        const auto said = endpoint::read_json(message, why);
        if (!said) return show_("the server sent something else: " + why, true);
        const std::lock_guard lock{mutex_};
        const Session::Heard heard = session_.hear(*said);
        if (!heard.line.empty()) show_(ws::escape(heard.line), heard.is_error);
        if (heard.joined && !joined_) backoff_.reset();
        if ((heard.joined && !joined_) || heard.say_again)
            for (const std::string& each : session_.unanswered()) connection_->write_message(each);
        joined_ = joined_ || heard.joined;
        changed_.notify_all();
    }

    // False: there is no need to come back.
    bool wait_a_while() {
        const auto chance = ws::load_be<std::uint32_t>(random_.bytes<4>());
        const std::chrono::milliseconds wait{backoff_.next(chance)};
        const std::array stops{ended_.fd(), options_.stop_fd};
        return net::wait_readable(stops, net::after(wait)) < 0;
    }

    void exchange(std::unique_ptr<endpoint::BlockingConnection> connection) {
        const std::lock_guard lock{mutex_};
        connection_ = std::move(connection);
        joined_ = false;
        if (connection_ && over_) connection_->close(ws::close_code::normal, "bye");
    }

    bool is_over() {
        const std::lock_guard lock{mutex_};
        return over_;
    }

    std::vector<std::string> urls_;
    endpoint::DialOptions options_;
    net::RandomPool random_;
    ws::Backoff backoff_;
    net::Wake ended_;

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    Session session_;
    Show show_;
    std::unique_ptr<endpoint::BlockingConnection> connection_;  // only stay() changes it
    bool joined_ = false;  // on this connection
    bool over_ = false;
};

}  // namespace chat
