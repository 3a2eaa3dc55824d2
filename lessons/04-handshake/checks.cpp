// The judge of lesson 4: the accept key, the lists in headers, both sides' rules, then server and
// client over real sockets. RFC 6455 §4.1, §4.2; RFC 9110 §5.6.1.
// Heads are written out and read by the checks themselves, never by ws/http.
#include <algorithm>

#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- requests and answers as texts --------------------------------------------------------------

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string head_of(const std::string& start_line, const Headers& headers) {
    std::string head = start_line + "\r\n";
    for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
    return head + "\r\n";
}

std::string new_key(Run& run) { return base64(run.random_bytes(16)); }

// A good request, as Chromium orders it.
Headers good_headers(const std::string& key) {
    return {{"Host", "localhost"},
            {"Connection", "Upgrade"},
            {"Upgrade", "websocket"},
            {"Sec-WebSocket-Version", "13"},
            {"Sec-WebSocket-Key", key}};
}

// The same with one header changed, or left out when `value` is nothing.
Headers with(Headers headers, const std::string& name, std::optional<std::string> value) {
    const auto at = std::ranges::find(headers, name, &Headers::value_type::first);
    if (value && at != headers.end())
        at->second = *value;
    else if (value)
        headers.emplace_back(name, *value);
    else if (at != headers.end())
        headers.erase(at);
    return headers;
}

Headers twice(Headers headers, const std::string& name, const std::string& value) {
    headers.emplace_back(name, value);
    return headers;
}

const std::string get = "GET /ws HTTP/1.1";

// "Connection: keep-alive, Upgrade", the lines in which a request differs from a good one.
std::string in_short(const Headers& headers, const Headers& good) {
    std::string text;
    for (const auto& line : headers)
        if (std::ranges::count(headers, line) != std::ranges::count(good, line))
            text += (text.empty() ? "" : "; ") + line.first + ": " + quote(line.second, 50);
    for (const auto& line : good)
        if (std::ranges::find(headers, line.first, &Headers::value_type::first) == headers.end())
            text += (text.empty() ? "" : "; ") + std::string{"no "} + line.first;
    return text.empty() ? "nothing" : text;
}

// --- exercise 2: the accept key -----------------------------------------------------------------

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string of(const std::string& text) { return base64(sha1(bytes_of(text))); }

// The 16 bytes that a key stands for: what people hash by mistake.
std::string decoded(std::string_view key) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : key) {
        if (c == '=') break;
        bits = bits << 6 | static_cast<unsigned>(digits.find(c));
        count += 6;
        if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xFF);
    }
    return bytes;
}

// The mistake that leads to this accept key; empty when none is known.
std::string mistake_behind(const std::string& got, const std::string& key) {
    const std::string id{guid};
    std::string small = id;
    std::ranges::transform(small, small.begin(), [](unsigned char c) { return std::tolower(c); });
    if (got == of(decoded(key) + id))
        return "the key was decoded from base64 first. It is used as it stands in the header: a text of "
               "24 characters (§4.2.2).";
    if (got == of(key)) return "that is the hash of the key alone; the GUID belongs after it.";
    if (got == of(id + key)) return "the GUID stands in front of the key; it belongs after it.";
    if (got == of(key + small)) return "the GUID is written in small letters; it is hashed as a text, so "
                                       "every character counts.";
    if (got == of(key + ' ' + id) || got == of(key + "\r\n" + id) || got == of(key + '\n' + id))
        return "something stands between the key and the GUID: a blank, or the line's end.";
    if (got == of(key + id + '\n') || got == of(key + id + '\0'))
        return "something stands after the GUID: a line's end, or the zero byte of a C string.";
    if (got == base64(std::array<std::uint8_t, 20>{})) return "20 zero bytes: nothing was hashed.";
    if (got.size() != 28) return "base64 of 20 bytes has 28 characters, yours has " +
                                 std::to_string(got.size()) + ".";
    return "";
}

const Scenario accept_keys{"accept-key", exercise(2), "RFC 6455 §4.2.2",
    "the accept key is the SHA-1 of key and GUID, in base64", [](Run& run) {
    for (const std::string& key : {std::string{"dGhlIHNhbXBsZSBub25jZQ=="},
                                   std::string{"x3JJHMbDL1EzLkh9GBhXDw=="}, new_key(run), new_key(run)}) {
        run.fresh();
        const auto got = run.call("accept_key", key).as<std::string>();
        run.equal("Sec-WebSocket-Accept", Plain{got}, Plain{accept_key(key)},
                  mistake_behind(got, key));
    }
}};

