// Lesson 12: a chat client in the terminal. One thread reads what the room says and prints it, the
// other reads what is typed; terminal::Prompt keeps the two apart on the screen.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <thread>

#include "cli/blocking_options.hpp"
#include "endpoint/json_message.hpp"
#include "endpoint/dial_accept.hpp"
#include "lessons/12-chat/lines.hpp"
#include "net/signal.hpp"
#include "net/wake.hpp"
#include "terminal/prompt.hpp"

namespace {

struct Settings {
    endpoint::DialOptions dial{};
    std::string user = "guest";
    std::string room = "lobby";
};

class Chat {
  public:
    Chat(const std::string& url, const Settings& settings)
        : settings_{settings}, connection_{endpoint::dial(url, settings_.dial)} {}

    // Until Ctrl-C, the end of the input, or the end of the connection; why it ended.
    endpoint::Error run() {
        std::puts("Type messages and press Enter to send. Ctrl+C to exit.");
        std::fflush(stdout);
        terminal::Prompt prompt;
        endpoint::write_json(*connection_,
                             json::Object{{"user", settings_.user}, {"room", settings_.room}});
        std::thread reader{[&] { print_messages(prompt); }};
        const std::array others{ended_.fd(), settings_.dial.stop_fd};
        // Where nobody types there is no hurry: a line leaves when the one before has come back.
        if (!prompt.interactive()) answers_.acquire();
        while (const auto line = prompt.next(others)) {
            if (line->empty()) continue;
            if (!endpoint::write_json(*connection_, json::Object{{"text", *line}})) break;
            if (!prompt.interactive()) answers_.acquire();
        }
        // What was sent still comes back: the server's Close comes after it.
        connection_->close(ws::close_code::normal, settings_.dial.stop_reason);
        reader.join();
        return connection_->error();
    }

  private:
    void print_messages(terminal::Prompt& prompt) {
        while (const auto message = connection_->read_message()) {
            std::string why;
            const auto said = endpoint::read_json(*message, why);
            if (!said)
                prompt.print("the server sent something else: " + why, stderr);
            else if (const std::string* error = said->find_string("error"))
                prompt.print("error: " + ws::escape(*error), stderr);
            else if (const std::string line = chat::line_for(*said); !line.empty())
                prompt.print(ws::escape(line));
            if (said && is_answer(*said)) answers_.release();
        }
        // Nobody is to wait any longer for an answer.
        ended_.raise();
        answers_.release();
    }

    // The list of users, one's own words, an error.
    bool is_answer(const json::Value& said) const {
        const std::string* const user = said.find_string("user");
        return user == nullptr || (*user == settings_.user && said.find("event") == nullptr);
    }

    Settings settings_;
    std::unique_ptr<endpoint::BlockingConnection> connection_;
    net::Wake ended_;
    std::counting_semaphore<> answers_{0};
};

int talk(int argc, char** argv) {
    cli::ClientLine line;
    Settings settings;
    if (const char* name = std::getenv("USER"); name != nullptr && *name != '\0')
        settings.user = name;
    cli::Options options{"client", "Lesson 12: a chat client in the terminal."};
    line.declare(options, settings.dial);
    options.text("--user", settings.user, "NAME", "who you are in the chat");
    options.text("--room", settings.room, "NAME", "the room to join");
    options.parse(argc, argv);

    const net::StopSignal stop;
    settings.dial.stop_reason = "bye";
    const std::string url = line.finish(settings.dial, stop);
    std::printf("Connecting to %s\n", ws::escape(url).c_str());
    std::fflush(stdout);
    const endpoint::Error error = Chat{url, settings}.run();
    return cli::report_end(error);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
