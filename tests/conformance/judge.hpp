// One case against one endpoint, and the verdict. RFC 6455 §7 decides how a connection has to end.
//   pass           what a strict endpoint does
//   non-strict     breaks no MUST, and is not what was expected: another code, another order, later
//   informational  the RFC leaves it open
//   fail           a broken rule, a lost message, or no end
//   unsupported    the endpoint agrees to no compression
// Leaves out: which case comes next (main.cpp).
#pragma once

#include <cstdint>
#include <string>

#include "tests/conformance/cases.hpp"
#include "tests/conformance/link.hpp"

namespace conformance {

enum class Verdict : std::uint8_t { pass, non_strict, informational, fail, unsupported };
inline constexpr std::size_t verdicts = 5;
const char* name_of(Verdict verdict);

struct Outcome {
    Verdict verdict = Verdict::pass;
    std::string seen{};  // one line, for people
};

struct Patience {
    std::chrono::milliseconds end{10'000};  // for whatever has to come
    std::chrono::milliseconds soon{2'000};  // for what may come before a message is complete
};

// Where the endpoint is, for the placeholders of an Opening.
struct Place {
    std::string host{};  // with its port
    std::string path{};
};

// The suite is the client: a socket that is connected.
Outcome try_server(const Case& each, net::Fd socket, const Place& place, const Patience& patience);
// The suite is the server: `request` is the client's, and has been read from the link.
Outcome try_client(const Case& each, Link& link, const std::string& request, const Patience& patience);

// The value of a header in a head; nothing: there is none.
std::optional<std::string> header(const std::string& head, std::string_view name);
// The answer 101 to a request; `extra` are more lines.
std::string accepting(const std::string& request, const std::string& extra = "");

}  // namespace conformance