// --- exercise 3: lists --------------------------------------------------------------------------

std::string shown(const std::vector<std::string>& elements) {
    std::string text;
    for (const std::string& element : elements)
        text += (text.empty() ? "" : ", ") + quote(element, 30);
    return '[' + text + ']';
}

// A request with these lines, and what a list of it must be.
void expect_list(Run& run, const Headers& lines, const std::string& name,
                 const std::vector<std::string>& expected, std::string_view why) {
    std::string shown_lines;
    for (const auto& [key, value] : lines) shown_lines += "\n     " + key + ": " + value;
    run.fresh();
    const auto elements = run.call(Call{"list", head_of(get, lines), name}.as(
                                       "list(\"" + name + "\") of" + shown_lines))
                              .as<std::optional<std::vector<std::string>>>();
    run.is_true(elements.has_value(), "Request::parse() refuses this request");
    run.equal("the list", Plain{shown(*elements)}, Plain{shown(expected)}, why);
}

const Scenario list_elements{"list-elements", exercise(3), "RFC 9110 §5.6.1",
    "a header's list is all its elements, over all its lines", [](Run& run) {
    expect_list(run, {{"Connection", "Upgrade"}}, "Connection", {"Upgrade"}, "");
    expect_list(run, {{"Connection", "keep-alive, Upgrade"}}, "Connection", {"keep-alive", "Upgrade"},
                "the elements are between the commas, without the blanks around them");
    expect_list(run, {{"Connection", "a,b ,\tc"}}, "Connection", {"a", "b", "c"},
                "blanks and tabs around an element are not part of it, and there may be none");
    expect_list(run, {{"Connection", "keep-alive"}, {"Host", "x"}, {"Connection", "Upgrade"}},
                "Connection", {"keep-alive", "Upgrade"},
                "several lines of one name are one list: an intermediary may split or join them");
    expect_list(run, {{"cOnNeCtIoN", "Upgrade"}}, "Connection", {"Upgrade"},
                "names of headers are the same in any case (RFC 9110 §5.1)");
    expect_list(run, {{"Connection", ", Upgrade,, ,"}}, "Connection", {"Upgrade"},
                "empty elements count for nothing (RFC 9110 §5.6.1.2)");
    expect_list(run, {{"Host", "x"}}, "Connection", {}, "there is no such header");
}};

const Scenario list_tokens{"list-tokens", exercise(3), "RFC 6455 §4.2.1",
    "Connection: keep-alive, Upgrade holds the token Upgrade", [](Run& run) {
    const auto expect = [&](const Headers& lines, bool expected, std::string_view why) {
        run.fresh();
        const auto has = run.call(Call{"has_token", head_of(get, lines), "Connection", "Upgrade"}.as(
                                      "has_token(\"Connection\", \"Upgrade\")   " +
                                      lines.front().first + ": " + lines.front().second))
                             .as<std::optional<bool>>();
        run.is_true(has.has_value(), "Request::parse() refuses this request");
        run.equal("has_token()", *has, expected, why);
    };
    expect({{"Connection", "Upgrade"}}, true, "");
    expect({{"Connection", "keep-alive, Upgrade"}}, true,
           "Firefox sends this. The header is a list; compared as a whole it never matches "
           "(gorilla/websocket#604).");
    expect({{"Connection", "upgrade"}}, true, "tokens are compared without regard to case");
    expect({{"Connection", "close"}, {"Connection", "UPGRADE"}}, true, "it may stand on a later line");
    expect({{"Connection", "keep-alive"}}, false, "");
    expect({{"Connection", "Upgrade-Insecure-Requests"}}, false,
           "only a whole element counts: searching for the text finds it in the middle of others");
    expect({{"Connection", "not Upgrade"}}, false, "only a whole element counts");
    expect({{"Connections", "Upgrade"}}, false, "that is another header");
}};

// --- exercise 4: judging a request --------------------------------------------------------------

void expect_judged(Run& run, const Headers& headers, std::string_view expected,
                   std::string_view why = {}) {
    expect_errc(run,
                Call{"check_request", head_of(get, headers)}.as(
                    "check_request() of a good request, but: " +
                    in_short(headers, good_headers("dGhlIHNhbXBsZSBub25jZQ=="))),
                expected, why);
}

const Headers good = good_headers("dGhlIHNhbXBsZSBub25jZQ==");

