// The options by which a server says whom it lets in, and how many. Lesson 10.
// Secrets come from a file: a command line can be read by every user of the machine (`ps`).
// Leaves out: the path, subprotocols and times, which every program declares for itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cli/options.hpp"
#include "endpoint/admission.hpp"
#include "endpoint/common_options.hpp"
#include "net/network.hpp"

namespace cli {

// --allowed-origin, repeatable, for a server that asks nothing else: with it, `policy.admit` lets
// in pages from there and no others. `policy` outlives options.parse().
void declare_allowed_origins(Options& options, endpoint::ServerPolicy& policy);

// --trusted-proxy, repeatable; `proxies` outlives options.parse().
void declare_trusted_proxies(Options& options, std::vector<net::Network>& proxies);

struct AdmissionOptions {
    endpoint::Admission rules{};
    std::uint64_t max_connections = 0;
    std::optional<std::uint64_t> max_connections_per_address{};  // nothing: no limit

    // This object outlives options.parse(). A connection takes `descriptors_each` of the
    // descriptors that the system grants; the default of --max-connections follows from that.
    void declare(Options& options, std::uint64_t descriptors_each);
};

}  // namespace cli
