// The opening handshake over a socket, RFC 6455 §4.1 and §4.2. Lesson 8.
// What is wrong with a head is ws/handshake's to say; here are the reading with one deadline, the
// sending of the answer, and a refused client's time to take it.
#include "endpoint/opening.hpp"

#include <sys/socket.h>

#include <array>

#include "net/look_up.hpp"
#include "net/url.hpp"

namespace endpoint {

namespace {

constexpr std::uint16_t default_port = 80;  // RFC 6455 §3

// A client that is refused gets this long to take its answer; then its bytes are its own loss.
constexpr std::chrono::milliseconds linger{1'000};

std::unique_ptr<ws::Tracer> make_tracer(const Options& options) {
    return options.trace ? std::make_unique<ws::Tracer>(options.trace) : nullptr;
}

void trace(const std::unique_ptr<ws::Tracer>& tracer, ws::Direction direction, ws::Bytes bytes) {
    if (tracer) tracer->bytes(direction, bytes);
}

void watch(std::unique_ptr<ws::Tracer>& tracer, ws::Tracer::Tap tap) {
    if (!tap) return;
    if (!tracer) tracer = std::make_unique<ws::Tracer>(nullptr);
    tracer->tap(std::move(tap));
}

// A head, and the bytes that came behind it in the same read; those are not traced yet.
struct ReceivedHead {
    ws::HeadReader reader;
    std::array<std::uint8_t, 4096> buffer;
    ws::Bytes rest{};

    explicit ReceivedHead(const ws::HeadLimits& limits,
                          ws::HeadReader::Interim interim = ws::HeadReader::Interim::deliver)
        : reader{limits, interim} {}

    // Reads until the head is complete or wrong; what stopped it otherwise. Throws net::Stopped.
    net::IoResult receive(const net::Fd& socket, const Options& options, net::Deadline deadline,
                          ws::Direction direction, const std::unique_ptr<ws::Tracer>& tracer) {
        for (;;) {
            if (net::wait_readable(std::array{options.stop_fd, socket.get()}, deadline) == 0)
                throw net::Stopped{};
            const net::IoResult result = net::receive_some(socket, buffer, deadline);
            if (!result) return result;
            const ws::Bytes bytes = ws::Bytes{buffer}.first(result.bytes);
            std::size_t taken = 0;
            const ws::Parse parse = reader.feed(bytes, taken);
            trace(tracer, direction, bytes.first(taken));
            rest = bytes.subspan(taken);
            if (parse != ws::Parse::need_more) return result;
        }
    }
};

std::string describe(ws::Errc errc) {
    const ws::Rule& broken = ws::rule(errc);
    return std::string{broken.sentence} + " (" + std::string{broken.section} + ')';
}

// --- the client's side -----------------------------------------------------------------------

net::Url parse_websocket_url(std::string_view text) {
    net::Url url = net::parse_url(text);
    const std::string shown{ws::escape(text)};
    if (url.scheme == "wss")
        throw net::UrlError{"'" + shown + "': this client speaks ws:// only; for wss:// put a " +
                            "TLS tunnel in between"};
    if (!url.scheme.empty() && url.scheme != "ws")
        throw net::UrlError{"'" + shown + "': a WebSocket URL begins with ws://"};
    if (url.port == 0) url.port = default_port;
    return url;
}

// What only the caller knows of the request that RFC 6455 §4.1 describes; the rest is
// ws::client_request()'s part.
ws::ClientHandshake describe_request(const net::Url& url, const DialOptions& options,
                                     net::RandomPool& random) {
    ws::ClientHandshake handshake;
    handshake.host = net::join_host_port(url.host, url.port);
    // RFC 6455 §4.1: the port is left out when it is the default one.
    if (url.port == default_port) handshake.host.resize(handshake.host.rfind(':'));
    handshake.resource = url.resource;
    handshake.key = options.key.empty() ? ws::make_key(random.bytes<16>()) : options.key;
    handshake.subprotocols = options.subprotocols;
    handshake.origin = options.origin;
    handshake.headers = options.headers;
    if (!ws::is_sendable(handshake))
        throw net::UrlError{"the URL, a subprotocol or a header holds a character that cannot " +
                            std::string{"stand in an HTTP request"}};
    return handshake;
}

[[noreturn]] void fail_dial(ws::Errc errc, const ws::Response& response, ws::Bytes rest) {
    std::string why = "Handshake failed: ";
    if (errc == ws::Errc::unexpected_status) {
        why += ws::escape(response.start_line);
        // The first line of the body often says what would have been right.
        const std::string_view body = ws::as_text(rest);
        if (!body.empty()) why += " (" + ws::escape(body.substr(0, body.find('\n')), 200) + ')';
    } else {
        why += describe(errc);
    }
    throw HandshakeFailed{errc, why};
}

// --- the server's side -----------------------------------------------------------------------

ws::Errc judge(const ReceivedHead& head, ws::Request& request, const AcceptOptions& options,
               const net::Address& peer) {
    if (head.reader.error() != ws::Errc::none) return head.reader.error();
    if (const ws::Errc errc = request.parse(head.reader.text()); errc != ws::Errc::none)
        return errc;
    if (const ws::Errc errc = ws::check_request(request); errc != ws::Errc::none) return errc;
    // RFC 6455 §4.2.2: "If the requested service is not available, the server MUST send an
    // appropriate HTTP error code (such as 404 Not Found) and abort the WebSocket handshake."
    if (!options.path.empty() && request.path != options.path) return ws::Errc::path_not_found;
    return options.admit ? options.admit(request, peer) : ws::Errc::none;
}

// Sends an answer with which the connection ends.
void send_last(const net::Fd& socket, const std::string& response, net::Deadline deadline,
               const std::unique_ptr<ws::Tracer>& tracer, int stop_fd) {
    trace(tracer, ws::Direction::from_server, ws::as_bytes(response));
    if (!net::send_all(socket, response, deadline)) return;
    // Read what the client still sends before the socket is closed: unread bytes would make the
    // kernel send a reset, and the client might never see the answer.
    net::shutdown_sending(socket);
    const net::Deadline moment = net::after(linger);
    std::array<std::uint8_t, 4096> dropped;
    while (net::wait_readable(std::array{stop_fd, socket.get()}, moment) == 1 &&
           net::receive_some(socket, dropped, moment)) {
    }
}

[[noreturn]] void refuse(const net::Fd& socket, ws::Errc errc, const AcceptOptions& options,
                         const std::unique_ptr<ws::Tracer>& tracer) {
    const HandshakeFailed failure{
        errc, "refused with " + std::to_string(ws::rule(errc).http_status) + ": " + describe(errc)};
    if (options.on_refused) options.on_refused(failure);
    send_last(socket, ws::refuse_response(errc), net::after(linger), tracer, options.stop_fd);
    throw failure;
}

// True: the request was for something else than a WebSocket, and has its answer.
bool reply(const net::Fd& socket, const ws::Request& request, const AcceptOptions& options,
           const std::unique_ptr<ws::Tracer>& tracer) {
    HttpReply answer;
    if (!options.on_http || !options.on_http(request, answer)) return false;
    const std::string head =
        ws::http_response(answer.status, answer.content_type, answer.body.size(), answer.headers);
    // A page takes longer than the line of a refusal: it gets the time of a message.
    send_last(socket, head + answer.body, net::after(options.write_timeout), tracer,
              options.stop_fd);
    return true;
}

}  // namespace

std::unique_ptr<BlockingConnection> dial(std::string_view text, const DialOptions& options) {
    const net::Url url = parse_websocket_url(text);
    net::RandomPool random;
    const ws::ClientHandshake handshake = describe_request(url, options, random);
    const net::Deadline deadline = net::after(options.handshake_timeout);
    net::Fd socket = net::connect_in_time(url.host, url.port, deadline, options.stop_fd);

    std::unique_ptr<ws::Tracer> tracer = make_tracer(options);
    const std::string request = ws::client_request(handshake);
    trace(tracer, ws::Direction::from_client, ws::as_bytes(request));
    net::IoResult result = net::send_all(socket, request, deadline);
    ReceivedHead head{options.head_limits, ws::HeadReader::Interim::skip};
    if (result)
        result = head.receive(socket, options, deadline, ws::Direction::from_server, tracer);
    if (result.status == net::IoStatus::timed_out)
        throw HandshakeFailed{ws::Errc::none,
                              "Handshake failed: the server did not answer in time"};
    if (!result) throw HandshakeFailed{ws::Errc::none, "Handshake failed: " + result.message()};
    trace(tracer, ws::Direction::from_server, head.rest);

    ws::Response response;
    ws::Errc errc = head.reader.error();
    if (errc == ws::Errc::none) errc = response.parse(head.reader.text());
    if (errc == ws::Errc::none) errc = ws::check_response(response, handshake);
    if (errc != ws::Errc::none) fail_dial(errc, response, head.rest);
    auto connection =
        std::make_unique<BlockingConnection>(std::move(socket), ws::Role::client, options,
                                             head.rest, options.masking_keys, std::move(tracer));
    connection->subprotocol = response.find("Sec-WebSocket-Protocol").value_or("");
    return connection;
}

std::unique_ptr<BlockingConnection> accept(const net::Fd& socket, const AcceptOptions& options,
                                           const net::Address& peer) {
    std::unique_ptr<ws::Tracer> tracer = make_tracer(options);
    const net::Deadline deadline = net::after(options.handshake_timeout);
    ReceivedHead head{options.head_limits};
    const net::IoResult result =
        head.receive(socket, options, deadline, ws::Direction::from_client, tracer);
    if (result.status == net::IoStatus::timed_out)
        refuse(socket, ws::Errc::handshake_timeout, options, tracer);
    if (!result) throw HandshakeFailed{ws::Errc::none, "no handshake: " + result.message()};

    ws::Request request;
    const ws::Errc errc = judge(head, request, options, peer);
    if (errc == ws::Errc::none && options.watch) watch(tracer, options.watch(request));
    trace(tracer, ws::Direction::from_client, head.rest);
    if (errc == ws::Errc::not_an_upgrade && reply(socket, request, options, tracer)) return nullptr;
    if (errc != ws::Errc::none) refuse(socket, errc, options, tracer);
    const std::string_view subprotocol = ws::choose_subprotocol(request, options.subprotocols);
    const std::string response = ws::accept_response(request, subprotocol);
    trace(tracer, ws::Direction::from_server, ws::as_bytes(response));
    if (const net::IoResult sent = net::send_all(socket, response, deadline); !sent)
        throw HandshakeFailed{ws::Errc::none, "no handshake: " + sent.message()};
    auto connection = std::make_unique<BlockingConnection>(socket, ws::Role::server, options,
                                                           head.rest, nullptr, std::move(tracer));
    connection->subprotocol = subprotocol;
    return connection;
}

void refuse(const net::Fd& socket, ws::Errc errc, const AcceptOptions& options) {
    refuse(socket, errc, options, make_tracer(options));
}

}  // namespace endpoint
