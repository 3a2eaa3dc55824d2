// The opening handshake over a socket: dial() for clients, accept() for servers. Lesson 8.
// RFC 6455 §4.1 and §4.2, driven over a blocking socket with one deadline for all of it.
// Leaves out: TLS (a terminator in front does it), proxies, redirects.
#pragma once

#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "endpoint/blocking.hpp"

namespace endpoint {

// The handshake failed, by the peer's doing. what() is one line, safe to print.
class HandshakeFailed : public std::runtime_error {
  public:
    HandshakeFailed(ws::Errc rule, const std::string& what)
        : std::runtime_error{what}, rule_{rule} {}

    // The broken rule; none when the peer ended the connection or stayed silent.
    ws::Errc rule() const { return rule_; }

  private:
    ws::Errc rule_;
};

struct DialOptions : BlockingOptions {
    std::vector<std::string> subprotocols{};  // offered, in order of preference
    std::string origin{};
    std::vector<std::pair<std::string, std::string>> headers{};
    // For demonstrations and tests, where bytes must be the same each time. A real client
    // leaves both alone: its key and its masking keys must be unpredictable (§4.1, §5.3).
    std::string key{};
    ws::KeySource* masking_keys = nullptr;  // outlives the connection
};

// Connects to "ws://host:port/path?query" and does the client's part of the handshake. Throws
// net::UrlError, net::ResolveError, std::system_error (no connection), HandshakeFailed;
// net::Stopped when options.stop_fd was readable first.
std::unique_ptr<BlockingConnection> dial(std::string_view url, const DialOptions& options = {});

struct AcceptOptions : BlockingOptions, ServerPolicy {
    // A GET or HEAD without `Upgrade: websocket`: fills in the answer. False: nothing here, it is
    // 426.
    std::function<bool(const ws::Request&, ws::HttpReply&)> on_http{};
    // Asked when a request is about to be accepted: who looks on? From our answer 101 on, what
    // crosses the wire goes there too. Empty: nobody, and that costs nothing.
    std::function<ws::Tracer::Tap(const ws::Request&)> tap{};
    // Called with each refusal before the client can learn of it; for the log.
    std::function<void(const HandshakeFailed&)> on_refused{};
};

// Does the server's part of the handshake on a socket that was just accepted, and that outlives
// the connection. A request that breaks a rule is answered by its status and one line of text;
// then HandshakeFailed is thrown. net::Stopped as from dial(). `peer` is for options.admit. Null:
// options.on_http has answered, and there is no connection.
std::unique_ptr<BlockingConnection> accept(const net::Fd& socket, const AcceptOptions& options = {},
                                           const net::Address& peer = {});

// Refuses a client that was just accepted, whatever it may ask for: answers by the rule's status
// as accept() does, and throws HandshakeFailed.
[[noreturn]] void refuse(const net::Fd& socket, ws::Errc errc, const AcceptOptions& options = {});

}  // namespace endpoint
