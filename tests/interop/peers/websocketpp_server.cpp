// websocketpp as a server of `make interop`: an echo on a free port. A text message that begins
// with "!" is a command: !close CODE REASON, !ping DATA, !fragments. What it saw goes to standard
// output, a line each. Compiled as C++14, which is what that library's headers are written in.
#include <iostream>
#include <string>

#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

using Server = websocketpp::server<websocketpp::config::asio>;
using Handle = websocketpp::connection_hdl;
namespace opcode = websocketpp::frame::opcode;

namespace {

class Peer {
  public:
    Peer() {
        server_.clear_access_channels(websocketpp::log::alevel::all);
        server_.clear_error_channels(websocketpp::log::elevel::all);
        server_.init_asio();
        server_.set_validate_handler([this](Handle handle) { return validate(handle); });
        server_.set_http_handler([this](Handle handle) {
            auto connection = server_.get_con_from_hdl(handle);
            connection->append_header("Content-Type", "text/plain");
            connection->set_body("a page of websocketpp\n");
            connection->set_status(websocketpp::http::status_code::ok);
        });
        server_.set_message_handler(
            [this](Handle handle, Server::message_ptr message) { obey(handle, *message); });
        server_.set_pong_handler([](Handle, const std::string& data) {
            std::cout << "pong " << data << std::endl;
        });
        server_.set_close_handler([this](Handle handle) {
            auto connection = server_.get_con_from_hdl(handle);
            std::cout << "closed " << connection->get_remote_close_code() << ' '
                      << connection->get_remote_close_reason() << std::endl;
        });
    }

    void run() {
        server_.listen(boost::asio::ip::tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0});
        server_.start_accept();
        websocketpp::lib::asio::error_code error;
        std::cout << "listening " << server_.get_local_endpoint(error).port() << std::endl;
        server_.run();
    }

  private:
    bool validate(Handle handle) {
        auto connection = server_.get_con_from_hdl(handle);
        if (connection->get_resource() == "/refused") {
            connection->set_status(websocketpp::http::status_code::forbidden);
            return false;
        }
        for (const std::string& name : connection->get_requested_subprotocols())
            if (name == "chat") connection->select_subprotocol(name);
        return true;
    }

    void obey(Handle handle, Server::message_ptr::element_type& message) {
        const std::string& text = message.get_payload();
        const bool command = message.get_opcode() == opcode::text && text.size() < 200;
        if (command && text.rfind("!close ", 0) == 0) {
            const int code = std::stoi(text.substr(7));
            server_.close(handle, static_cast<websocketpp::close::status::value>(code),
                          text.substr(text.find(' ', 7) + 1));
        } else if (command && text.rfind("!ping ", 0) == 0) {
            server_.ping(handle, text.substr(6));
        } else if (command && text == "!fragments") {
            fragment(handle, opcode::text, "one, ", false);
            fragment(handle, opcode::continuation, "two, gr\xC3", false);
            fragment(handle, opcode::continuation, "\xBC\xC3\x9F" "e", true);
        } else {
            server_.send(handle, text, message.get_opcode());
        }
    }

    // The library fragments nothing by itself, and judges the UTF-8 of what is sent by the frame:
    // so each frame is prepared here.
    void fragment(Handle handle, opcode::value type, const std::string& payload, bool last) {
        using websocketpp::frame::basic_header;
        using websocketpp::frame::extended_header;
        auto connection = server_.get_con_from_hdl(handle);
        auto message = connection->get_message(type, payload.size());
        message->set_header(
            websocketpp::frame::prepare_header(basic_header(type, payload.size(), last, false),
                                               extended_header(payload.size())));
        message->set_payload(payload);
        message->set_prepared(true);
        connection->send(message);
    }

    Server server_;
};

}  // namespace

int main() {
    Peer{}.run();
}