const Scenario request_good{"request-good", exercise(4).needs(3), "RFC 6455 §4.2.1",
    "whatever browsers send is accepted", [](Run& run) {
    expect_judged(run, good, "none");
    expect_judged(run, with(good, "Connection", "keep-alive, Upgrade"), "none", "Firefox sends this");
    expect_judged(run, with(good, "Upgrade", "WebSocket"), "none", "\"treated as [...] case-insensitive\"");
    expect_judged(run, with(good, "Connection", "upgrade"), "none");
    expect_judged(run, with(good, "Sec-WebSocket-Key", new_key(run)), "none", "every 16 bytes are a key");
    expect_judged(run, with(good, "Sec-WebSocket-Key", "+/+/+/+/+/+/+/+/+/+/+w=="), "none",
                  "+ and / are characters of base64, too");
    expect_judged(run, with(good, "Content-Length", "0"), "none", "a body of no bytes is no body");
    expect_judged(run, with(good, "Sec-WebSocket-Protocol", "chat, superchat"), "none");
    expect_judged(run,
                  with(good, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
                  "none", "every browser offers this; an offer need not be taken");
}};

const Scenario request_upgrade{"request-upgrade", exercise(4).needs(3), "RFC 6455 §4.2.1",
    "Upgrade and Connection must both ask for the change", [](Run& run) {
    expect_judged(run, with(good, "Upgrade", std::nullopt), "not_an_upgrade");
    expect_judged(run, with(good, "Upgrade", "h2c"), "not_an_upgrade");
    expect_judged(run, with(good, "Connection", std::nullopt), "connection_without_upgrade",
                  "a proxy that was not told to pass it on has removed it");
    expect_judged(run, with(good, "Connection", "keep-alive"), "connection_without_upgrade");
}};

const Scenario request_key{"request-key", exercise(4).needs(3), "RFC 6455 §4.2.1",
    "the key is 16 bytes in base64, and is there once", [](Run& run) {
    expect_judged(run, with(good, "Sec-WebSocket-Key", std::nullopt), "missing_key");
    for (const std::size_t size : {15u, 17u, 18u, 0u, 1u, 32u})
        expect_judged(run, with(good, "Sec-WebSocket-Key", base64(run.random_bytes(size))),
                      "malformed_key", "that is base64 of " + std::to_string(size) + " bytes");
    expect_judged(run, with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), "malformed_key",
                  "the padding == is missing");
    expect_judged(run, with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!=="), "malformed_key",
                  "'!' is no character of base64");
    expect_judged(run, twice(good, "Sec-WebSocket-Key", new_key(run)), "duplicate_header",
                  "which of the two would be answered?");
}};

const Scenario request_version{"request-version", exercise(4).needs(3), "RFC 6455 §4.2.1",
    "the version is 13 and nothing else", [](Run& run) {
    expect_judged(run, with(good, "Sec-WebSocket-Version", std::nullopt), "unsupported_version");
    for (const char* version : {"8", "14", "13, 8", "013", ""})
        expect_judged(run, with(good, "Sec-WebSocket-Version", version), "unsupported_version");
    expect_judged(run, twice(good, "Sec-WebSocket-Version", "13"), "duplicate_header");
}};

const Scenario request_body{"request-body", exercise(4).needs(3), "RFC 9112 §6",
    "a request with a body is refused", [](Run& run) {
    const std::string_view smuggled =
        "a proxy in front takes the next bytes for a body, this server for frames: that is how "
        "requests are smuggled";
    expect_judged(run, with(good, "Content-Length", "5"), "request_body", smuggled);
    expect_judged(run, with(good, "Transfer-Encoding", "chunked"), "request_body", smuggled);
    expect_judged(run, with(good, "Content-Length", ""), "request_body");
    expect_judged(run, with(good, "Content-Length", "-1"), "request_body");
    expect_judged(run, twice(with(good, "Content-Length", "0"), "Content-Length", "5"), "request_body",
                  "two lengths: two readers may believe different ones");
    expect_judged(run, with(with(good, "Content-Length", "5"), "Upgrade", std::nullopt), "request_body",
                  "of two broken rules the first in the list is named; the body comes before Upgrade");
    expect_judged(run, with(with(good, "Host", std::nullopt), "Upgrade", std::nullopt), "missing_host",
                  "of two broken rules the first in the list is named; check_host() comes first");
    expect_judged(run, with(good, "Sec-WebSocket-Protocol", "chat, chat"), "malformed_subprotocol",
                  "check_lists() is there for you, and comes last");
}};

// --- exercise 5: the answer ---------------------------------------------------------------------

using Extra = std::vector<std::tuple<std::string, std::string>>;

