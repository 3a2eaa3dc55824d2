// The rules of RFC 6455 §4.1 and §4.2, each below the sentence that asks for it. Lesson 4.
// A head that ws/http took apart comes in, and a rule that was broken, or the text of an answer,
// goes out. Base64 is OpenSSL's.
#include "ws/handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>

#include "ws/hex.hpp"

namespace ws {

namespace {

constexpr std::string_view crlf = "\r\n";

bool is_base64_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

// 16 bytes in base64 are 22 characters and two for padding.
bool is_key(std::string_view text) {
    return text.size() == 24 && text.ends_with("==") &&
           std::ranges::all_of(text.substr(0, 22), is_base64_char);
}

// RFC 9112 §6: "The presence of a message body in a request is signaled by a Content-Length or
// Transfer-Encoding header field." A body would be taken for frames, so such a request is
// refused as a whole; so is one whose length two readers could understand in two ways.
bool announces_body(const Request& request) {
    if (request.count("Transfer-Encoding") > 0 || request.count("Content-Length") > 1) return true;
    const std::string_view length = request.find("Content-Length").value_or("0");
    return length.empty() || length.find_first_not_of('0') != std::string_view::npos;
}

bool is_list_of_different_tokens(std::vector<std::string_view> elements) {
    std::ranges::sort(elements);
    return !elements.empty() && std::ranges::all_of(elements, is_token) &&
           std::ranges::adjacent_find(elements) == elements.end();
}

// RFC 6455 §9.1: "When using the quoted-string syntax variant, the value after quoted-string
// unescaping MUST conform to the 'token' ABNF." So neither ',' nor ';' can hide in one.
bool is_parameter_value(std::string_view value) {
    if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"'))
        return is_token(value);
    std::string unescaped;
    for (std::size_t i = 1; i < value.size() - 1; ++i) {
        if (value[i] == '\\') ++i;
        unescaped += value[i];
    }
    return is_token(unescaped);
}

bool is_parameter(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return is_token(text);
    return is_token(trim(text.substr(0, equals))) &&
           is_parameter_value(trim(text.substr(equals + 1)));
}

// RFC 6455 §9.1: a token, then parameters: ";" token [ "=" (token | quoted-string) ].
bool is_extension(std::string_view text) {
    const std::vector<std::string_view> parts = split(text, ';');
    return is_token(parts.front()) && std::all_of(parts.begin() + 1, parts.end(), is_parameter);
}

// Headers that the handshake itself decides about; a second one would contradict it.
bool is_ours(std::string_view name) {
    constexpr auto names = std::to_array<std::string_view>(
        {"Host", "Upgrade", "Connection", "Content-Length", "Transfer-Encoding",
         "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol",
         "Sec-WebSocket-Extensions"});
    return std::ranges::any_of(
        names, [name](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

Errc check_host(const Request& request) {
    // RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    // request message that lacks a Host header field and to any request message that contains
    // more than one Host header field line or a Host header field with an invalid field value."
    if (request.count("Host") == 0)
        return request.version == "HTTP/1.0" ? Errc::none : Errc::missing_host;
    if (request.count("Host") > 1) return Errc::duplicate_host;
    if (!is_host(request.host)) return Errc::malformed_host;
    // RFC 9112 §3.2: "If the target URI includes an authority component, then a client MUST send
    // a field value for Host that is identical to that authority component"
    if (!request.authority.empty() && !equals_ignoring_case(request.authority, request.host))
        return Errc::host_mismatch;
    return Errc::none;
}

Errc check_lists(const Request& request) {
    if (request.count("Sec-WebSocket-Protocol") > 0 &&
        !is_list_of_different_tokens(request.list("Sec-WebSocket-Protocol")))
        return Errc::malformed_subprotocol;
    if (request.count("Sec-WebSocket-Extensions") > 0) {
        const auto extensions = request.list("Sec-WebSocket-Extensions");
        if (extensions.empty() || !std::ranges::all_of(extensions, is_extension))
            return Errc::malformed_extension;
    }
    return Errc::none;
}

void add_header(std::string& head, std::string_view name, std::string_view value) {
    assert(is_token(name) && is_header_value(value));
    head.append(name).append(": ").append(value).append(crlf);
}

std::string start_response(int status) {
    return "HTTP/1.1 " + std::to_string(status) + ' ' + std::string{status_phrase(status)} +
           std::string{crlf};
}

}  // namespace

Sha1::Digest accept_hash(std::string_view key) {
    const std::string text = std::string{key} + std::string{guid};
    return sha1(as_bytes(text));
}

std::string base64(Bytes bytes) {
    // EVP_EncodeBlock writes a zero byte after the text.
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string accept_key(std::string_view key) { return base64(accept_hash(key)); }

Errc check_request(const Request& request) {
    if (const Errc errc = check_host(request); errc != Errc::none) return errc;
    if (announces_body(request)) return Errc::request_body;

    // RFC 6455 §4.2.1: "An |Upgrade| header field containing the value "websocket", treated as an
    // ASCII case-insensitive value."
    if (!request.has_token("Upgrade", "websocket")) return Errc::not_an_upgrade;

    // RFC 6455 §4.2.1: "A |Connection| header field that includes the token "Upgrade", treated as
    // an ASCII case-insensitive value." Firefox sends "keep-alive, Upgrade".
    if (!request.has_token("Connection", "Upgrade")) return Errc::connection_without_upgrade;

    // RFC 6455 §11.3.1 and §11.3.5 say of either: "header field MUST NOT appear more than once in
    // an HTTP request."
    if (request.count("Sec-WebSocket-Key") > 1 || request.count("Sec-WebSocket-Version") > 1)
        return Errc::duplicate_header;

    // RFC 6455 §4.2.1: "A |Sec-WebSocket-Version| header field, with a value of 13."
    if (request.find("Sec-WebSocket-Version") != "13") return Errc::unsupported_version;

    // RFC 6455 §4.2.1: "A |Sec-WebSocket-Key| header field with a base64-encoded [...] value
    // that, when decoded, is 16 bytes in length."
    const auto key = request.find("Sec-WebSocket-Key");
    if (!key) return Errc::missing_key;
    if (!is_key(*key)) return Errc::malformed_key;
    return check_lists(request);
}

std::string_view choose_subprotocol(const Request& request, std::span<const std::string> ours) {
    const std::vector<std::string_view> offered = request.list("Sec-WebSocket-Protocol");
    for (const std::string& protocol : ours)
        if (std::ranges::find(offered, protocol) != offered.end()) return protocol;
    return {};
}

std::string accept_response(const Request& request, std::string_view subprotocol,
                            std::span<const Header> extra) {
    std::string head = start_response(101);
    add_header(head, "Upgrade", "websocket");
    add_header(head, "Connection", "Upgrade");
    add_header(head, "Sec-WebSocket-Accept",
               accept_key(request.find("Sec-WebSocket-Key").value_or("")));
    if (!subprotocol.empty()) add_header(head, "Sec-WebSocket-Protocol", subprotocol);
    for (const Header& header : extra) add_header(head, header.name, header.value);
    return head.append(crlf);
}

std::string refuse_response(Errc errc, std::string_view path) {
    const Rule& broken = rule(errc);
    assert(broken.http_status != 0 && "a rule that clients can break");
    std::string body{broken.sentence};
    // Which one was asked for is what a reader of this has to know, and may not have typed.
    if (errc == Errc::path_not_found && !path.empty()) body.append(": ").append(escape(path, 200));
    body += '\n';
    std::string head = start_response(broken.http_status);
    add_header(head, "Connection", broken.http_status == 426 ? "close, Upgrade" : "close");
    add_header(head, "Content-Type", "text/plain; charset=utf-8");
    add_header(head, "Content-Length", std::to_string(body.size()));
    // RFC 9110 §15.5.6 and §15.5.22: what would have been right stands in these headers.
    if (broken.http_status == 405) add_header(head, "Allow", "GET");
    if (broken.http_status == 401) {
        add_header(head, "WWW-Authenticate", "Basic realm=\"WebSocket\"");
        add_header(head, "WWW-Authenticate", "Bearer realm=\"WebSocket\"");
    }
    if (broken.http_status == 429 || broken.http_status == 503) add_header(head, "Retry-After", "1");
    if (broken.http_status == 426) {
        add_header(head, "Upgrade", "websocket");
        // RFC 6455 §4.4: "If the server doesn't support the requested version, it MUST respond
        // with a |Sec-WebSocket-Version| header field [...] containing all versions it is
        // willing to use."
        add_header(head, "Sec-WebSocket-Version", "13");
    }
    return head.append(crlf).append(body);
}

std::string http_response(int status, std::string_view content_type, std::size_t body_bytes,
                          std::span<const Header> extra) {
    std::string head = start_response(status);
    add_header(head, "Connection", "close");
    add_header(head, "Content-Type", content_type);
    add_header(head, "Content-Length", std::to_string(body_bytes));
    for (const Header& header : extra) add_header(head, header.name, header.value);
    return head.append(crlf);
}

std::string make_key(const std::array<std::uint8_t, 16>& nonce) { return base64(nonce); }

bool is_sendable(const ClientHandshake& handshake) {
    const std::vector<std::string_view> offered{handshake.subprotocols.begin(),
                                                handshake.subprotocols.end()};
    return is_host(handshake.host) && is_resource(handshake.resource) && is_key(handshake.key) &&
           is_header_value(handshake.origin) && is_header_value(handshake.extensions) &&
           (offered.empty() || is_list_of_different_tokens(offered)) &&
           std::ranges::all_of(handshake.headers, [](const auto& header) {
               return is_token(header.first) && is_header_value(header.second) &&
                      !is_ours(header.first);
           });
}

std::string client_request(const ClientHandshake& handshake) {
    assert(is_sendable(handshake));
    std::string head = "GET " + handshake.resource + " HTTP/1.1" + std::string{crlf};
    add_header(head, "Host", handshake.host);
    add_header(head, "Upgrade", "websocket");
    add_header(head, "Connection", "Upgrade");
    add_header(head, "Sec-WebSocket-Key", handshake.key);
    add_header(head, "Sec-WebSocket-Version", "13");
    if (!handshake.origin.empty()) add_header(head, "Origin", handshake.origin);
    std::string offered;
    for (const std::string& protocol : handshake.subprotocols)
        offered.append(offered.empty() ? "" : ", ").append(protocol);
    if (!offered.empty()) add_header(head, "Sec-WebSocket-Protocol", offered);
    if (!handshake.extensions.empty())
        add_header(head, "Sec-WebSocket-Extensions", handshake.extensions);
    // None of those above is among them: is_sendable() has looked.
    for (const auto& [name, value] : handshake.headers) add_header(head, name, value);
    return head.append(crlf);
}

// RFC 6455 §4.1, the list of what the client MUST validate, in its order.
Errc check_response(const Response& response, const ClientHandshake& handshake) {
    if (response.status != 101) return Errc::unexpected_status;

    // 2. "If the response lacks an |Upgrade| header field or the |Upgrade| header field contains
    // a value that is not an ASCII case-insensitive match for the value "websocket", the client
    // MUST _Fail the WebSocket Connection_."
    if (response.count("Upgrade") != 1 ||
        !equals_ignoring_case(*response.find("Upgrade"), "websocket"))
        return Errc::response_without_upgrade;

    // 3. "If the response lacks a |Connection| header field or the |Connection| header field
    // doesn't contain a token that is an ASCII case-insensitive match for the value "Upgrade",
    // the client MUST _Fail the WebSocket Connection_."
    if (!response.has_token("Connection", "Upgrade")) return Errc::response_without_connection;

    // 4. "If the response lacks a |Sec-WebSocket-Accept| header field or the
    // |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the
    // concatenation of the |Sec-WebSocket-Key| (as a string, not base64-decoded) with the string
    // "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading and trailing whitespace,
    // the client MUST _Fail the WebSocket Connection_." And §11.3.3: only once in a response.
    if (response.count("Sec-WebSocket-Accept") == 0) return Errc::missing_accept;
    if (response.count("Sec-WebSocket-Accept") > 1) return Errc::duplicate_header;
    if (*response.find("Sec-WebSocket-Accept") != accept_key(handshake.key))
        return Errc::wrong_accept;

    // 5. "If the response includes a |Sec-WebSocket-Extensions| header field and this header
    // field indicates the use of an extension that was not present in the client's handshake
    // [...], the client MUST _Fail the WebSocket Connection_." (An offered one is asked in ws/opening.)
    if (handshake.extensions.empty() && response.count("Sec-WebSocket-Extensions") > 0)
        return Errc::unrequested_extension;

    // 6. "If the response includes a |Sec-WebSocket-Protocol| header field and this header field
    // indicates the use of a subprotocol that was not present in the client's handshake [...],
    // the client MUST _Fail the WebSocket Connection_." And §11.3.4: only once in a response.
    if (response.count("Sec-WebSocket-Protocol") > 1) return Errc::duplicate_header;
    if (const auto chosen = response.find("Sec-WebSocket-Protocol");
        chosen && std::ranges::find(handshake.subprotocols, *chosen) == handshake.subprotocols.end())
        return Errc::unrequested_subprotocol;
    return Errc::none;
}

}  // namespace ws
