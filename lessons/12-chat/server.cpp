// Lesson 12: a chat server, rooms on one event loop. It also serves the page that chats with it.
// What the messages mean is in chat.hpp; here it is put on a port.
#include <cstdio>

#include "cli/log.hpp"
#include "cli/loop_options.hpp"
#include "cli/say.hpp"
#include "lab/lab_loop.hpp"
#include "lessons/12-chat/chat.hpp"
#include "net/signal.hpp"

namespace {

class ChatServer {
  public:
    ChatServer(const endpoint::ServerOptions& options, lab::LabLoop& lab)
        : server_{start(options, handlers(), lab)} {}

    std::uint16_t port() const { return server_.port(); }
    void run(int stop_fd) { server_.run(stop_fd); }

  private:
    // The pages are the lab's share: the chat at /, the frame lab at /lab.
    static endpoint::Server start(endpoint::ServerOptions options, endpoint::Handlers handlers,
                                  lab::LabLoop& lab) {
        lab.attach(options, handlers);
        return {std::move(options), std::move(handlers)};
    }

    endpoint::Handlers handlers() {
        return {
            .on_open{},
            .on_message = [this](endpoint::LoopConnection& client, const endpoint::Message& message) {
                chat_.receive(client, message);
            },
            .on_drain{},
            .on_close = [this](endpoint::LoopConnection& client, const endpoint::Error& error) {
                log_.line(client.address(), error.message());
                chat_.forget(client);
            },
            .on_log = [this](const net::Address& who, std::string_view what) { log_.line(who, what); },
        };
    }

    cli::Log log_;
    endpoint::Server server_;
    chat::Chat chat_{server_, [this](const endpoint::LoopConnection& client,
                                     std::string_view what) { log_.line(client.address(), what); }};
};

int serve(int argc, char** argv) {
    cli::LoopLine line;
    endpoint::ServerOptions settings;
    settings.limits.max_message_bytes = 32 * 1024;
    std::string folder = lab::pages_folder();
    cli::Options options{"server", "Lesson 12: a chat server, with a page to chat in."};
    line.declare(options, settings);
    options.text("--page", folder, "FOLDER", "where chat.html and the other pages are");
    options.parse(argc, argv);
    line.finish(settings);

    const net::StopSignal stop;
    lab::LabLoop lab{lab::Pages{"chat.html", folder}};
    ChatServer server{settings, lab};
    cli::announce("Chat server running at", line.common, server.port());
    if (!lab.pages().complete())
        std::fprintf(stderr,
                     "server: no chat page in %s (--page names its folder); going on without it\n",
                     ws::escape(folder).c_str());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
