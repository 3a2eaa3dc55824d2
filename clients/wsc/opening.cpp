// Heads out, heads in. The rules of RFC 6455 §4 are ws/opening's; here is what stands around
// them: how the stream comes about, and where a redirect leads.
// Leaves out: bodies of answers beyond their first line; after a redirect a new connection is made.
#include "clients/wsc/opening.hpp"

#include <algorithm>
#include <array>

#include "clients/wsc/connecting.hpp"
#include "clients/wsc/failure.hpp"
#include "clients/wsc/words.hpp"
#include "net/random.hpp"
#include "net/url.hpp"
#include "ws/deflate/codec.hpp"
#include "ws/opening.hpp"

namespace wsc {

namespace {

std::string basic(const std::string& credentials) {
    return "Basic " + ws::base64(ws::as_bytes(credentials));
}

// Reads until `feed` has seen enough, and leaves what came after the head in `rest`: what comes
// there is not shown yet. False when the stream ended first.
template <typename Feed>
bool read_head(int fd, const Feed& feed, ws::Buffer& rest, const Waiting& waiting, Wire* wire) {
    std::array<std::uint8_t, 16384> chunk;
    for (;;) {
        const std::size_t got = receive(fd, chunk, waiting);
        if (got == 0) return false;
        const ws::Bytes bytes = ws::Bytes{chunk}.first(got);
        std::size_t taken = 0;
        const bool enough = feed(bytes, taken);
        if (wire != nullptr) wire->received(bytes.first(taken));
        if (!enough) continue;
        ws::append(rest, bytes.subspan(taken));
        return true;
    }
}

// As read_head(), for an answer that must come.
template <typename Feed>
void read_answer(int fd, const Feed& feed, ws::Buffer& rest, const Waiting& waiting, Wire* wire,
                 Tls* tls) {
    bool complete = false;
    try {
        complete = read_head(fd, feed, rest, waiting, wire);
    } catch (const ResetByPeer&) {
        if (tls == nullptr) throw;
    }
    if (complete) return;
    const std::string complaint = tls != nullptr ? tls->complaint(waiting) : "";
    throw PeerFailure{complaint.empty() ? "socket hang up" : complaint};
}

int status_of_proxy(int fd, const Waiting& waiting) {
    ws::HeadReader reader{{}, ws::HeadReader::Interim::skip};
    ws::Response response;
    ws::Buffer rest;  // none: we are the first to speak
    const auto feed = [&reader](ws::Bytes bytes, std::size_t& taken) {
        return reader.feed(bytes, taken) != ws::Parse::need_more;
    };
    read_answer(fd, feed, rest, waiting, nullptr, nullptr);
    ws::Errc errc = reader.error();
    if (errc == ws::Errc::none) errc = response.parse(reader.text());
    if (errc != ws::Errc::none) throw PeerFailure{head_words(errc), rule_text(errc)};
    return response.status;
}

// RFC 9110 §9.3.6: the proxy answers 2xx, and from then on carries our bytes.
net::Fd connect_through(const Proxy& proxy, const Target& target, const Waiting& waiting) {
    net::Fd socket = connect_tcp(proxy.host, proxy.port, waiting);
    const std::string authority = net::join_host_port(target.host, target.port);
    std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (!proxy.credentials.empty())
        head += "Proxy-Authorization: " + basic(proxy.credentials) + "\r\n";
    send_all(socket.get(), head + "Proxy-Connection: close\r\n\r\n", waiting);
    const int status = status_of_proxy(socket.get(), waiting);
    if (status / 100 != 2)
        throw PeerFailure{"Unexpected server response: " + std::to_string(status),
                          "the proxy refused to connect to " + authority};
    return socket;
}

// RFC 1928, and RFC 1929 where there is a password. The proxy looks the name up.
net::Fd connect_through_socks(const Proxy& proxy, const Target& target, const Waiting& waiting) {
    net::Fd socket = connect_tcp(proxy.host, proxy.port, waiting);
    const auto ask = [&](const std::string& bytes, std::size_t answered) {
        send_all(socket.get(), bytes, waiting);
        ws::Buffer answer(answered);
        for (std::size_t got = 0; got < answered;) {
            const std::size_t more =
                receive(socket.get(), ws::MutableBytes{answer}.subspan(got), waiting);
            if (more == 0) throw PeerFailure{"socket hang up", "the proxy has ended the connection"};
            got += more;
        }
        return answer;
    };
    const auto counted = [](std::string_view text) {
        return static_cast<char>(text.size()) + std::string{text};
    };
    constexpr std::size_t longest = 255;
    const bool password = !proxy.credentials.empty();
    ws::Buffer answer = ask(password ? "\x05\x01\x02" : std::string{"\x05\x01\x00", 3}, 2);
    if (answer[0] != 5 || answer[1] != (password ? 2 : 0))
        throw PeerFailure{"the proxy wants another kind of authentication, or speaks no SOCKS5"};
    if (password) {
        const std::size_t colon = proxy.credentials.find(':');
        const std::string name = proxy.credentials.substr(0, colon);
        const std::string secret = proxy.credentials.substr(colon + 1);
        if (name.size() > longest || secret.size() > longest)
            throw PeerFailure{"a name or password for SOCKS5 has at most 255 bytes"};
        if (ask('\x01' + counted(name) + counted(secret), 2)[1] != 0)
            throw PeerFailure{"the proxy has refused the name or the password"};
    }
    if (target.host.size() > longest) throw PeerFailure{"getaddrinfo ENOTFOUND " + target.host};
    const std::string port{static_cast<char>(target.port >> 8), static_cast<char>(target.port & 255)};
    answer = ask(std::string{"\x05\x01\x00\x03", 4} + counted(target.host) + port, 5);
    if (answer[1] != 0)
        throw PeerFailure{"the proxy cannot connect to " +
                          net::join_host_port(target.host, target.port) + " (SOCKS5 answer " +
                          std::to_string(answer[1]) + ')'};
    // The address that the proxy has there; of a name the length has come, of an address one byte.
    const std::size_t rest = answer[3] == 1 ? 3 : answer[3] == 4 ? 15 : answer[4];
    ask("", rest + 2);
    return socket;
}

Opened connect(const Settings& settings, const Target& target, const Waiting& waiting) {
    Opened opened;
    if (!target.unix_path.empty())
        opened.stream = connect_unix(target.unix_path, waiting);
    else if (settings.proxy && settings.proxy->socks)
        opened.stream = connect_through_socks(*settings.proxy, target, waiting);
    else if (settings.proxy)
        opened.stream = connect_through(*settings.proxy, target, waiting);
    else
        opened.stream = connect_tcp(settings.address_of(target.host), target.port, waiting);
    if (target.secure) {
        opened.tls = std::make_unique<Tls>(std::move(opened.stream), target.host, settings.tls);
        opened.stream = opened.tls->take_stream();
    }
    return opened;
}

// `trusted`: this is the host that the user named, and may see the user's credentials.
ws::ClientHandshake handshake_for(const Settings& settings, const Target& target, bool trusted) {
    net::RandomPool random;
    ws::ClientHandshake handshake;
    handshake.host = settings.host.empty() || !trusted ? target.host_header() : settings.host;
    handshake.resource = target.resource;
    handshake.key = ws::make_key(random.bytes<16>());
    handshake.subprotocols = settings.subprotocols;
    handshake.origin = settings.origin;
    for (const auto& header : settings.headers) {
        const bool secret = ws::equals_ignoring_case(header.first, "Authorization") ||
                            ws::equals_ignoring_case(header.first, "Cookie");
        if (trusted || !secret) handshake.headers.push_back(header);
    }
    const std::string& credentials =
        settings.authorization.empty() || !trusted ? target.credentials : settings.authorization;
    if (!credentials.empty()) handshake.headers.emplace_back("Authorization", basic(credentials));
    return handshake;
}

// Version 8 was a draft of the RFC with the same frames; two headers of its handshake differ.
std::string request_text(const ws::ClientOpening& opening, int version) {
    std::string text = opening.request();
    if (version == 13) return text;
    const auto replace = [&text](std::string_view from, std::string_view to) {
        if (const std::size_t at = text.find(from); at != std::string::npos)
            text.replace(at, from.size(), to);
    };
    replace("\r\nSec-WebSocket-Version: 13\r\n", "\r\nSec-WebSocket-Version: 8\r\n");
    replace("\r\nOrigin: ", "\r\nSec-WebSocket-Origin: ");
    return text;
}

bool is_redirect(const ws::Response& response) {
    const int status = response.status;
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
           response.find("Location").has_value();
}

Target follow(const Target& from, const ws::Response& response) {
    const std::string location{*response.find("Location")};
    try {
        return redirected(from, location);
    } catch (const net::UrlError& error) {
        throw PeerFailure{"Invalid URL: " + ws::escape(location, 200),
                          ws::escape(std::string_view{error.what()}, 300)};
    }
}

// Behind what is wrong with an answer: what was asked for. Nothing is mistaken more often.
std::string asked_for(const Target& target) {
    // What follows the '?' may be a secret.
    const std::string path = "; path " + target.resource.substr(0, target.resource.find('?'));
    // wscat would have asked for another one.
    return path + (target.path_implied ? ", which host:port stands for (host:port/ means /)" : "");
}

// What a refusal says beyond its head may come in a later read, and does so within a moment or never.
void read_reason(const ws::ClientOpening& opening, Opened& opened, const Waiting& waiting) {
    const net::Clock::time_point end =
        std::min(net::Clock::now() + std::chrono::seconds{1}, waiting.deadline());
    std::array<std::uint8_t, 4096> chunk;
    try {
        while (opening.awaits_reason(opened.beginning) &&
               waiting.until_readable(opened.stream.get(), end)) {
            const std::size_t got = receive(opened.stream.get(), chunk, waiting);
            if (got == 0) return;
            ws::append(opened.beginning, ws::Bytes{chunk}.first(got));
        }
    } catch (const PeerFailure&) {
        // The refusal stays what it is, with as much of its reason as came.
    }
}

// The rules for the answer, then what wscat asks for beyond them.
void check_answer(const ws::ClientOpening& opening, ws::Bytes body) {
    if (const ws::Errc errc = opening.error(); errc != ws::Errc::none) {
        std::string words = response_words(errc, opening.response(), opening.handshake());
        // Their number, then the server's own words: these say why.
        if (errc == ws::Errc::unexpected_status) words += "; " + opening.refusal(body);
        throw PeerFailure{words, rule_text(errc)};
    }
    if (!opening.handshake().subprotocols.empty() && opening.subprotocol().empty())
        throw PeerFailure{"Server sent no subprotocol"};
}

// The request and its answer; false when that leads elsewhere.
bool ask(ws::ClientOpening& opening, Opened& opened, const Settings& settings, const Waiting& waiting,
         Wire& wire) {
    const std::string request = request_text(opening, settings.protocol_version);
    wire.sent(ws::as_bytes(request));
    send_all(opened.stream.get(), request, waiting);
    const auto feed = [&opening](ws::Bytes bytes, std::size_t& taken) {
        return opening.feed(bytes, taken) != ws::ClientOpening::Step::more;
    };
    read_answer(opened.stream.get(), feed, opened.beginning, waiting, &wire, opened.tls.get());
    const bool elsewhere = opening.error() != ws::Errc::none && settings.follow_redirects &&
                           is_redirect(opening.response());
    if (!elsewhere) read_reason(opening, opened, waiting);
    // No frames come then, so nobody else will show what did.
    if (opening.error() != ws::Errc::none) wire.received(opened.beginning);
    if (elsewhere) return false;
    check_answer(opening, opened.beginning);
    opened.extension = opening.take_extension();
    return true;
}

}  // namespace

Opened open_connection(const Settings& settings, const Waiting& waiting, Wire& wire) {
    Target target = *settings.connect;
    const std::string first_host = target.unix_path + target.host_header();
    for (std::uint64_t redirects = 0;; ++redirects) {
        if (target.secure) check_tls(settings.tls);
        const bool trusted = target.unix_path + target.host_header() == first_host &&
                             target.secure == settings.connect->secure;
        ws::deflate::PermessageDeflate compression{{}};
        ws::ClientOpening opening{handshake_for(settings, target, trusted),
                                  {},
                                  settings.compress ? &compression : nullptr};
        Opened opened = connect(settings, target, waiting);
        try {
            if (ask(opening, opened, settings, waiting, wire)) return opened;
            if (redirects == settings.max_redirects) throw PeerFailure{"Maximum redirects exceeded"};
            target = follow(target, opening.response());
        } catch (const PeerFailure& failure) {
            // Where not even TLS was agreed on, nothing was asked for.
            if (opened.tls && opening.response().status == 0) throw;
            throw PeerFailure{failure.what() + asked_for(target), failure.rule()};
        }
    }
}

Opened accept_client(net::Fd socket, const Waiting& waiting, Wire& wire) {
    using Next = ws::ServerOpening::Step;
    Opened opened;
    opened.stream = std::move(socket);
    ws::ServerOpening opening;
    Next step = Next::more;
    const auto feed = [&](ws::Bytes bytes, std::size_t& taken) {
        step = opening.feed(bytes, taken);
        return step != Next::more;
    };
    if (!read_head(opened.stream.get(), feed, opened.beginning, waiting, &wire))
        throw PeerFailure{"socket hang up"};
    if (step == Next::decide) step = opening.decide({.admit = {}, .any_subprotocol = true});
    if (step != Next::open) wire.received(opened.beginning);
    wire.sent(ws::as_bytes(opening.answer()));
    send_all(opened.stream.get(), opening.answer(), waiting);
    if (step != Next::open)
        throw PeerFailure{head_words(opening.error()), rule_text(opening.error())};
    return opened;
}

}  // namespace wsc
