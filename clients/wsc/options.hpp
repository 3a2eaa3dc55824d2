// The command line of wsc: wscat's options under wscat's names, and our own after them.
// What is read here has been checked: nothing later finds out that a header cannot be sent.
// Leaves out: what the options do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/wsc/target.hpp"

namespace wsc {

inline constexpr const char* version = "1.0.0";

struct Proxy {
    std::string host;
    std::uint16_t port = 0;
    std::string credentials;  // "user:password", or empty
    bool socks = false;       // SOCKS5 in the place of HTTP's CONNECT
};

// What is handed to openssl.
struct TlsOptions {
    bool check = true;
    std::string ca, cert, key;
    std::optional<std::string> passphrase;  // empty text: ask for it
};

struct Settings {
    std::optional<Target> connect;
    std::optional<std::uint16_t> listen;
    std::string listen_path;  // a Unix socket; `listen` is 0 then
    std::string run;          // --run: a program for each client; empty: none
    std::uint64_t max_programs = 64;
    std::uint64_t clients = 1;  // of -l at once

    // The handshake.
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::string> subprotocols;
    std::string origin;
    std::string host;  // the Host header; with listen the address to listen on
    std::string authorization;
    int protocol_version = 13;
    bool compress = true;  // offer permessage-deflate
    bool follow_redirects = false;
    std::uint64_t max_redirects = 10;
    std::optional<Proxy> proxy;
    std::vector<std::pair<std::string, std::string>> resolve;  // --resolve: host, address
    const std::string& address_of(const std::string& name) const;
    TlsOptions tls;

    // The session.
    std::vector<std::string> execute;
    std::vector<std::string> files;  // sent as messages, after those of -x
    bool sends_and_leaves() const { return !execute.empty() || !files.empty(); }
    bool raw = false;                // all of a pipe is one message
    bool null_separated = false;     // a pipe's messages end with a NUL
    bool reconnect = false;
    std::optional<std::chrono::milliseconds> wait;  // negative: hold the connection open
    bool show_pings = false;
    bool slash = false;
    bool binary = false;
    std::optional<std::chrono::milliseconds> ping_interval;
    std::uint64_t max_message_bytes = 100 * 1024 * 1024;
    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds close_timeout{5'000};
    std::chrono::milliseconds write_timeout{30'000};
    std::string record, pcap, replay;

    // What is shown.
    bool color = true;
    bool json = false;
    bool timestamps = false;
    bool trace = false;
    std::string output;
    std::string history;  // a file; empty: the usual one
    bool keep_history = true;
    bool tell_status = false;
    bool quiet = false;
};

// Reads the command line. Prints the help or the version and ends the program where that is asked
// for, or where there is neither -c nor -l. Throws cli::UsageError.
Settings parse_options(int argc, char** argv);

}  // namespace wsc
