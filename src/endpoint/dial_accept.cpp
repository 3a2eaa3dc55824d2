// The opening handshake over a socket, RFC 6455 §4.1 and §4.2. Lesson 8.
// What is wrong with a head, and what is answered, is ws/opening's to say; here are the reading
// with one deadline, the sending of the answer, and a refused client's time to take it.
#include "endpoint/dial_accept.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "net/look_up.hpp"
#include "net/url.hpp"

namespace endpoint {

namespace {

constexpr std::uint16_t default_port = 80;  // RFC 6455 §3

// A client that is refused gets this long to take its answer; then its bytes are its own loss.
// And so long a server may take to say why it refuses.
constexpr std::chrono::milliseconds linger{1'000};

std::unique_ptr<ws::Tracer> make_tracer(const BlockingOptions& options) {
    if (!options.trace && !options.make_tap) return nullptr;
    auto tracer = std::make_unique<ws::Tracer>(options.trace);
    if (options.make_tap) tracer->tap(options.make_tap());
    return tracer;
}

void trace(const std::unique_ptr<ws::Tracer>& tracer, ws::Direction direction, ws::Bytes bytes) {
    if (tracer) tracer->bytes(direction, bytes);
}

void add_tap(std::unique_ptr<ws::Tracer>& tracer, ws::Tracer::Tap tap) {
    if (!tap) return;
    if (!tracer) tracer = std::make_unique<ws::Tracer>(nullptr);
    tracer->tap(std::move(tap));
}

// Reads until the opening says what is next, or something else stopped it. What came after the
// head is left in `rest`, and not traced yet.
struct Reading {
    const net::Fd& socket;
    const BlockingOptions& options;
    net::Deadline deadline;
    const std::unique_ptr<ws::Tracer>& tracer;
    std::array<std::uint8_t, 4096> buffer{};
    ws::Bytes rest{};

    // `step` is no longer `more` after IoStatus::ok. Throws net::Stopped.
    template <typename Opening>
    net::IoResult until_next(Opening& opening, ws::Direction direction,
                             typename Opening::Step& step) {
        for (;;) {
            // The program's end comes first, also while the peer keeps sending.
            if (net::wait_readable(std::array{options.stop_fd, socket.get()}, deadline) == 0)
                throw net::Stopped{};
            const net::IoResult result = net::receive_some(socket, buffer, deadline);
            if (!result) return result;
            const ws::Bytes bytes = ws::Bytes{buffer}.first(result.bytes);
            std::size_t taken = 0;
            step = opening.feed(bytes, taken);
            trace(tracer, direction, bytes.first(taken));
            rest = bytes.subspan(taken);
            if (step != Opening::Step::more) return result;
        }
    }
};

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

// What a refusal says beyond its head, as far as it comes: `beginning` came with it.
ws::Buffer reason(const ws::ClientOpening& opening, const net::Fd& socket, ws::Bytes beginning,
                  const DialOptions& options, const std::unique_ptr<ws::Tracer>& tracer) {
    ws::Buffer body{beginning.begin(), beginning.end()};
    const net::Deadline deadline = net::after(std::min(linger, options.handshake_timeout));
    std::array<std::uint8_t, 4096> buffer;
    while (opening.awaits_reason(body)) {
        if (net::wait_readable(std::array{options.stop_fd, socket.get()}, deadline) == 0) break;
        const net::IoResult result = net::receive_some(socket, buffer, deadline);
        if (!result) break;
        trace(tracer, ws::Direction::from_server, ws::Bytes{buffer}.first(result.bytes));
        ws::append(body, ws::Bytes{buffer}.first(result.bytes));
    }
    return body;
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

// --- the server's side -----------------------------------------------------------------------

// Sends an answer with which the connection ends.
void send_last(const net::Fd& socket, const std::string& response, net::Deadline deadline,
               const std::unique_ptr<ws::Tracer>& tracer, int stop_fd) {
    trace(tracer, ws::Direction::from_server, ws::as_bytes(response));
    if (!net::send_all(socket, response, deadline)) return;
    net::end_in_order(socket, net::after(linger), stop_fd);
}

[[noreturn]] void refuse(const net::Fd& socket, const ws::ServerOpening& opening,
                         const AcceptOptions& options, const std::unique_ptr<ws::Tracer>& tracer) {
    const HandshakeFailed failure{opening.error(), opening.refusal()};
    // Before the answer leaves: what a client knows is in the log already.
    if (options.on_refused) options.on_refused(failure);
    send_last(socket, opening.answer(), net::after(linger), tracer, options.stop_fd);
    throw failure;
}

}  // namespace

std::unique_ptr<BlockingConnection> dial(std::string_view text, const DialOptions& options) {
    using Step = ws::ClientOpening::Step;
    const net::Url url = parse_websocket_url(text);
    net::RandomPool random;
    ws::ClientOpening opening{describe_request(url, options, random), options.head_limits,
                              options.extensions};
    const net::Deadline deadline = net::after(options.handshake_timeout);
    net::Fd socket = net::connect_in_time(url.host, url.port, deadline, options.stop_fd);

    std::unique_ptr<ws::Tracer> tracer = make_tracer(options);
    const std::string request = opening.request();
    trace(tracer, ws::Direction::from_client, ws::as_bytes(request));
    net::IoResult result = net::send_all(socket, request, deadline);
    Reading reading{socket, options, deadline, tracer};
    Step step = Step::more;
    if (result) result = reading.until_next(opening, ws::Direction::from_server, step);
    if (!result) {
        const bool late = result.status == net::IoStatus::timed_out;
        const std::string why = late ? "the server did not answer in time" : result.message();
        throw HandshakeFailed{ws::Errc::none, opening.failure(why)};
    }
    trace(tracer, ws::Direction::from_server, reading.rest);
    if (step == Step::failed) {
        const ws::Buffer body = reason(opening, socket, reading.rest, options, tracer);
        throw HandshakeFailed{opening.error(), opening.failure(body)};
    }
    // Its first frames may have come with the answer, in the same read.
    auto connection =
        std::make_unique<BlockingConnection>(std::move(socket), ws::Role::client, options,
                                             reading.rest, options.masking_keys, std::move(tracer));
    connection->subprotocol = opening.subprotocol();
    connection->extend(opening.take_extension());
    return connection;
}

std::unique_ptr<BlockingConnection> accept(const net::Fd& socket, const AcceptOptions& options,
                                           const net::Address& peer) {
    using Step = ws::ServerOpening::Step;
    std::unique_ptr<ws::Tracer> tracer = make_tracer(options);
    const net::Deadline deadline = net::after(options.handshake_timeout);
    ws::ServerOpening opening{options.head_limits};
    Reading reading{socket, options, deadline, tracer};
    Step step = Step::more;
    const net::IoResult result = reading.until_next(opening, ws::Direction::from_client, step);
    if (result.status == net::IoStatus::timed_out)
        step = opening.refuse(ws::Errc::handshake_timeout);
    else if (!result)
        throw HandshakeFailed{ws::Errc::none, "no handshake: " + result.message()};

    if (step == Step::decide) {
        ws::Policy policy = policy_for(options, peer);
        policy.extensions = options.extensions;
        if (options.on_http) policy.on_http = std::cref(options.on_http);
        step = opening.decide(policy);
    }
    // An onlooker at the request of this client sees all frames, also those after the request.
    if (step == Step::open && options.tap) add_tap(tracer, options.tap(opening.request()));
    trace(tracer, ws::Direction::from_client, reading.rest);
    if (step == Step::refuse) refuse(socket, opening, options, tracer);
    if (step == Step::reply) {
        // A page takes longer than the line of a refusal: it gets the time of a message.
        send_last(socket, opening.answer() + opening.page(), net::after(options.write_timeout),
                  tracer, options.stop_fd);
        return nullptr;
    }
    trace(tracer, ws::Direction::from_server, ws::as_bytes(opening.answer()));
    if (const net::IoResult sent = net::send_all(socket, opening.answer(), deadline); !sent)
        throw HandshakeFailed{ws::Errc::none, "no handshake: " + sent.message()};
    auto connection = std::make_unique<BlockingConnection>(
        socket, ws::Role::server, options, reading.rest, nullptr, std::move(tracer));
    connection->subprotocol = opening.subprotocol();
    connection->extend(opening.take_extension());
    return connection;
}

void refuse(const net::Fd& socket, ws::Errc errc, const AcceptOptions& options) {
    ws::ServerOpening opening;
    opening.refuse(errc);
    refuse(socket, opening, options, make_tracer(options));
}

}  // namespace endpoint
