// Ours for the scenario g of `make bench`: the epoll server with one room, in which every message
// goes to everybody (endpoint/hub). fan_out --port N
#include <cstdio>

#include "cli/options.hpp"
#include "endpoint/hub.hpp"
#include "net/descriptors.hpp"
#include "net/signal.hpp"

namespace {

int serve(int argc, char** argv) {
    cli::Common common;
    bool fan_out = true;
    cli::Options options{"fan_out", "Sends every message to everybody."};
    options.server(common);
    options.flag("--fan-out", fan_out, "what it does in any case");
    options.parse(argc, argv);
    const net::StopSignal stop;
    net::raise_descriptor_limit();

    endpoint::ServerOptions settings;
    settings.host = common.host;
    settings.port = common.port;
    settings.path = common.path;
    endpoint::Hub* hub = nullptr;
    endpoint::Handlers handlers;
    handlers.on_open = [&hub](auto& client) { hub->join(client, "all"); };
    handlers.on_message = [&hub](auto&, const endpoint::Message& message) {
        hub->broadcast("all", message.type, message.data);
    };
    handlers.on_close = [&hub](auto& client, const endpoint::Error&) { hub->leave(client); };
    endpoint::Server server{settings, handlers};
    endpoint::Hub rooms{server};
    hub = &rooms;
    std::printf("Fan-out on :%u\n", unsigned{server.port()});
    std::fflush(stdout);
    server.run(stop.fd());
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, serve); }