Head expect_answer(Run& run, const std::string& key, const std::string& subprotocol, const Extra& extra) {
    run.fresh();
    const auto answer =
        run.call(Call{"accept_response", head_of(get, good_headers(key)), subprotocol, extra}.as(
                     "accept_response(a request with the key " + key +
                     (subprotocol.empty() ? "" : ", \"" + subprotocol + "\"") + ") gives"))
            .as<std::string>();
    run.show_bytes(Way::from_server, bytes_of(answer));
    for (std::size_t at = answer.find('\n'); at != answer.npos; at = answer.find('\n', at + 1))
        run.is_true(at > 0 && answer[at - 1] == '\r',
                    "a line ends with \"\\r\\n\", here a '\\n' stands alone");
    run.is_true(answer.ends_with("\r\n\r\n"),
                "a head ends with a blank line, \"\\r\\n\\r\\n\". Without it the client waits for more.");
    run.is_true(answer.find("\r\n\r\n") + 4 == answer.size(),
                "the first blank line ends the head. What stands after it would be read as frames.");
    return read_head(answer);
}

// A header of an answer: there once, and with this value.
void expect_line(Run& run, const Head& head, const std::string& name, const std::string& value,
                 std::string_view why) {
    run.is_true(head.count(name) == 1,
                "the header " + name + " stands " + std::to_string(head.count(name)) +
                    " times, expected once: " + name + ": " + value + ". " + std::string{why});
    if (head.find(name) != value)
        run.fail_line(name + ": " + head.find(name), std::string{why} + ".  Expected " + value);
}

const Scenario response_101{"response-101", exercise(5).needs(2), "RFC 6455 §4.2.2",
    "101, Upgrade, Connection, the accept key, a blank line", [](Run& run) {
    const std::string key = new_key(run);
    const Head head = expect_answer(run, key, "", {});
    if (head.start_line != "HTTP/1.1 101 Switching Protocols")
        run.fail_line(head.start_line, "the status line comes first.  Expected HTTP/1.1 101 Switching "
                                       "Protocols");
    expect_line(run, head, "Upgrade", "websocket", "it names the protocol that is spoken from now on");
    expect_line(run, head, "Connection", "Upgrade", "it says that Upgrade is meant for the next hop");
    expect_line(run, head, "Sec-WebSocket-Accept", accept_key(key),
                "it answers the key of this request, " + key);
    run.is_true(head.count("Sec-WebSocket-Protocol") == 0,
                "no subprotocol was chosen, so the answer names none. An empty header is not the same: "
                "clients fail on it (websocketd#7).");
    run.is_true(head.count("Content-Length") == 0, "a 101 has no body, and no length of one");
}};

const Scenario response_extra{"response-extra", exercise(5).needs(2), "RFC 6455 §4.2.2",
    "a chosen subprotocol and further headers are in the answer", [](Run& run) {
    const Extra extra{{"Server", "mine"}, {"X-Number", "7"}};
    const Head head = expect_answer(run, new_key(run), "chat", extra);
    expect_line(run, head, "Sec-WebSocket-Protocol", "chat",
                "a client that offered subprotocols must learn which one was chosen");
    expect_line(run, head, "Server", "mine", "the headers in `extra` follow");
    expect_line(run, head, "X-Number", "7", "the headers in `extra` follow, all of them");
}};

// --- exercise 6: judging an answer --------------------------------------------------------------

Headers good_answer(const std::string& key) {
    return {{"Upgrade", "websocket"},
            {"Connection", "Upgrade"},
            {"Sec-WebSocket-Accept", accept_key(key)}};
}

