// Any text as a Sec-WebSocket-Extensions header, offer and answer: what is agreed is within what
// was wanted, on both sides, and an answer of ours is one that our client understands. RFC 7692
// §7.1. `make fuzz`; libFuzzer makes up the input:
//   byte 0: bits 0 and 1 what is wanted without context takeover, bits 2 to 4 and 5 to 7 the
//   windows rest:   the header
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ws/deflate/permessage.hpp"
#include "ws/http.hpp"

using namespace ws::deflate;

namespace {

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void check_within(const Terms& agreed, const Terms& wanted) {
    for (const unsigned bits : {agreed.server_max_window_bits, agreed.client_max_window_bits})
        check(bits >= min_window_bits && bits <= max_window_bits, "a window has 8 to 15 bits");
    check(agreed.server_max_window_bits <= wanted.server_max_window_bits, "the server's window");
    check(agreed.client_max_window_bits <= wanted.client_max_window_bits, "the client's window");
    check(agreed.server_no_context_takeover || !wanted.server_no_context_takeover,
          "server takeover");
    check(agreed.client_no_context_takeover || !wanted.client_no_context_takeover,
          "client takeover");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const Terms wanted{(data[0] & 1) != 0, (data[0] & 2) != 0, 8 + (data[0] >> 2) % 8u,
                       8 + (data[0] >> 5) % 8u};
    // Of memory of exactly that size.
    const std::string header(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::vector<std::string_view> extensions = ws::split(header, ',');

    if (const auto choice = choose(extensions, wanted)) {
        check_within(choice->terms, wanted);
        check(ws::is_header_value(choice->answer), "an answer is a header's value");
        const std::string_view answers[] = {choice->answer};
        check(accept(answers, Terms{}) == choice->terms, "an answer of ours is understood");
    }
    if (const auto agreed = accept(extensions, wanted)) check_within(*agreed, wanted);
    const std::string offered = offer(wanted);
    const std::string_view offers[] = {offered};
    const auto choice = choose(offers, Terms{});
    check(choice && choice->terms == wanted, "an offer of ours is understood");
    return 0;
}
