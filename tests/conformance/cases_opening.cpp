// Opening handshakes, good and bad, and the shapes by which requests are smuggled. RFC 6455 §4.1, §4.2,
// RFC 9110, RFC 9112. For a server each is a request, for a client an answer to its own request.
#include "tests/conformance/cases.hpp"

namespace conformance {

namespace {

using Lines = std::vector<std::string>;

const Lines usual_request{"GET $PATH HTTP/1.1",    "Host: $HOST",
                          "Upgrade: websocket",    "Connection: Upgrade",
                          "Sec-WebSocket-Key: $KEY", "Sec-WebSocket-Version: 13"};
const Lines usual_answer{"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                         "Sec-WebSocket-Accept: $ACCEPT"};

// A head from its lines, of which the one that begins with `name` is another one now; "": it is gone.
std::string changed(Lines lines, const std::string& name, const std::string& line) {
    std::string head;
    for (std::string& each : lines) {
        if (each.starts_with(name)) each = line;
        if (!each.empty()) head += each + "\r\n";
    }
    return head + "\r\n";
}
std::string whole(const Lines& lines) { return changed(lines, "no such line", ""); }
std::string added(Lines lines, const std::string& line) {
    lines.push_back(line);
    return whole(lines);
}
std::string replaced(std::string head, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = head.find(what, at)) != std::string::npos; at += by.size()) head.replace(at, what.size(), by);
    return head;
}

struct Requests {
    Group& group;