const Scenario answer{"answer", exercise(6).needs(2, 3), "RFC 6455 §4.1",
    "a client believes no answer that it has not checked", [](Run& run) {
    const std::string key = new_key(run);
    const Headers right = good_answer(key);
    const auto judge = [&](const Headers& headers, std::string_view expected, std::string_view why = {},
                           const std::string& start = "HTTP/1.1 101 Switching Protocols",
                           const std::vector<std::string>& offered = {}) {
        expect_errc(run,
                    Call{"check_response", head_of(start, headers), key, offered}.as(
                        "check_response() of " + start.substr(9) + ", a good one but: " +
                        in_short(headers, right)),
                    expected, why);
    };
    judge(right, "none");
    judge(with(with(right, "Upgrade", "WebSocket"), "Connection", "upgrade"), "none",
          "both are compared without regard to case");
    judge(right, "unexpected_status", "any other status is no WebSocket", "HTTP/1.1 200 OK");
    judge(with(right, "Upgrade", std::nullopt), "response_without_upgrade");
    judge(with(right, "Upgrade", "h2c"), "response_without_upgrade");
    judge(with(right, "Upgrade", "websocket, h2c"), "response_without_upgrade",
          "the header holds one value here, no list: §4.1 asks for \"websocket\", and for nothing beside it");
    judge(with(with(right, "Upgrade", std::nullopt), "Sec-WebSocket-Accept", accept_key("another key")),
          "response_without_upgrade",
          "of two broken rules the first in the list is named; Upgrade comes first");
    judge(with(right, "Connection", "close"), "response_without_connection");
    judge(with(right, "Sec-WebSocket-Accept", std::nullopt), "missing_accept");
    judge(with(right, "Sec-WebSocket-Accept", accept_key("another key")), "wrong_accept",
          "an accept key that is not compared proves nothing: a cache may have sent it (bun#26950)");
    std::string other_case = accept_key(key);
    for (char& c : other_case) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    judge(with(right, "Sec-WebSocket-Accept", other_case), "wrong_accept",
          "base64 tells capital letters from small ones");
    judge(twice(right, "Sec-WebSocket-Accept", accept_key(key)), "duplicate_header");
    judge(with(right, "Sec-WebSocket-Extensions", "permessage-deflate"), "unrequested_extension",
          "nobody asked for it, and frames could not be read");
    judge(with(right, "Sec-WebSocket-Protocol", "chat"), "unrequested_subprotocol", "nobody asked for it");
    judge(with(right, "Sec-WebSocket-Protocol", "chat"), "none", "it was asked for",
          "HTTP/1.1 101 Switching Protocols", {"superchat", "chat"});
}};

// --- the programs -------------------------------------------------------------------------------

const Scenario server_accepts{"server-accepts", exercise(5).needs(2, 3, 4), "RFC 6455 §4.2.2",
    "the server answers 101 with the right accept key", [](Run& run) {
    Server server{run};
    const std::string key = new_key(run);
    Peer client{run, server};
    client.send(head_of(get, with(with(good_headers(key), "Connection", "keep-alive, Upgrade"),
                                  "Origin", "http://localhost")));
    const Head head = client.expect_status(101, "a good request was refused");
    client.expect_header(head, "Upgrade", "websocket", "it names the protocol that follows");
    client.expect_header(head, "Connection", "Upgrade", "it goes with Upgrade");
    client.expect_header(head, "Sec-WebSocket-Accept", accept_key(key),
                         "it must answer the key that was sent, " + key);
    client.expect_end();
}};

const Scenario server_refuses{"server-refuses", exercise(4).needs(3), "RFC 6455 §4.2.2",
    "a bad request gets the status that says what is wrong", [](Run& run) {
    Server server{run};
    const Headers headers = good_headers(new_key(run));
    const auto refuse = [&](const std::string& start, const Headers& lines, int status,
                            std::string_view why) {
        Peer client{run, server};
        client.send(head_of(start, lines));
        const Head head = client.expect_status(status, why);
        client.expect_no_header(head, "Sec-WebSocket-Accept", "a refusal accepts nothing");
        return head;
    };
    refuse(get, with(headers, "Upgrade", std::nullopt), 426, "a request without Upgrade is no handshake");
    const Head version = refuse(get, with(headers, "Sec-WebSocket-Version", "8"), 426,
                                "version 8 is none that this server knows");
    run.is_true(version.find("Sec-WebSocket-Version") == "13",
                "the answer to another version names the right one, in Sec-WebSocket-Version: 13 (§4.4)");
    refuse(get, with(headers, "Sec-WebSocket-Key", "short"), 400, "a key that is not 16 bytes was taken");
    refuse(get, with(headers, "Content-Length", "5"), 400, "a request with a body was taken");
    refuse("GET /other HTTP/1.1", headers, 404, "there is no such path");
    refuse("POST /ws HTTP/1.1", headers, 405, "the method must be GET");
}};

const Scenario client_checks{"client-checks", exercise(6).needs(2, 3), "RFC 6455 §4.1",
    "the client connects to a right answer, and to no other", [](Run& run) {
    const auto meet = [&](bool right) {
        Host host{run};
        Client program{run, host};
        Peer server{run, host};
        const Head request = server.head("the request of your client");
        const std::string key = right ? request.find("Sec-WebSocket-Key") : "another key";
        server.send(head_of("HTTP/1.1 101 Switching Protocols", good_answer(key)));
        server.end_sending();
        const int status = program->wait();
        if (right)
            run.equal("the client's exit status", status, 0,
                      "the answer was right; the client said: " + program->errors());
        else
            run.equal("the client's exit status", status, 1,
                      "the accept key belongs to another request, and the client connected");
    };
    meet(true);
    meet(false);
}};

}  // namespace

}  // namespace check
