// websocketpp as a server of `make bench`: websocketpp --port N [--fan-out].
// One thread, no compression, no log. Compiled as C++14, as that library's headers are written.
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <set>

#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

using Server = websocketpp::server<websocketpp::config::asio>;
using Handle = websocketpp::connection_hdl;

int main(int argc, char** argv) {
    unsigned short port = 0;
    bool fan_out = false;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--fan-out") == 0) fan_out = true;
        if (std::strcmp(argv[i], "--port") == 0 && i + 1 < argc)
            port = static_cast<unsigned short>(std::atoi(argv[++i]));
    }
    Server server;
    std::set<Handle, std::owner_less<Handle>> all;
    server.clear_access_channels(websocketpp::log::alevel::all);
    server.clear_error_channels(websocketpp::log::elevel::all);
    server.init_asio();
    server.set_reuse_addr(true);
    server.set_max_message_size(64u << 20);
    server.set_tcp_pre_init_handler([&](Handle handle) {
        server.get_con_from_hdl(handle)->get_raw_socket().set_option(
            boost::asio::ip::tcp::no_delay{true});
    });
    if (fan_out) {
        server.set_open_handler([&](Handle handle) { all.insert(handle); });
        server.set_close_handler([&](Handle handle) { all.erase(handle); });
        server.set_fail_handler([&](Handle handle) { all.erase(handle); });
    }
    server.set_message_handler([&](Handle from, Server::message_ptr message) {
        websocketpp::lib::error_code error;
        if (!fan_out) return server.send(from, message->get_payload(), message->get_opcode(), error);
        for (const Handle& to : all)
            if (to.lock() != from.lock())
                server.send(to, message->get_payload(), message->get_opcode(), error);
    });
    server.listen(boost::asio::ip::tcp::endpoint{boost::asio::ip::address_v4::loopback(), port});
    server.start_accept();
    websocketpp::lib::asio::error_code error;
    std::cout << "websocketpp on :" << server.get_local_endpoint(error).port() << std::endl;
    server.run();
}