    void taken(const std::string& title, const std::string& head, std::size_t chop = 0) const {
        group.open(title, Side::servers, {.head = head, .chop = chop, .accepted = true});
    }
    void refused(const std::string& title, const std::string& head, std::vector<int> statuses = {400}) const {
        group.open(title, Side::servers, {.head = head, .refused = std::move(statuses)});
    }
    // Strict servers refuse it; a lenient one breaks no MUST of its own.
    void better_refused(const std::string& title, const std::string& head, std::vector<int> statuses = {400}) const {
        group.open(title, Side::servers,
                   {.head = head, .refused = std::move(statuses), .not_strict_if_taken = true});
    }
    void either(const std::string& title, const std::string& head) const {
        group.open(title, Side::servers, {.head = head, .free = true});
    }
};

Group good_requests() {
    Group group{"15", "requests that are right", "§4.1, §4.2.1"};
    const Requests request{group};
    request.taken("the usual one", whole(usual_request));
    request.taken("byte by byte", whole(usual_request), 1);
    request.taken("in segments of 7 bytes", whole(usual_request), 7);
    request.taken("names of headers in lower case",
                  whole({"GET $PATH HTTP/1.1", "host: $HOST", "upgrade: websocket", "connection: upgrade",
                         "sec-websocket-key: $KEY", "sec-websocket-version: 13"}));
    request.taken("names of headers in upper case",
                  whole({"GET $PATH HTTP/1.1", "HOST: $HOST", "UPGRADE: websocket", "CONNECTION: Upgrade",
                         "SEC-WEBSOCKET-KEY: $KEY", "SEC-WEBSOCKET-VERSION: 13"}));
    request.taken("Upgrade: WebSocket", changed(usual_request, "Upgrade:", "Upgrade: WebSocket"));
    request.taken("Upgrade: WEBSOCKET", changed(usual_request, "Upgrade:", "Upgrade: WEBSOCKET"));
    request.taken("Connection: keep-alive, Upgrade", changed(usual_request, "Connection:", "Connection: keep-alive, Upgrade"));
    request.taken("Connection: upgrade", changed(usual_request, "Connection:", "Connection: upgrade"));
    request.taken("Connection: UPGRADE,keep-alive", changed(usual_request, "Connection:", "Connection: UPGRADE,keep-alive"));
    request.taken("Connection in two lines", changed(usual_request, "Connection:", "Connection: keep-alive\r\nConnection: Upgrade"));
    request.taken("no space after the colons", replaced(whole(usual_request), ": ", ":"));
    request.taken("white space around the values", replaced(whole(usual_request), "websocket\r\n", " websocket \t\r\n"));
    request.taken("with a User-Agent and cookies", added(usual_request, "User-Agent: conformance\r\nCookie: a=b; c=d"));
    request.taken("with a header of 4,000 bytes", added(usual_request, "X-Long: " + std::string(4000, 'x')));
    request.taken("with forty more headers", [] {
        Lines lines = usual_request;
        for (int i = 0; i < 40; ++i) lines.push_back("X-Header-" + std::to_string(i) + ": " + std::to_string(i));
        return whole(lines);
    }());
    request.taken("with an empty header", added(usual_request, "X-Empty:"));
    request.taken("with a subprotocol that nobody knows", added(usual_request, "Sec-WebSocket-Protocol: nobody-knows-this"));
    request.taken("with two unknown subprotocols in two lines",
                  added(usual_request, "Sec-WebSocket-Protocol: nobody-knows-this\r\nSec-WebSocket-Protocol: nor-this"));
    request.taken("with an extension that nobody knows", added(usual_request, "Sec-WebSocket-Extensions: x-unknown"));
    request.taken("with an extension and parameters that nobody knows",
                  added(usual_request, "Sec-WebSocket-Extensions: x-unknown; a; b=c; d=\"e\", x-other"));
    request.taken("with a query", changed(usual_request, "GET", "GET $PATH?a=b&c=%20 HTTP/1.1"));
    request.taken("an Origin that is this host", added(usual_request, "Origin: http://$HOST"));
    request.taken("Sec-WebSocket-Key is all zeroes", changed(usual_request, "Sec-WebSocket-Key",
                                                             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="));
    request.either("with Upgrade: websocket, foo", changed(usual_request, "Upgrade:", "Upgrade: websocket, foo"));
    request.either("an absolute target", changed(usual_request, "GET", "GET http://$HOST$PATH HTTP/1.1"));
    request.either("HTTP/1.2", changed(usual_request, "GET", "GET $PATH HTTP/1.2"));
    request.either("an Origin that is another host", added(usual_request, "Origin: http://example.org"));
    request.either("an unasked Sec-WebSocket-Accept", added(usual_request, "Sec-WebSocket-Accept: x"));
    return group;
}

Group bad_requests() {
    Group group{"16", "requests that are wrong", "§4.2.1, §4.2.2"};
    const Requests request{group};
    request.refused("no Upgrade", changed(usual_request, "Upgrade:", ""), {426, 400, 200, 404});
    request.refused("Upgrade: h2c", changed(usual_request, "Upgrade:", "Upgrade: h2c"), {426, 400, 200, 404, 501});
    request.refused("Upgrade: websocketx", changed(usual_request, "Upgrade:", "Upgrade: websocketx"), {426, 400, 200, 404});
    request.refused("no Connection", changed(usual_request, "Connection:", ""), {400, 426, 200, 404});
    request.refused("Connection: close", changed(usual_request, "Connection:", "Connection: close"), {400, 426, 200, 404});
    request.refused("Connection: Upgradex", changed(usual_request, "Connection:", "Connection: Upgradex"), {400, 426, 200, 404});
    request.refused("no Sec-WebSocket-Key", changed(usual_request, "Sec-WebSocket-Key", ""));
    request.refused("an empty key", changed(usual_request, "Sec-WebSocket-Key", "Sec-WebSocket-Key:"));
    request.refused("a key of 15 bytes", changed(usual_request, "Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"));
    request.refused("a key of 17 bytes", changed(usual_request, "Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="));
    request.refused("a key that is not base64", changed(usual_request, "Sec-WebSocket-Key", "Sec-WebSocket-Key: !!!!AAAAAAAAAAAAAAAAAA=="));
    request.refused("two keys", added(usual_request, "Sec-WebSocket-Key: $KEY"));
    request.refused("no Sec-WebSocket-Version", changed(usual_request, "Sec-WebSocket-Version", ""), {400, 426});
    for (const char* version : {"12", "8", "0", "14", "13.0", "x", "255"})
        request.refused("Sec-WebSocket-Version: " + std::string{version},
                        changed(usual_request, "Sec-WebSocket-Version", "Sec-WebSocket-Version: " + std::string{version}), {426, 400});
    request.better_refused("two versions", added(usual_request, "Sec-WebSocket-Version: 13"), {400, 426});
    request.refused("no Host", changed(usual_request, "Host", ""));
    for (const char* method : {"POST", "PUT", "OPTIONS", "HEAD", "get", "FOO"})
        request.refused("method " + std::string{method}, changed(usual_request, "GET", std::string{method} + " $PATH HTTP/1.1"),
                        {405, 400, 501, 404, 426});
    request.refused("HTTP/1.0", changed(usual_request, "GET", "GET $PATH HTTP/1.0"), {505, 400, 426});
    request.refused("HTTP/0.9", changed(usual_request, "GET", "GET $PATH"), {505, 400});
    request.refused("HTTP/2.0", changed(usual_request, "GET", "GET $PATH HTTP/2.0"), {505, 400});
    request.refused("no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    request.refused("TLS", from_hex("16 03 01 02 00 01 00 01 fc 03 03") + "\r\n\r\n");
    request.refused("random bytes", from_hex("8f 3a 00 d1 7e 99 0d 0a 0d 0a"));
    request.refused("two spaces in the request line", changed(usual_request, "GET", "GET  $PATH HTTP/1.1"));
    request.refused("a space in the target", changed(usual_request, "GET", "GET $PATH x HTTP/1.1"), {400, 404, 505});
    request.better_refused("a fragment in the target", changed(usual_request, "GET", "GET $PATH#fragment HTTP/1.1"), {400, 404});
    request.refused("a header of 100,000 bytes", added(usual_request, "X-Long: " + std::string(100000, 'x')), {431, 400, 413});
    request.refused("a target of 100,000 bytes", changed(usual_request, "GET", "GET $PATH?" + std::string(100000, 'x') + " HTTP/1.1"),
                    {414, 431, 400});
    request.better_refused("10,000 headers", [] {
        Lines lines = usual_request;
        for (int i = 0; i < 10000; ++i) lines.push_back("a: b");
        return whole(lines);
    }(), {431, 400, 413});
    request.better_refused("the same subprotocol twice", added(usual_request, "Sec-WebSocket-Protocol: a, a"));
    request.better_refused("a subprotocol that is no token", added(usual_request, "Sec-WebSocket-Protocol: a b"));
    request.better_refused("an empty subprotocol", added(usual_request, "Sec-WebSocket-Protocol:"));
    request.better_refused("an extension that is no token", added(usual_request, "Sec-WebSocket-Extensions: a b"));
    request.better_refused("an extension's parameter without a name", added(usual_request, "Sec-WebSocket-Extensions: a; =b"));
    return group;
}

Group smuggling() {
    Group group{"17", "shapes of smuggled requests", "RFC 9112 §6, §11.2"};
    const Requests request{group};
    const std::string inner = "GET /inner HTTP/1.1\r\nHost: x\r\n\r\n";
    request.better_refused("Content-Length: 5 and a body", added(usual_request, "Content-Length: 5") + "hello");
    request.better_refused("Content-Length, and a request as the body",
                           added(usual_request, "Content-Length: " + std::to_string(inner.size())) + inner);
    request.refused("two Content-Length that differ", added(usual_request, "Content-Length: 0\r\nContent-Length: 5"));
    request.better_refused("two Content-Length that agree", added(usual_request, "Content-Length: 5\r\nContent-Length: 5") + "hello");
    request.refused("Content-Length: -1", added(usual_request, "Content-Length: -1"));
    request.refused("Content-Length: +5", added(usual_request, "Content-Length: +5") + "hello");
    request.refused("Content-Length: 0x5", added(usual_request, "Content-Length: 0x5") + "hello");
    request.refused("Content-Length: 5, 6", added(usual_request, "Content-Length: 5, 6") + "hello");
    request.better_refused("Transfer-Encoding: chunked", added(usual_request, "Transfer-Encoding: chunked") + "0\r\n\r\n");
    request.better_refused("Transfer-Encoding with Content-Length",
                           added(usual_request, "Transfer-Encoding: chunked\r\nContent-Length: 5") + "0\r\n\r\n", {400});
    request.better_refused("Transfer-Encoding: xchunked", added(usual_request, "Transfer-Encoding: xchunked"), {400, 501});
    request.refused("a space before the colon", changed(usual_request, "Host", "Host : $HOST"));
    request.refused("a tab before the colon", changed(usual_request, "Upgrade:", "Upgrade\t: websocket"));
    request.better_refused("a folded header", added(usual_request, "X-Folded: a\r\n b"));
    request.refused("a header line that begins with a space",
                    replaced(whole(usual_request), "HTTP/1.1\r\nHost", "HTTP/1.1\r\n X: y\r\nHost"));
    request.better_refused("lines that end with LF alone", replaced(whole(usual_request), "\r\n", "\n") + "\r\n\r\n");
    request.better_refused("one line that ends with LF alone", replaced(whole(usual_request), "Upgrade\r\n", "Upgrade\n"));
    request.refused("a CR alone within a line", added(usual_request, "X-A: b\rX-C: d"));
    request.refused("a NUL in a value", added(usual_request, std::string("X-A: b\0c", 8)));
    request.refused("a NUL in a name", added(usual_request, std::string("X-\0A: b", 7)));
    request.refused("a control character in a value", added(usual_request, "X-A: b\x01\x7F"));
    request.refused("a header without a name", added(usual_request, ": value"));
    request.refused("a header without a colon", added(usual_request, "no-colon-here"));
    request.refused("a name with a bracket", added(usual_request, "X[A]: b"));
    request.refused("two Host headers", added(usual_request, "Host: example.org"));
    request.better_refused("two Host headers that agree", added(usual_request, "Host: $HOST"));
    request.better_refused("Host with a path", changed(usual_request, "Host", "Host: a/b"));
    request.better_refused("Host with a user", changed(usual_request, "Host", "Host: user@example.org"));
    request.better_refused("Host with a space", changed(usual_request, "Host", "Host: a b"));
    request.better_refused("an absolute target with another Host", changed(usual_request, "GET", "GET http://example.org$PATH HTTP/1.1"));
    request.better_refused("an empty line before the request", "\r\n" + whole(usual_request));
    request.refused("a control character in the target", changed(usual_request, "GET", "GET $PATH\x01 HTTP/1.1"), {400, 404});
    return group;
}

struct Answers {
    Group& group;

    void taken(const std::string& title, const std::string& head, std::size_t chop = 0) const {
        group.open(title, Side::clients, {.head = head, .chop = chop, .accepted = true});
    }
    void refused(const std::string& title, const std::string& head) const {
        group.open(title, Side::clients, {.head = head});
    }
    void better_refused(const std::string& title, const std::string& head) const {
        group.open(title, Side::clients, {.head = head, .not_strict_if_taken = true});
    }
};

Group answers() {
    Group group{"18", "answers to a client", "§4.1"};
    const Answers answer{group};
    const std::string good = whole(usual_answer);
    answer.taken("the usual one", good);
    answer.taken("byte by byte", good, 1);
    answer.taken("names in lower case", whole({"HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: upgrade",
                                               "sec-websocket-accept: $ACCEPT"}));
    answer.taken("Upgrade: WebSocket", changed(usual_answer, "Upgrade:", "Upgrade: WebSocket"));
    answer.taken("Connection: keep-alive, Upgrade", changed(usual_answer, "Connection:", "Connection: keep-alive, Upgrade"));
    answer.taken("another reason phrase", changed(usual_answer, "HTTP", "HTTP/1.1 101 Web Socket Protocol Handshake"));
    answer.taken("no reason phrase", changed(usual_answer, "HTTP", "HTTP/1.1 101 "));
    answer.taken("white space around the accept value", changed(usual_answer, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept:  \t$ACCEPT \t"));
    answer.taken("with other headers", added(usual_answer, "Server: conformance\r\nDate: Sat, 01 Jan 2022 00:00:00 GMT"));
    answer.refused("no Upgrade", changed(usual_answer, "Upgrade:", ""));
    answer.refused("Upgrade: h2c", changed(usual_answer, "Upgrade:", "Upgrade: h2c"));
    answer.better_refused("Upgrade: websocket, h2c", changed(usual_answer, "Upgrade:", "Upgrade: websocket, h2c"));
    answer.refused("no Connection", changed(usual_answer, "Connection:", ""));
    answer.refused("Connection: close", changed(usual_answer, "Connection:", "Connection: close"));
    answer.refused("Connection: Upgradex", changed(usual_answer, "Connection:", "Connection: Upgradex"));
    answer.refused("no Sec-WebSocket-Accept", changed(usual_answer, "Sec-WebSocket-Accept", ""));
    answer.refused("an empty Sec-WebSocket-Accept", changed(usual_answer, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept:"));
    answer.refused("the accept value of another key", changed(usual_answer, "Sec-WebSocket-Accept",
                                                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    answer.refused("the key instead of the accept value", changed(usual_answer, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept: $KEY"));
    answer.refused("the accept value cut short", changed(usual_answer, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept: $ACCEPT_CUT"));
    answer.refused("the accept value with one more character", changed(usual_answer, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept: $ACCEPTx"));
    answer.refused("the accept value in lower case", changed(usual_answer, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept: $ACCEPT_LOWER"));
    answer.better_refused("two accept values", added(usual_answer, "Sec-WebSocket-Accept: $ACCEPT"));
    answer.refused("a subprotocol that was not offered", added(usual_answer, "Sec-WebSocket-Protocol: nobody-asked"));
    answer.refused("an extension that was not offered", added(usual_answer, "Sec-WebSocket-Extensions: x-nobody-asked"));
    for (const char* status : {"200 OK", "201 Created", "301 Moved Permanently", "400 Bad Request", "401 Unauthorized",
                               "403 Forbidden", "404 Not Found", "426 Upgrade Required", "500 Internal Server Error",
                               "503 Service Unavailable"})
        answer.refused("status " + std::string{status},
                       changed(usual_answer, "HTTP", "HTTP/1.1 " + std::string{status} + "\r\nContent-Length: 0"));
    answer.better_refused("HTTP/1.0 101", changed(usual_answer, "HTTP", "HTTP/1.0 101 Switching Protocols"));
    answer.refused("HTTP/2.0 101", changed(usual_answer, "HTTP", "HTTP/2.0 101 Switching Protocols"));
    answer.refused("status 1010", changed(usual_answer, "HTTP", "HTTP/1.1 1010 Switching Protocols"));
    answer.refused("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    answer.refused("nothing but an empty line", "\r\n\r\n");
    answer.refused("random bytes", from_hex("8f 3a 00 d1 7e 99 0d 0a 0d 0a"));
    answer.better_refused("a header without a colon", added(usual_answer, "no-colon-here"));
    answer.better_refused("a space before the colon", changed(usual_answer, "Upgrade:", "Upgrade : websocket"));
    answer.better_refused("a folded header", added(usual_answer, "X-Folded: a\r\n b"));
    answer.better_refused("a NUL in a value", added(usual_answer, std::string("X-A: b\0c", 8)));
    answer.better_refused("an endless header", added(usual_answer, "X-Long: " + std::string(1000000, 'x')));
    answer.better_refused("100,000 headers", [] {
        std::string lines;
        for (int i = 0; i < 100000; ++i) lines += "a: b\r\n";
        return replaced(whole(usual_answer), "Upgrade: websocket\r\n", "Upgrade: websocket\r\n" + lines);
    }());
    return group;
}

}  // namespace

void opening_groups(std::vector<Group>& groups) {
    for (const auto make : {good_requests, bad_requests, smuggling, answers}) groups.push_back(make());
}

}  // namespace conformance
