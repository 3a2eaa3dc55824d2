// The judge of lesson 4: the accept key, the lists in headers, both sides' rules, then server and
// client over real sockets. RFC 6455 §4.1, §4.2; RFC 9110 §5.6.1.
// Heads are written out and read by the checks themselves, never by ws/http.
#include <algorithm>

#include "lessons/tools/check/check.hpp"
#include "ws/handshake.hpp"

namespace {

using check::Head;
using check::Run;

const check::Lesson lesson{4, "04-handshake"};

// --- requests and answers as texts --------------------------------------------------------------

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string head_of(const std::string& start_line, const Headers& headers) {
    std::string head = start_line + "\r\n";
    for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
    return head + "\r\n";
}

std::string new_key(Run& run) { return check::base64(run.random_bytes(16)); }

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
            text += (text.empty() ? "" : "; ") + line.first + ": " + check::quote(line.second, 50);
    for (const auto& line : good)
        if (std::ranges::find(headers, line.first, &Headers::value_type::first) == headers.end())
            text += (text.empty() ? "" : "; ") + std::string{"no "} + line.first;
    return text.empty() ? "nothing" : text;
}

std::string name_of(ws::Errc errc) {
    return errc == ws::Errc::none ? "none" : std::string{ws::rule(errc).name};
}

// --- exercise 2: the accept key -----------------------------------------------------------------

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string of(const std::string& text) { return check::base64(check::sha1(check::bytes_of(text))); }

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
    if (got == of(key)) return "that is the hash of the key alone; the GUID belongs behind it.";
    if (got == of(id + key)) return "the GUID stands in front of the key; it belongs behind it.";
    if (got == of(key + small)) return "the GUID is written in small letters; it is hashed as a text, so "
                                       "every character counts.";
    if (got == of(key + ' ' + id) || got == of(key + "\r\n" + id) || got == of(key + '\n' + id))
        return "something stands between the key and the GUID: a blank, or the line's end.";
    if (got == of(key + id + '\n') || got == of(key + id + '\0'))
        return "something stands behind the GUID: a line's end, or the zero byte of a C string.";
    if (got == check::base64(std::array<std::uint8_t, 20>{})) return "20 zero bytes: nothing was hashed.";
    if (got.size() != 28) return "base64 of 20 bytes has 28 characters, yours has " +
                                 std::to_string(got.size()) + ".";
    return "";
}

const check::Scenario accept_key{
    {.lesson = 4,
     .name = "accept-key",
     .exercise = 2,
     .rule = "the accept key is the SHA-1 of key and GUID, in base64",
     .section = "RFC 6455 §4.2.2"},
    [](Run& run) {
        for (const std::string& key : {std::string{"dGhlIHNhbXBsZSBub25jZQ=="},
                                       std::string{"x3JJHMbDL1EzLkh9GBhXDw=="}, new_key(run), new_key(run)}) {
            run.call("accept_key(\"" + key + "\")");
            const std::string got = ws::accept_key(key);
            run.equal("Sec-WebSocket-Accept", check::Plain{got}, check::Plain{check::accept_key(key)},
                      mistake_behind(got, key));
        }
    }};

// --- exercise 3: lists --------------------------------------------------------------------------

std::string shown(const std::vector<std::string_view>& elements) {
    std::string text;
    for (const std::string_view element : elements)
        text += (text.empty() ? "" : ", ") + check::quote(element, 30);
    return '[' + text + ']';
}

// A request with these lines, and what a list of it must be.
void expect_list(Run& run, const Headers& lines, const std::string& name,
                 const std::vector<std::string_view>& expected, std::string_view why) {
    const std::string text = head_of(get, lines);
    std::string shown_lines;
    for (const auto& [key, value] : lines) shown_lines += "\n     " + key + ": " + value;
    run.call("list(\"" + name + "\") of" + shown_lines);
    ws::Request request;
    run.is_true(request.parse(text) == ws::Errc::none, "Request::parse() refuses this request");
    run.equal("the list", check::Plain{shown(request.list(name))}, check::Plain{shown(expected)}, why);
}

