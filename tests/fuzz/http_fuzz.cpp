// Any bytes as the head of a handshake, request or answer, cut in any way: the parser never
// crashes, its verdict does not depend on the cuts, and what it lets through is safe to use.
// RFC 6455 §4, RFC 9112. `make fuzz`; libFuzzer makes up the input:
//   byte 0: bit 0 small limits, the rest how the bytes are cut
//   rest:   the head
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ws/opening.hpp"

namespace {

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

struct Verdict {
    ws::Errc error;
    bool complete;
    std::size_t taken;
    std::string text;

    bool operator==(const Verdict&) const = default;
};

template <typename NextSize>
Verdict read_head(ws::HeadLimits limits, ws::Bytes bytes, NextSize next_size) {
    ws::HeadReader reader{limits};
    std::size_t total = 0;
    ws::Parse parse = ws::Parse::need_more;
    while (!bytes.empty() && parse == ws::Parse::need_more) {
        const std::size_t size = std::min<std::size_t>(bytes.size(), next_size());
        std::size_t taken = 0;
        parse = reader.feed(bytes.first(size), taken);
        check(taken <= size, "no more is taken than is there");
        bytes = bytes.subspan(size);
        total += taken;
    }
    check((parse == ws::Parse::error) == (reader.error() != ws::Errc::none), "an error is named");
    check(reader.text().size() <= limits.max_head_bytes, "a head is within the limit");
    if (parse != ws::Parse::ok) return {reader.error(), false, 0, {}};
    return {ws::Errc::none, true, total, std::string{reader.text()}};
}

// One header line of an answer of ours must stay one.
void check_answer(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    check(end != std::string::npos, "an answer has a blank line");
    for (std::size_t i = 0; i < end; ++i) {
        const auto byte = static_cast<unsigned char>(answer[i]);
        const bool line_end = byte == '\r' && answer[i + 1] == '\n';
        const bool rest_of_it = byte == '\n' && i > 0 && answer[i - 1] == '\r';
        check(byte >= 0x20 || line_end || rest_of_it, "an answer's head holds no control byte");
    }
}

// A line for a log or a terminal.
void check_line(const std::string& line) {
    for (const char c : line)
        check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a line holds no control byte");
}

void use(const std::string& text) {
    const std::vector<std::string> ours{"chat"};
    ws::ServerOpening server;
    std::size_t taken = 0;
    ws::ServerOpening::Step step = server.feed(ws::as_bytes(text), taken);
    if (step == ws::ServerOpening::Step::decide) step = server.decide({.subprotocols = ours});
    check(step != ws::ServerOpening::Step::more && step != ws::ServerOpening::Step::decide,
          "a whole head has an answer");
    check_answer(server.answer());
    if (step == ws::ServerOpening::Step::refuse) check_line(server.refusal());

    ws::ClientOpening client{
        {.host = "localhost", .key = "dGhlIHNhbXBsZSBub25jZQ==", .subprotocols = {"chat"}}};
    if (client.feed(ws::as_bytes(text), taken) == ws::ClientOpening::Step::failed)
        check_line(client.failure(ws::as_bytes(text).subspan(taken)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const ws::Bytes bytes{data + 1, size - 1};
    ws::HeadLimits limits;
    if ((data[0] & 1) != 0)
        limits = {.max_head_bytes = 200, .max_start_line_bytes = 40, .max_header_lines = 4};

    std::uint32_t random = data[0];
    const Verdict whole = read_head(limits, bytes, [&] { return bytes.size(); });
    const Verdict single = read_head(limits, bytes, [] { return 1; });
    const Verdict cut = read_head(limits, bytes, [&] {
        random = random * 1664525 + 1013904223;  // any generator does
        return (random >> 24) % 16 + 1;
    });
    check(whole == single, "whole and byte by byte are the same");
    check(whole == cut, "whole and cut are the same");
    if (whole.complete) use(whole.text);
    return 0;
}
