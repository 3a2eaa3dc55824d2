// The client of tests/conformance that echoes, and a conformance suite that is played by hand.
#include <doctest/doctest.h>

#include "tests/support/bytes.hpp"
#include "tests/support/exchange.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_peer.hpp"
#include "ws/handshake.hpp"

using namespace test;

namespace {

// The suite: a client comes for each step, and says which by its path.
class Suite {
  public:
    explicit Suite(std::vector<std::string> options)
        : client_{program("conformance/echo_client"), with_url(std::move(options))} {}

    // The next connection, which has to ask for `path`; it is open when `accept` is the right one.
    RawPeer expect(const std::string& path, std::string_view accept = {}) {
        RawPeer peer{listener_};
        const std::string head = peer.receive_head();
        CHECK(head.substr(0, head.find("\r\n")) == "GET " + path + " HTTP/1.1");
        ws::Request request;
        CHECK(request.parse(head) == ws::Errc::none);
        const std::string right = ws::accept_key(request.find("Sec-WebSocket-Key").value_or(""));
        peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: " + (accept.empty() ? right : std::string{accept}) + "\r\n\r\n");
        return peer;
    }

    // Begins the closing handshake, and ends TCP as a server does.
    static void close(RawPeer& peer) {
        peer.send(close_frame(1000));
        ws::FrameHeader header;
        const ws::Buffer body = peer.receive_frame(header);
        CHECK(header.opcode == ws::Opcode::close);
        CHECK(body == "03 e8"_hex);
        peer.end_sending();
        peer.expect_end();
    }

    void say_count(const std::string& count) {
        RawPeer peer = expect("/getCaseCount");
        peer.send("81 01"_hex + ws::as_bytes(count));
        close(peer);
    }

    void expect_end(const std::string& output, int status = 0) {
        RawPeer peer = expect("/updateReports?agent=mine");
        close(peer);
        CHECK(client_.wait() == status);
        CHECK(client_.output_so_far() == output);
    }

    static std::string echo_of(RawPeer& peer, ws::Bytes frames) {
        peer.send(frames);
        std::string text;
        for (bool last = false; !last;) {  // in as many frames as it likes
            ws::FrameHeader header;
            text += ws::as_text(peer.receive_frame(header));
            CHECK(header.masked);
            last = header.fin;
        }
        return text;
    }

  private:
    std::vector<std::string> with_url(std::vector<std::string> options) {
        options.insert(options.end(), {"--agent", "mine", "ws://127.0.0.1:" + std::to_string(listener_.port()) + "/"});
        return options;
    }

    net::Listener listener_{"127.0.0.1", 0};
    Process client_;
};

}  // namespace

TEST_CASE("echo client: asks for the count, echoes in each case, asks for the report") {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--pieces"}}) {
        CAPTURE(options.size());
        Suite suite{options};
        suite.say_count("2");
        RawPeer first = suite.expect("/runCase?case=1&agent=mine");
        CHECK(Suite::echo_of(first, "81 05 48 65 6c 6c 6f"_hex) == "Hello");
        CHECK(Suite::echo_of(first, "01 03 48 65 6c 80 02 6c 6f"_hex) == "Hello");  // in two frames
        CHECK(Suite::echo_of(first, "82 00"_hex).empty());
        Suite::close(first);
        RawPeer second = suite.expect("/runCase?case=2&agent=mine");
        CHECK(Suite::echo_of(second, "82 01 ff"_hex) == "\xFF");
        Suite::close(second);
        suite.expect_end("2 cases\n");
    }
}

TEST_CASE("echo client: a case that breaks a rule, in its answer or later, is not the last one") {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--pieces"}}) {
        CAPTURE(options.size());
        Suite suite{options};
        suite.say_count("4");
        suite.expect("/runCase?case=1&agent=mine", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").expect_end();
        RawPeer wrong = suite.expect("/runCase?case=2&agent=mine");
        wrong.send("01 02 48 65 83 00"_hex);  // a fragment, then a reserved opcode
        wrong.expect_close(1002);
        wrong.close();
        suite.expect("/runCase?case=3&agent=mine").reset();
        RawPeer last = suite.expect("/runCase?case=4&agent=mine");
        CHECK(Suite::echo_of(last, "81 02 48 69"_hex) == "Hi");
        Suite::close(last);
        suite.expect_end("4 cases\n");
    }
}

TEST_CASE("echo client: no cases are no success, and no URL is a wrong command line") {
    Suite suite{{}};
    suite.say_count("0");
    suite.expect_end("0 cases\n", 1);
    CHECK(run(program("conformance/echo_client")).status == 2);
}
