// Boost.Beast as a server of `make bench`: beast --port N. Echo, asynchronous, one thread, no
// compression, a message in one frame; a connection's buffer is kept from message to message.
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

namespace beast = boost::beast;
using Tcp = boost::asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
  public:
    explicit Session(Tcp::socket socket) : stream_{std::move(socket)} {}

    void run() {
        stream_.next_layer().set_option(Tcp::no_delay{true});
        stream_.auto_fragment(false);
        stream_.read_message_max(64u << 20);
        stream_.async_accept([self = shared_from_this()](beast::error_code error) {
            if (!error) self->read();
        });
    }

  private:
    void read() {
        stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (!error) self->write();
        });
    }

    void write() {
        stream_.text(stream_.got_text());
        stream_.async_write(buffer_.data(),
                            [self = shared_from_this()](beast::error_code error, std::size_t size) {
                                if (error) return;
                                self->buffer_.consume(size);
                                self->read();
                            });
    }

    beast::websocket::stream<Tcp::socket> stream_;
    beast::flat_buffer buffer_;
};

void accept(Tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](beast::error_code error, Tcp::socket socket) {
        if (!error) std::make_shared<Session>(std::move(socket))->run();
        accept(acceptor);
    });
}

int main(int argc, char** argv) {
    unsigned short port = 0;
    for (int i = 1; i + 1 < argc; ++i)
        if (std::strcmp(argv[i], "--port") == 0)
            port = static_cast<unsigned short>(std::atoi(argv[i + 1]));
    boost::asio::io_context context{1};
    Tcp::acceptor acceptor{context, {boost::asio::ip::address_v4::loopback(), port}};
    acceptor.listen(4096);
    std::cout << "Boost.Beast on :" << acceptor.local_endpoint().port() << std::endl;
    accept(acceptor);
    context.run();
}
