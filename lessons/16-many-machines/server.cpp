// Lesson 16: a chat server, one of several. Its rooms are logs, in this process or in a Redis that all
// servers share. What the messages mean is in chat.hpp; here it is put on a port.
#include <cstdio>

#include "cli/backplane_options.hpp"
#include "cli/compression_options.hpp"
#include "cli/log.hpp"
#include "cli/loop_options.hpp"
#include "cli/say.hpp"
#include "lab/lab_loop.hpp"
#include "lessons/16-many-machines/chat.hpp"
#include "net/signal.hpp"

namespace {

class ChatServer {
  public:
    ChatServer(const endpoint::ServerOptions& options, endpoint::Backplane& backplane,
               lab::LabLoop& lab)
        : server_{start(options, handlers(), lab)},
          chat_{server_, backplane,
                [this](const auto& client, std::string_view what) {
                    log_.line(client.address(), what);
                },
                [](bool up, std::string_view why) {
                    std::fprintf(stderr, "server: the rooms' store is %s: %s\n",
                                 up ? "there" : "away", ws::escape(why).c_str());
                }} {}

    std::uint16_t port() const { return server_.port(); }
    void run(int stop_fd) { server_.run(stop_fd); }

  private:
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
            .on_drain = [this](endpoint::LoopConnection& client) { chat_.drained(client); },
            .on_close = [this](endpoint::LoopConnection& client, const endpoint::Error& error) {
                log_.line(client.address(), error.message());
                chat_.forget(client);
            },
            .on_log = [this](const net::Address& who, std::string_view what) { log_.line(who, what); },
        };
    }

    cli::Log log_;
    endpoint::Server server_;
    chat::SharedChat chat_;
};

int serve(int argc, char** argv) {
    cli::LoopLine line;
    cli::BackplaneLine backplane_line;
    cli::CompressionOptions compression;
    endpoint::ServerOptions settings;
    settings.limits.max_message_bytes = 32 * 1024;
    // The person who ends this server has another one ready: clients go there, and miss nothing.
    settings.shutdown_reason = "this server is being replaced: connect again";
    std::string folder = lab::pages_folder();
    cli::Options options{"server", "Lesson 16: a chat server, one of several that share a Redis."};
    line.declare(options, settings);
    backplane_line.declare(options);
    compression.declare(options);
    options.text("--page", folder, "FOLDER", "where chat.html and the other pages are");
    options.parse(argc, argv);
    line.finish(settings);
    settings.extensions = compression.extensions(cli::CompressionOptions::Sharing::one_thread);

    const net::StopSignal stop;
    const std::unique_ptr<endpoint::Backplane> backplane = backplane_line.make();
    lab::LabLoop lab{lab::Pages{"chat.html", folder}};
    ChatServer server{settings, *backplane, lab};
    cli::announce("Chat server running, its rooms " + backplane_line.where() + ", at", line.common,
                  server.port());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
