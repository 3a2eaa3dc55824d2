// Lesson 12: a chat server, rooms on one event loop. It also serves the page that chats with it.
// What the messages mean is in chat.hpp; here it is put on a port.
#include <cstdio>

#include "cli/admission_options.hpp"
#include "cli/byte_trace.hpp"
#include "cli/log.hpp"
#include "cli/options.hpp"
#include "lab/lab_loop.hpp"
#include "lessons/12-chat/chat.hpp"
#include "net/signal.hpp"
#include "ws/origin.hpp"

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
            .on_message{[this](endpoint::LoopConnection& client, const endpoint::Message& message) {
                chat_.receive(client, message);
            }},
            .on_drain{},
            .on_close{[this](endpoint::LoopConnection& client, const endpoint::Error& error) {
                log_.line(client.address(), error.message());
                chat_.forget(client);
            }},
            .on_log{
                [this](const net::Address& who, std::string_view what) { log_.line(who, what); }},
        };
    }

    cli::Log log_;
    endpoint::Server server_;
    chat::Chat chat_{server_, [this](const endpoint::LoopConnection& client,
                                     std::string_view what) { log_.line(client.address(), what); }};
};

int serve(int argc, char** argv) {
    cli::Common common;
    endpoint::ServerOptions settings;
    settings.limits.max_message_bytes = 32 * 1024;
    std::string folder = lab::pages_folder();
    cli::Options options{"server", "Lesson 12: a chat server, with a page to chat in."};
    options.server(common);
    options.path(common);
    options.text("--page", folder, "FOLDER", "where chat.html and the other pages are");
    // A foreign page would chat in the name of whoever looks at it (lesson 10).
    cli::declare_allowed_origins(options, settings);
    options.number("--max-message-bytes", settings.limits.max_message_bytes, 0, 1u << 30, "N",
                   "a longer message is refused with 1009");
    options.number("--max-backlog-bytes", settings.max_backlog_bytes, 0, 1u << 30, "N",
                   "whoever has more waiting is dropped with 1013");
    options.seconds_or_off("--ping-interval", settings.ping_interval, "from one ping to the next");
    options.seconds_or_off("--idle-timeout", settings.idle_timeout,
                           "without a sign of life, then the end");
    options.parse(argc, argv);
    settings.host = common.host;
    settings.port = common.port;
    settings.path = common.path;
    if (common.trace) settings.trace = cli::trace_to_stderr;

    const net::StopSignal stop;
    lab::LabLoop lab{lab::Pages{"chat.html", folder}};
    ChatServer server{settings, lab};
    std::printf("Chat server running at %s ...\n",
                cli::server_url(common, "ws", server.port()).c_str());
    std::fflush(stdout);
    if (!lab.pages().complete())
        std::fprintf(stderr,
                     "server: no chat page in %s (--page names its folder); going on without it\n",
                     ws::escape(folder).c_str());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
