// Lesson 15: a room over one event loop a core. What one client says, all hear, on whatever loop.
// "/loop" asks for the client's loop, "/stall N" lets it stand still for N milliseconds, "/primes N" is
// answered by a thread that is no loop. With --echo each message goes back to its sender instead.
#include "cli/compression_options.hpp"
#include "cli/log.hpp"
#include "cli/loop_options.hpp"
#include "cli/say.hpp"
#include "cli/size_options.hpp"
#include "endpoint/reactors.hpp"
#include "lessons/15-many-cores/commands.hpp"
#include "lessons/15-many-cores/pages.hpp"
#include "lessons/15-many-cores/worker.hpp"
#include "net/descriptors.hpp"
#include "net/signal.hpp"

namespace {

using endpoint::LoopConnection;
using endpoint::Reactor;
using Sharing = cli::CompressionOptions::Sharing;

constexpr const char* room = "all";

class ManyCores {
  public:
    ManyCores(const endpoint::ReactorsOptions& options, cli::CompressionOptions& compression,
              bool echo, std::chrono::microseconds work)
        : echo_{echo},
          work_{work},
          loops_{options, [&](Reactor& loop, endpoint::ServerOptions& own) {
                     if (loop.number() != 0) own.trace = nullptr;
                     own.extensions = compression.extensions(Sharing::one_thread);
                     return handlers(loop);
                 }} {}

    std::uint16_t port() const { return loops_.port(); }
    void run(int stop_fd) { loops_.run(stop_fd); }

  private:
    endpoint::LoopHandlers handlers(Reactor& loop) {
        endpoint::LoopHandlers handlers;
        if (!echo_)
            handlers.on_open = [&loop](LoopConnection& client) { loop.hub().join(client, room); };
        handlers.on_message = [this, &loop](LoopConnection& client, const endpoint::Message& said) {
            if (work_.count() != 0) lesson::compute(work_);
            const std::string_view text = ws::as_text(said.data);
            if (text.starts_with('/') && obey(loop, client, text)) return;
            if (echo_)
                client.send(said.type, said.data);
            else
                loop.broadcast(client, room, said.type, said.data);
        };
        handlers.on_missed = [this](endpoint::ConnectionId, const ws::PreparedMessage& message) {
            log_.line({}, "nobody is there for: " + std::string{ws::as_text(message.data())});
        };
        handlers.on_log = [this](const net::Address& a, std::string_view t) { log_.line(a, t); };
        handlers.on_http = [this](const ws::Request& request, ws::HttpReply& reply) {
            return lesson::show(loops_, request.path, reply);
        };
        return handlers;
    }

    // False: it is for the room.
    bool obey(Reactor& loop, LoopConnection& client, std::string_view said) {
        if (said == "/loop") {
            client.send("loop " + std::to_string(loop.number()) + " of " +
                        std::to_string(loops_.loops()));
        } else if (const auto most = lesson::argument(said, "/primes ", 100'000'000)) {
            count_primes(loop.handle(client), client, *most);
        } else if (const auto time = lesson::argument(said, "/stall ", 10'000)) {
            lesson::compute(std::chrono::milliseconds{*time});
            client.send("here again");
        } else {
            return false;
        }
        return true;
    }

    // The worker's thread knows the client by a handle, for the client may have gone by then.
    void count_primes(endpoint::ClientHandle handle, LoopConnection& client, std::uint64_t most) {
        if (!worker_.give([=, this] { loops_.send(handle, lesson::primes_up_to(most)); }))
            client.send("too many ask at once; try again later");
    }

    const bool echo_;
    const std::chrono::microseconds work_;  // for each message
    cli::Log log_;
    endpoint::Reactors loops_;
    lesson::Worker worker_;  // last: it uses the loops
};

int serve(int argc, char** argv) {
    cli::LoopLine line;
    cli::CompressionOptions compression;
    endpoint::ReactorsOptions settings;
    std::uint64_t loops = std::max(1u, std::thread::hardware_concurrency()), work = 0;
    bool echo = false;
    cli::Options options{"server", "Lesson 15: a room over one event loop a core."};
    line.declare(options, settings);
    compression.declare(options);
    options.number("--loops", loops, 1, 1024, "N", "event loops, each a thread");
    cli::size_option(options, "--max-mailbox-bytes", settings.max_mailbox_bytes, "for each loop");
    options.flag("--echo", echo, "no room: each message goes back to its sender");
    options.number("--work", work, 0, 1'000'000, "N", "microseconds of computing for each message");
    options.parse(argc, argv);
    line.finish(settings);
    settings.loops = static_cast<unsigned>(loops);
    settings.max_traced = 1;  // the first client of the first loop
    const net::StopSignal stop;
    net::raise_descriptor_limit();
    ManyCores server{settings, compression, echo, std::chrono::microseconds{work}};
    cli::announce("WebSocket server, loops: " + std::to_string(loops) + ", at", line.common,
                  server.port());
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
