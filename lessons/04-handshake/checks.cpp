// The judge of lesson 4: the accept key, the lists in headers, both sides' rules. RFC 6455 §4.1, §4.2;
// RFC 9110 §5.6.1. Server and client over real sockets: checks_programs.cpp.
// Heads are written out and read by the checks themselves, never by ws/http.
#include "lessons/04-handshake/checks.hpp"

namespace check {

namespace {

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
    for (const char* other : {"Upgrade/2", "Upgrade;q=1"})
        expect({{"Connection", other}}, false, "an element that begins like the token is another one");
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
    expect_judged(run, with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j===="), "malformed_key",
                  "'=' only fills up the end: two of them after 22 characters, and none before");
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (char c = '!'; c <= '~'; ++c)
        if (digits.find(c) == digits.npos)
            expect_judged(run, with(good, "Sec-WebSocket-Key", "dGhlIHNhbXB" + std::string{c} + "ZSBub25jZQ=="),
                          "malformed_key", std::string{"'"} + c + "' is no character of base64");
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
    expect_judged(run, with(good, "Transfer-Encoding", "gzip"), "request_body",
                  "a body comes in whatever coding this header names, one that you do not know among them");
    expect_judged(run, with(good, "Content-Length", ""), "request_body");
    expect_judged(run, with(good, "Content-Length", "-1"), "request_body");
    expect_judged(run, twice(with(good, "Content-Length", "0"), "Content-Length", "5"), "request_body",
                  "two lengths: two readers may believe different ones");
    expect_judged(run, with(good, "Sec-WebSocket-Protocol", "chat, chat"), "malformed_subprotocol",
                  "check_lists() is there for you");
    // Each breaks one rule, in the order of the list; and then two at once.
    using Broken = Headers (*)(Headers);
    const std::vector<std::pair<std::string_view, Broken>> in_order{
        {"missing_host", [](Headers all) { return with(all, "Host", std::nullopt); }},
        {"request_body", [](Headers all) { return with(all, "Content-Length", "5"); }},
        {"not_an_upgrade", [](Headers all) { return with(all, "Upgrade", std::nullopt); }},
        {"connection_without_upgrade", [](Headers all) { return with(all, "Connection", "close"); }},
        {"duplicate_header", [](Headers all) { return twice(all, "Sec-WebSocket-Key", "another"); }},
        {"unsupported_version", [](Headers all) { return with(all, "Sec-WebSocket-Version", "8"); }},
        {"malformed_key", [](Headers all) { return with(all, "Sec-WebSocket-Key", "short"); }},
        {"malformed_subprotocol", [](Headers all) { return with(all, "Sec-WebSocket-Protocol", "a, a"); }}};
    for (std::size_t first = 0; first < in_order.size(); ++first)
        for (std::size_t other = first + 1; other < in_order.size(); ++other)
            expect_judged(run, in_order[first].second(in_order[other].second(good)), in_order[first].first,
                          "of two broken rules the first in the list is named: host, body, Upgrade, Connection, "
                          "no header twice, version, key, lists");
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
    for (const char* status : {"200 OK", "100 Continue", "103 Early Hints", "201 Created"})
        judge(right, "unexpected_status", "any other status than 101 is no WebSocket",
              std::string{"HTTP/1.1 "} + status);
    judge(with(right, "Upgrade", std::nullopt), "response_without_upgrade");
    judge(with(right, "Upgrade", "h2c"), "response_without_upgrade");
    judge(with(right, "Upgrade", "websocket, h2c"), "response_without_upgrade",
          "the header holds one value here, no list: §4.1 asks for \"websocket\", and for nothing beside it");
    judge(twice(right, "Upgrade", "websocket"), "response_without_upgrade", "one value stands in one line");
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
    judge(with(right, "Sec-WebSocket-Protocol", "Chat"), "unrequested_subprotocol",
          "\"chat\" was asked for, and \"Chat\" is another name: these are values, and compared as they stand",
          "HTTP/1.1 101 Switching Protocols", {"superchat", "chat"});
    judge(twice(with(right, "Sec-WebSocket-Protocol", "chat"), "Sec-WebSocket-Protocol", "superchat"),
          "duplicate_header", "both were asked for, and only one can be spoken (§11.3.4)",
          "HTTP/1.1 101 Switching Protocols", {"superchat", "chat"});
    // Each breaks one rule, in the order of the list; and then two at once.
    const std::vector<std::tuple<std::string_view, std::string, std::optional<std::string>>> in_order{
        {"response_without_upgrade", "Upgrade", std::nullopt},
        {"response_without_connection", "Connection", "close"},
        {"wrong_accept", "Sec-WebSocket-Accept", accept_key("another key")},
        {"unrequested_extension", "Sec-WebSocket-Extensions", "permessage-deflate"},
        {"unrequested_subprotocol", "Sec-WebSocket-Protocol", "chat"}};
    const std::string_view order = "of two broken rules the first in the list is named: status, Upgrade, "
                                   "Connection, accept key, extension, subprotocol";
    for (const auto& [errc, name, value] : in_order) {
        judge(with(right, name, value), "unexpected_status", order, "HTTP/1.1 200 OK");
        for (const auto& [earlier, its_name, its_value] : in_order) {
            if (earlier == errc) break;
            judge(with(with(right, name, value), its_name, its_value), earlier, order);
        }
    }
}};

}  // namespace

}  // namespace check
