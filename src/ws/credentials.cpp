// Credentials read from the headers and compared, RFC 7617 §2, RFC 6750 §2.1, RFC 6265 §4.2.
// Lesson 10. Nothing here is logged or sent back. A secret that is wrong costs the same time
// wherever it is wrong, and whoever it belongs to.
#include "ws/credentials.hpp"

#include <cassert>

namespace ws {

namespace {

// What a request says about its sender. The name is missing where the secret alone decides.
struct Presented {
    std::optional<std::string> name{};
    std::string secret;
};

int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 7617 §2: user and password, joined by the first colon, in base64.
std::optional<Presented> read_basic(std::string_view text) {
    const std::optional<std::string> pair = decode_base64(text);
    if (!pair) return std::nullopt;
    const std::size_t colon = pair->find(':');
    if (colon == std::string::npos) return std::nullopt;
    return Presented{pair->substr(0, colon), pair->substr(colon + 1)};
}

// RFC 9110 §11.6.2: "Authorization: SCHEME CREDENTIALS", the scheme in any case.
std::optional<Presented> read_authorization(std::string_view value) {
    const std::size_t space = value.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = value.substr(0, space);
    const std::string_view rest = trim(value.substr(space));
    if (equals_ignoring_case(scheme, "Basic")) return read_basic(rest);
    if (equals_ignoring_case(scheme, "Bearer")) return Presented{.secret = std::string{rest}};
    return std::nullopt;
}

// The header decides where there is one: a client that sends it means it.
std::optional<Presented> read_credentials(const Request& request) {
    if (request.count("Authorization") > 1) return std::nullopt;
    if (const auto value = request.find("Authorization")) return read_authorization(*value);
    const auto cookie = find_cookie(request, session_cookie);
    if (!cookie) return std::nullopt;
    return Presented{.secret = std::string{*cookie}};
}

}  // namespace

Errc authenticate(const Request& request, std::span<const Account> accounts, std::string& name) {
    name.clear();
    if (accounts.empty()) return Errc::none;
    const std::optional<Presented> presented = read_credentials(request);
    if (!presented) return Errc::unauthorized;

    const Account* found = nullptr;
    // All of them, also after the one that fits: the time must not tell which one that was.
    for (const Account& account : accounts) {
        const bool secret_fits = equal_in_constant_time(presented->secret, account.secret);
        const bool name_fits =
            !presented->name || equal_in_constant_time(*presented->name, account.name);
        if (secret_fits && name_fits) found = &account;
    }
    // RFC 9110 §15.5.2 and §15.5.4: 401 says "I do not know you", 403 "I know you, and no".
    if (found == nullptr) return Errc::unauthorized;
    if (found->blocked) return Errc::forbidden;
    name = found->name;
    return Errc::none;
}

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
    assert(!secret.empty());
    // volatile: the compiler must not see that after the first difference all is decided. The
    // time depends on the length of what was given, which its sender knows anyway.
    volatile unsigned difference = given.size() == secret.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i)
        difference = difference | static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
    return difference == 0;
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::string bytes;
    unsigned bits = 0;  // that wait for their byte to be full
    unsigned count = 0;
    for (const char c : text.substr(0, text.size() - padding)) {
        const int digit = digit_of(c);
        if (digit < 0) return std::nullopt;
        bits = bits << 6 | static_cast<unsigned>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFF);
    }
    // RFC 4648 §3.5: the bits that are left over are zero. Otherwise two texts would be one secret.
    if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return bytes;
}

// RFC 6265 §4.2.1: "name=value; name=value". Quotation marks are part of the value.
std::optional<std::string_view> find_cookie(const Request& request, std::string_view name) {
    std::optional<std::string_view> found;
    for (const Header& header : request.headers()) {
        if (!equals_ignoring_case(header.name, "Cookie")) continue;
        for (const std::string_view pair : split(header.value, ';')) {
            const std::size_t equals = pair.find('=');
            if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
            if (found) return std::nullopt;
            found = pair.substr(equals + 1);
        }
    }
    return found;
}

}  // namespace ws
