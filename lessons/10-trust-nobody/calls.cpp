// What the judge of lesson 10 may ask of ws/credentials, ws/origin and net/forwarded.
#include <memory>
#include <stdexcept>

#include "lessons/tools/check/calls/errc.hpp"
#include "net/forwarded.hpp"
#include "net/parse_ip.hpp"
#include "ws/credentials.hpp"
#include "ws/origin.hpp"

namespace {

using calls::Function;

// --- ws/credentials: the secret -----------------------------------------------------------------

// In memory of just its size: whoever reads beyond an end is found out.
std::vector<char> exactly(std::string_view text) { return {text.begin(), text.end()}; }

bool equal(const std::vector<char>& given, const std::vector<char>& secret) {
    return ws::equal_in_constant_time({given.data(), given.size()}, {secret.data(), secret.size()});
}

const Function equal_in_constant_time{"equal_in_constant_time", [](std::string given, std::string secret) {
    return equal(exactly(given), exactly(secret));
}};

std::vector<char> right, wrong;

// A secret, and one that differs from it in one byte.
const Function secrets{"secrets", [](std::string secret, std::size_t wrong_at) {
    wrong = right = exactly(secret);
    wrong.at(wrong_at) = static_cast<char>(wrong.at(wrong_at) ^ 1);
}};

const Function compare_them{"compare_them", [](int times) {
    bool all_wrong = true;
    for (int i = 0; i < times; ++i) all_wrong = !equal(wrong, right) && all_wrong;
    return all_wrong;
}};

// --- requests -----------------------------------------------------------------------------------

// A request with these header lines, read; its views point into its own text.
struct Asked {
    explicit Asked(const std::string& headers) : text{"GET /ws HTTP/1.1\r\n" + headers + "\r\n"} {
        if (const ws::Errc errc = request.parse(text); errc != ws::Errc::none)
            throw std::runtime_error{"the check's own request cannot be read: " + calls::name_of(errc)};
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

    std::string text;
    ws::Request request;
};

const Function check_origin{"check_origin",
    [](std::string headers, std::vector<std::tuple<std::string, std::string, std::uint16_t>> list) {
    std::vector<ws::Origin> allowed;
    for (const auto& [scheme, host, port] : list) allowed.push_back({scheme, host, port});
    const Asked asked{headers};
    return calls::name_of(ws::check_origin(asked.request, allowed));
}};

const Function authenticate{"authenticate",
    [](std::string headers, std::vector<std::tuple<std::string, std::string, bool>> list) {
    std::vector<ws::Account> accounts;
    for (const auto& [user, secret, blocked] : list) accounts.push_back({user, secret, blocked});
    const Asked asked{headers};
    std::string name = "somebody";
    const ws::Errc errc = ws::authenticate(asked.request, accounts, name);
    return std::tuple{calls::name_of(errc), name};
}};

// A request whose Bearer secret all accounts differ from, in one byte.
std::unique_ptr<Asked> stranger;
std::vector<ws::Account> many;

const Function accounts{"accounts", [](std::string secret, std::size_t wrong_at) {
    stranger = std::make_unique<Asked>("Host: a.example\r\nAuthorization: Bearer " + secret + "\r\n");
    secret.at(wrong_at) = static_cast<char>(secret.at(wrong_at) ^ 1);
    many.assign(128, {"somebody", secret});
}};

const Function authenticate_them{"authenticate_them", [](int times) {
    bool all_wrong = true;
    std::string name;
    for (int i = 0; i < times; ++i)
        all_wrong = ws::authenticate(stranger->request, many, name) != ws::Errc::none && all_wrong;
    return all_wrong;
}};

// --- net/forwarded ------------------------------------------------------------------------------

const Function believed_client{"believed_client",
    [](std::string peer, std::vector<std::string> list, std::vector<std::string> trusted) {
    std::vector<net::Network> proxies;
    for (const std::string& proxy : trusted) proxies.emplace_back(net::parse_ip(proxy).value());
    const std::vector<std::string_view> entries(list.begin(), list.end());
    return net::believed_client(net::parse_ip(peer).value(), entries, proxies).ip();
}};

}  // namespace