const check::Scenario list_elements{
    {.lesson = 4,
     .name = "list-elements",
     .exercise = 3,
     .rule = "a header's list is all its elements, over all its lines",
     .section = "RFC 9110 §5.6.1"},
    [](Run& run) {
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

const check::Scenario list_tokens{
    {.lesson = 4,
     .name = "list-tokens",
     .exercise = 3,
     .rule = "Connection: keep-alive, Upgrade holds the token Upgrade",
     .section = "RFC 6455 §4.2.1"},
    [](Run& run) {
        const auto expect = [&](const Headers& lines, bool expected, std::string_view why) {
            const std::string text = head_of(get, lines);
            run.call("has_token(\"Connection\", \"Upgrade\")   " + lines.front().first + ": " +
                     lines.front().second);
            ws::Request request;
            run.is_true(request.parse(text) == ws::Errc::none, "Request::parse() refuses this request");
            run.equal("has_token()", request.has_token("Connection", "Upgrade"), expected, why);
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

void expect_judged(Run& run, const Headers& headers, ws::Errc expected, std::string_view why = {}) {
    const std::string text = head_of(get, headers);
    run.call("check_request() of a good request, but: " +
             in_short(headers, good_headers("dGhlIHNhbXBsZSBub25jZQ==")));
    ws::Request request;
    run.is_true(request.parse(text) == ws::Errc::none, "Request::parse() refuses this request");
    const ws::Errc errc = ws::check_request(request);
    if (errc == expected) return;
    std::string says = "the answer is Errc::" + name_of(errc) + ", expected Errc::" + name_of(expected);
    if (expected != ws::Errc::none)
        says += ": " + std::string{ws::rule(expected).sentence} + " (" +
                std::string{ws::rule(expected).section} + ")";
    if (!why.empty()) says.append("\n").append(why);
    run.fail(check::Verdict::wrong, says);
}

const Headers good = good_headers("dGhlIHNhbXBsZSBub25jZQ==");

const check::Scenario request_good{
    {.lesson = 4,
     .name = "request-good",
     .exercise = 4,
     .rule = "whatever browsers send is accepted",
     .section = "RFC 6455 §4.2.1",
     .needs = {3}},
    [](Run& run) {
        using enum ws::Errc;
        expect_judged(run, good, none);
        expect_judged(run, with(good, "Connection", "keep-alive, Upgrade"), none, "Firefox sends this");
        expect_judged(run, with(good, "Upgrade", "WebSocket"), none, "\"treated as [...] case-insensitive\"");
        expect_judged(run, with(good, "Connection", "upgrade"), none);
        expect_judged(run, with(good, "Sec-WebSocket-Key", new_key(run)), none, "every 16 bytes are a key");
        expect_judged(run, with(good, "Sec-WebSocket-Key", "+/+/+/+/+/+/+/+/+/+/+w=="), none,
                      "+ and / are characters of base64, too");
        expect_judged(run, with(good, "Content-Length", "0"), none, "a body of no bytes is no body");
        expect_judged(run, with(good, "Sec-WebSocket-Protocol", "chat, superchat"), none);
        expect_judged(run,
                      with(good, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
                      none, "every browser offers this; an offer need not be taken");
    }};

const check::Scenario request_upgrade{
    {.lesson = 4,
     .name = "request-upgrade",
     .exercise = 4,
     .rule = "Upgrade and Connection must both ask for the change",
     .section = "RFC 6455 §4.2.1",
     .needs = {3}},
    [](Run& run) {
        using enum ws::Errc;
        expect_judged(run, with(good, "Upgrade", std::nullopt), not_an_upgrade);
        expect_judged(run, with(good, "Upgrade", "h2c"), not_an_upgrade);
        expect_judged(run, with(good, "Connection", std::nullopt), connection_without_upgrade,
                      "a proxy that was not told to pass it on has removed it");
        expect_judged(run, with(good, "Connection", "keep-alive"), connection_without_upgrade);
    }};

const check::Scenario request_key{
    {.lesson = 4,
     .name = "request-key",
     .exercise = 4,
     .rule = "the key is 16 bytes in base64, and is there once",
     .section = "RFC 6455 §4.2.1",
     .needs = {3}},
    [](Run& run) {
        using enum ws::Errc;
        expect_judged(run, with(good, "Sec-WebSocket-Key", std::nullopt), missing_key);
        for (const std::size_t size : {15u, 17u, 18u, 0u, 1u, 32u})
            expect_judged(run, with(good, "Sec-WebSocket-Key", check::base64(run.random_bytes(size))),
                          malformed_key, "that is base64 of " + std::to_string(size) + " bytes");
        expect_judged(run, with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), malformed_key,
                      "the padding == is missing");
        expect_judged(run, with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!=="), malformed_key,
                      "'!' is no character of base64");
        expect_judged(run, twice(good, "Sec-WebSocket-Key", new_key(run)), duplicate_header,
                      "which of the two would be answered?");
    }};

const check::Scenario request_version{
    {.lesson = 4,
     .name = "request-version",
     .exercise = 4,
     .rule = "the version is 13 and nothing else",
     .section = "RFC 6455 §4.2.1",
     .needs = {3}},
    [](Run& run) {
        using enum ws::Errc;
        expect_judged(run, with(good, "Sec-WebSocket-Version", std::nullopt), unsupported_version);
        for (const char* version : {"8", "14", "13, 8", "013", ""})
            expect_judged(run, with(good, "Sec-WebSocket-Version", version), unsupported_version);
        expect_judged(run, twice(good, "Sec-WebSocket-Version", "13"), duplicate_header);
    }};

const check::Scenario request_body{
    {.lesson = 4,
     .name = "request-body",
     .exercise = 4,
     .rule = "a request with a body is refused",
     .section = "RFC 9112 §6",
     .needs = {3}},
    [](Run& run) {
        using enum ws::Errc;
        const std::string_view smuggled =
            "a proxy in front takes the next bytes for a body, this server for frames: that is how "
            "requests are smuggled";
        expect_judged(run, with(good, "Content-Length", "5"), request_body, smuggled);
        expect_judged(run, with(good, "Transfer-Encoding", "chunked"), request_body, smuggled);
        expect_judged(run, with(good, "Content-Length", ""), request_body);
        expect_judged(run, with(good, "Content-Length", "-1"), request_body);
        expect_judged(run, twice(with(good, "Content-Length", "0"), "Content-Length", "5"), request_body,
                      "two lengths: two readers may believe different ones");
        expect_judged(run, with(with(good, "Content-Length", "5"), "Upgrade", std::nullopt), request_body,
                      "of two broken rules the first in the list is named; the body comes before Upgrade");
        expect_judged(run, with(with(good, "Host", std::nullopt), "Upgrade", std::nullopt), missing_host,
                      "of two broken rules the first in the list is named; check_host() comes first");
        expect_judged(run, with(good, "Sec-WebSocket-Protocol", "chat, chat"), malformed_subprotocol,
                      "check_lists() is there for you, and comes last");
    }};

// --- exercise 5: the answer ---------------------------------------------------------------------

Head expect_answer(Run& run, const std::string& key, std::string_view subprotocol,
                   std::span<const ws::Header> extra) {
    const std::string text = head_of(get, good_headers(key));
    ws::Request request;
    run.is_true(request.parse(text) == ws::Errc::none, "Request::parse() refuses a good request");
    run.call("accept_response(a request with the key " + key +
             (subprotocol.empty() ? "" : ", \"" + std::string{subprotocol} + "\"") + ") gives");
    const std::string answer = ws::accept_response(request, subprotocol, extra);
    run.show_bytes(check::Way::from_server, check::bytes_of(answer));
    for (std::size_t at = answer.find('\n'); at != answer.npos; at = answer.find('\n', at + 1))
        run.is_true(at > 0 && answer[at - 1] == '\r', "a line ends with \"\\r\\n\", here a '\\n' stands alone");
    run.is_true(answer.ends_with("\r\n\r\n"),
                "a head ends with a blank line, \"\\r\\n\\r\\n\". Without it the client waits for more.");
    run.is_true(answer.find("\r\n\r\n") + 4 == answer.size(),
                "the first blank line ends the head. What stands behind it would be read as frames.");
    return check::read_head(answer);
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

const check::Scenario response_101{
    {.lesson = 4,
     .name = "response-101",
     .exercise = 5,
     .rule = "101, Upgrade, Connection, the accept key, a blank line",
     .section = "RFC 6455 §4.2.2",
     .needs = {2}},
    [](Run& run) {
        const std::string key = new_key(run);
        const Head head = expect_answer(run, key, "", {});
        if (head.start_line != "HTTP/1.1 101 Switching Protocols")
            run.fail_line(head.start_line, "the status line comes first.  Expected HTTP/1.1 101 Switching "
                                           "Protocols");
        expect_line(run, head, "Upgrade", "websocket", "it names the protocol that is spoken from now on");
        expect_line(run, head, "Connection", "Upgrade", "it says that Upgrade is meant for the next hop");
        expect_line(run, head, "Sec-WebSocket-Accept", check::accept_key(key),
                    "it answers the key of this request, " + key);
        run.is_true(head.count("Sec-WebSocket-Protocol") == 0,
                    "no subprotocol was chosen, so the answer names none. An empty header is not the same: "
                    "clients fail on it (websocketd#7).");
        run.is_true(head.count("Content-Length") == 0, "a 101 has no body, and no length of one");
    }};

const check::Scenario response_extra{
    {.lesson = 4,
     .name = "response-extra",
     .exercise = 5,
     .rule = "a chosen subprotocol and further headers are in the answer",
     .section = "RFC 6455 §4.2.2",
     .needs = {2}},
    [](Run& run) {
        const std::array<ws::Header, 2> extra{ws::Header{"Server", "mine"}, ws::Header{"X-Number", "7"}};
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
            {"Sec-WebSocket-Accept", check::accept_key(key)}};
}

const check::Scenario answer{
    {.lesson = 4,
     .name = "answer",
     .exercise = 6,
     .rule = "a client believes no answer that it has not checked",
     .section = "RFC 6455 §4.1",
     .needs = {2, 3}},
    [](Run& run) {
        using enum ws::Errc;
        const std::string key = new_key(run);
        const Headers right = good_answer(key);
        const auto judge = [&](const Headers& headers, ws::Errc expected, std::string_view why = {},
                               const std::string& start = "HTTP/1.1 101 Switching Protocols",
                               const std::vector<std::string>& offered = {}) {
            run.call("check_response() of " + start.substr(9) + ", a good one but: " +
                     in_short(headers, right));
            const std::string text = head_of(start, headers);
            ws::Response response;
            run.is_true(response.parse(text) == none, "Response::parse() refuses this answer");
            const ws::ClientHandshake handshake{.host = "localhost", .key = key, .subprotocols = offered};
            const ws::Errc errc = ws::check_response(response, handshake);
            if (errc == expected) return;
            std::string says =
                "the answer is Errc::" + name_of(errc) + ", expected Errc::" + name_of(expected);
            if (!why.empty()) says.append("\n").append(why);
            run.fail(check::Verdict::wrong, says);
        };
        judge(right, none);
        judge(with(with(right, "Upgrade", "WebSocket"), "Connection", "upgrade"), none,
              "both are compared without regard to case");
        judge(right, unexpected_status, "any other status is no WebSocket", "HTTP/1.1 200 OK");
        judge(with(right, "Upgrade", std::nullopt), response_without_upgrade);
        judge(with(right, "Upgrade", "h2c"), response_without_upgrade);
        judge(with(right, "Connection", "close"), response_without_connection);
        judge(with(right, "Sec-WebSocket-Accept", std::nullopt), missing_accept);
        judge(with(right, "Sec-WebSocket-Accept", check::accept_key("another key")), wrong_accept,
              "an accept key that is not compared proves nothing: a cache may have sent it (bun#26950)");
        std::string other_case = check::accept_key(key);
        for (char& c : other_case) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        judge(with(right, "Sec-WebSocket-Accept", other_case), wrong_accept,
              "base64 tells capital letters from small ones");
        judge(twice(right, "Sec-WebSocket-Accept", check::accept_key(key)), duplicate_header);
        judge(with(right, "Sec-WebSocket-Extensions", "permessage-deflate"), unrequested_extension,
              "nobody asked for it, and frames could not be read");
        judge(with(right, "Sec-WebSocket-Protocol", "chat"), unrequested_subprotocol, "nobody asked for it");
        judge(with(right, "Sec-WebSocket-Protocol", "chat"), none, "it was asked for",
              "HTTP/1.1 101 Switching Protocols", {"superchat", "chat"});
    }};

// --- the programs -------------------------------------------------------------------------------

const check::Scenario server_accepts{
    {.lesson = 4,
     .name = "server-accepts",
     .exercise = 5,
     .rule = "the server answers 101 with the right accept key",
     .section = "RFC 6455 §4.2.2",
     .needs = {2, 3, 4}},
    [](Run& run) {
        check::Server server{run};
        const std::string key = new_key(run);
        check::Peer client{run, server};
        client.send(head_of(get, with(with(good_headers(key), "Connection", "keep-alive, Upgrade"),
                                      "Origin", "http://localhost")));
        const Head head = client.expect_status(101, "a good request was refused");
        client.expect_header(head, "Upgrade", "websocket", "it names the protocol that follows");
        client.expect_header(head, "Connection", "Upgrade", "it goes with Upgrade");
        client.expect_header(head, "Sec-WebSocket-Accept", check::accept_key(key),
                             "it must answer the key that was sent, " + key);
        client.expect_end();
    }};

const check::Scenario server_refuses{
    {.lesson = 4,
     .name = "server-refuses",
     .exercise = 4,
     .rule = "a bad request gets the status that says what is wrong",
     .section = "RFC 6455 §4.2.2",
     .needs = {3}},
    [](Run& run) {
        check::Server server{run};
        const Headers headers = good_headers(new_key(run));
        const auto refuse = [&](const std::string& start, const Headers& lines, int status,
                                std::string_view why) {
            check::Peer client{run, server};
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

const check::Scenario client_checks{
    {.lesson = 4,
     .name = "client-checks",
     .exercise = 6,
     .rule = "the client connects to a right answer, and to no other",
     .section = "RFC 6455 §4.1",
     .needs = {2, 3}},
    [](Run& run) {
        const auto meet = [&](bool right) {
            check::Host host{run};
            check::Client program{run, host};
            check::Peer server{run, host};
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
