// The opening handshake as two machines, one for each side: bytes in, and out comes what is to be
// done next. RFC 6455 §4. Lesson 5.
// ws/http reads a head and ws/handshake knows the rules; the order in which they are asked is
// decided here, once for every endpoint. No socket and no clock: a driver that has waited too long
// says so with refuse().
// Leaves out: what an extension says; it is asked (ws/extension).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ws/extension.hpp"
#include "ws/handshake.hpp"
#include "ws/http_reply.hpp"
#include "ws/origin.hpp"

namespace ws {

// RFC 6455 §10.2, and what a server does that was told nothing else: pages of its own host may
// connect, and no others.
inline Errc same_origin(const Request& request) { return check_origin(request, {}); }

// What a server wants of a request that keeps the rules, in the order in which it is asked. Every
// view lives until decide() has returned.
struct Policy {
    std::string_view path{};                       // of the WebSocket; empty: any
    std::span<const std::string> further_paths{};  // with a WebSocket, too
    // Which page, then who: may it come in? Not Errc::none: it is refused by that rule.
    std::function<Errc(const Request&)> admit = same_origin;
    // In their place, for a GET or HEAD that asks for no WebSocket: fills in the answer. False:
    // nothing here, it is 426.
    std::function<bool(const Request&, HttpReply&)> on_http{};
    std::span<const std::string> subprotocols{};  // the best first
    bool any_subprotocol = false;                 // in their place: whichever is offered first
    Extensions* extensions = nullptr;             // null: none
};

class ServerOpening {
  public:
    enum class Step : std::uint8_t {
        more,    // the head is not complete: feed() what comes
        decide,  // request() keeps the rules: decide() on it
        open,    // send answer(); what came after the head, and what follows it, are frames
        reply,   // send answer() and page(), then end TCP: no WebSocket was asked for
        refuse,  // send answer(), then end TCP: error() says why
    };

    explicit ServerOpening(const HeadLimits& limits = {}) : head_{limits} {}
    ServerOpening(const ServerOpening&) = delete;  // the request points into the head
    ServerOpening& operator=(const ServerOpening&) = delete;

    // Takes bytes up to the head's end and says in `taken` how many. Not to be called again once
    // it has said something else than `more`.
    Step feed(Bytes bytes, std::size_t& taken);

    // After `decide`, once. Says `open`, `reply` or `refuse`.
    Step decide(const Policy& policy);

    // Instead of what would come next: the time is over (Errc::handshake_timeout), there are too
    // many (Errc::too_many_connections). Says `refuse`.
    Step refuse(Errc errc);

    // After `decide`. Lives as long as this object.
    const Request& request() const { return request_; }

    const std::string& answer() const { return answer_; }
    const std::string& page() const { return reply_.body; }
    // What was chosen; empty: none.
    const std::string& subprotocol() const { return subprotocol_; }
    // What was agreed on, once; null: none.
    std::unique_ptr<Extension> take_extension() { return std::move(extension_); }
    Errc error() const { return error_; }

    // After `refuse`, one line for a log, safe to print: the rule, and of the request, as far as it
    // was understood, what it takes to see why.
    std::string refusal() const;

  private:
    Step serve_page(const Policy& policy);

    HeadReader head_;
    Request request_;
    bool plain_ = false;  // it asks for no WebSocket
    Errc error_ = Errc::none;
    std::string answer_;
    std::string subprotocol_;
    std::unique_ptr<Extension> extension_;
    HttpReply reply_;
};

class ClientOpening {
  public:
    enum class Step : std::uint8_t {
        more,    // the answer is not complete: feed() what comes
        open,    // what came after the head, and what follows it, are frames
        failed,  // error() says why; the connection is over
    };

    // `handshake` is sendable.
    // `extensions` are offered; null: none.
    explicit ClientOpening(ClientHandshake handshake, const HeadLimits& limits = {},
                           Extensions* extensions = nullptr)
        : handshake_{std::move(handshake)},
          head_{limits, HeadReader::Interim::skip},
          extensions_{extensions} {
        if (extensions_ != nullptr) handshake_.extensions = extensions_->offer();
    }
    ClientOpening(const ClientOpening&) = delete;  // the response points into the head
    ClientOpening& operator=(const ClientOpening&) = delete;

    // What is to be sent first.
    std::string request() const { return client_request(handshake_); }

    // As a server's. Responses that only announce the final one (1xx, but not 101) are skipped.
    Step feed(Bytes bytes, std::size_t& taken);

    const ClientHandshake& handshake() const { return handshake_; }
    // After a whole head. Lives as long as this object.
    const Response& response() const { return response_; }
    // What the server chose; empty: none.
    std::string_view subprotocol() const;
    // What was agreed on, once; null: none.
    std::unique_ptr<Extension> take_extension() { return std::move(extension_); }
    Errc error() const { return error_; }

    // After `failed`, one line, safe to print: what was answered, or the rule that the answer
    // broke. `body` is what came after the head; its first line often says what would have been
    // right.
    std::string failure(Bytes body) const;
    // Of a refusal, the status line and, in parentheses, the body's first line; safe to print.
    std::string refusal(Bytes body) const;
    // After `failed`: `body` does not have all of its first line yet. It may come in a later read
    // than its head.
    bool awaits_reason(Bytes body) const;
    // The same when there was no answer: what happened instead, and what had been asked for.
    std::string failure(std::string_view what) const;

  private:
    Errc accept_answer();

    ClientHandshake handshake_;
    HeadReader head_;
    Response response_;
    Extensions* extensions_;
    std::unique_ptr<Extension> extension_;
    Errc error_ = Errc::none;
};

}  // namespace ws
