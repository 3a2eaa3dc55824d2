// Origins, accounts and proxies read from the command line, strictly. Lesson 10.
// A typing error in one of them would open the door or shut it for good, so all that is not
// exactly right ends the program with a line that says what would be.
#include "cli/admission_options.hpp"

#include <algorithm>
#include <fstream>

#include "cli/text_file.hpp"
#include "net/descriptors.hpp"

namespace cli {

namespace {

constexpr const char* allowed_origin_help =
    "pages from there may connect, and no others; repeatable (default: pages from this host)";

ws::Origin read_origin(const std::string& value) {
    const std::optional<ws::Origin> origin = ws::parse_origin(value);
    if (!origin)
        throw UsageError{"an origin such as https://example.com or http://localhost:8000, " +
                         std::string{"without a path"}};
    return *origin;
}

net::Network read_network(const std::string& value) {
    const std::optional<net::Network> network = net::parse_network(value);
    if (!network)
        throw UsageError{"an address such as 127.0.0.2 or 2001:db8::7, or a network such as " +
                         std::string{"10.0.0.0/8 or fd00::/8"}};
    return *network;
}

// "alice:open-sesame", "mallory:let-me-in:blocked".
ws::Account read_account(const std::string& line) {
    const std::size_t first = line.find(':');
    const std::size_t second = std::min(line.find(':', first + 1), line.size());
    const std::string rest = line.substr(second);
    if (first == std::string::npos || first == 0 || second == first + 1 ||
        !(rest.empty() || rest == ":blocked") || line.front() == ' ' || line.back() == ' ')
        throw UsageError{"a file with lines NAME:SECRET or NAME:SECRET:blocked, and no space at their ends"};
    return {line.substr(0, first), line.substr(first + 1, second - first - 1), !rest.empty()};
}

std::vector<ws::Account> read_accounts(const std::string& path) {
    std::ifstream file{path};
    if (!file) throw UsageError{"a file that can be read"};
    std::vector<ws::Account> accounts;
    for (const std::string& line : lines_of(file))
        if (!line.empty() && !line.starts_with('#')) accounts.push_back(read_account(line));
    // An empty list would let everybody in.
    if (accounts.empty()) throw UsageError{"a file that names at least one user"};
    return accounts;
}

}  // namespace

void declare_allowed_origins(Options& options, endpoint::ServerPolicy& policy) {
    options.custom(
        "--allowed-origin", "ORIGIN", allowed_origin_help,
        [&policy, origins = std::vector<ws::Origin>{}](const std::string& value) mutable {
            origins.push_back(read_origin(value));
            policy.admit = [origins](const ws::Request& request, const net::Address&) {
                return ws::check_origin(request, origins);
            };
        });
}

void declare_trusted_proxies(Options& options, std::vector<net::Network>& proxies) {
    options.custom(
        "--trusted-proxy", "ADDRESS[/N]",
        "its X-Forwarded-For is believed, or that of all in its network; repeatable (default: " +
            std::string{"nobody's)"},
        [&proxies](const std::string& value) { proxies.push_back(read_network(value)); });
}

void AdmissionOptions::declare(Options& options, std::uint64_t descriptors_each) {
    max_connections = net::allowed_connections(descriptors_each);
    options.custom(
        "--allowed-origin", "ORIGIN", allowed_origin_help,
        [this](const std::string& value) { rules.origins.push_back(read_origin(value)); });
    options.custom("--users", "FILE",
                   "who may connect: lines NAME:SECRET, with :blocked behind it for a 403",
                   [this](const std::string& value) { rules.accounts = read_accounts(value); });
    declare_trusted_proxies(options, rules.proxies);
    options.number("--max-connections", max_connections, 1, 1u << 20, "N",
                   "beyond it 503; by default what `ulimit -n` allows");
    options.number("--max-connections-per-address", max_connections_per_address, 1, 1u << 20, "N",
                   "beyond it 429 (default: no limit)");
}

}  // namespace cli
