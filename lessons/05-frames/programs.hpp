// What the programs of lessons 5, 6 and 7 have in common besides the protocol: their options, a
// client's masking keys (RFC 6455 §5.3), a server's address for people.
// Leaves out: everything that a reader must know to follow the programs.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/options.hpp"
#include "net/address.hpp"
#include "net/random.hpp"
#include "net/socket.hpp"
#include "ws/hex.hpp"
#include "ws/http.hpp"
#include "ws/mask.hpp"

namespace lesson {

// RFC 6455 §5.3: "The masking key needs to be unpredictable; thus, the masking key MUST be derived
// from a strong source of entropy"
class RandomKeys : public ws::KeySource {
  public:
    ws::MaskingKey next_key() override { return pool_.bytes<4>(); }

  private:
    net::RandomPool pool_;
};

// The same key for every frame: what §5.3 forbids, and what makes a demonstration repeatable.
class FixedKey : public ws::KeySource {
  public:
    explicit FixedKey(ws::MaskingKey key) : key_{key} {}
    ws::MaskingKey next_key() override { return key_; }

  private:
    ws::MaskingKey key_;
};

struct ServerOptions {
    cli::Common common;
    std::uint64_t handshake_timeout = 10;

    void declare(cli::Options& options) {
        options.server(common);
        options.path(common);
        options.number("--handshake-timeout", handshake_timeout, 1, 3600, "SECONDS",
                       "how long a client may take for its request");
    }
    std::chrono::seconds timeout() const { return std::chrono::seconds{handshake_timeout}; }
};

struct ClientOptions {
    cli::Common common;
    std::uint64_t handshake_timeout = 10;
    std::string key;
    std::unique_ptr<ws::KeySource> keys = std::make_unique<RandomKeys>();

    void declare(cli::Options& options) {
        options.client(common, {"ws"});
        options.path(common);
        options.number("--handshake-timeout", handshake_timeout, 1, 3600, "SECONDS",
                       "how long to wait for the connection, and then for the server's answer");
        options.custom("--key", "BASE64",
                       "this Sec-WebSocket-Key, to repeat a demonstration; a real client sends a "
                       "new random one each time",
                       [this](const std::string& value) {
                           if (!ws::is_header_value(value) || value.empty())
                               throw cli::UsageError{"16 bytes in base64"};
                           key = value;
                       });
        options.custom("--masking-key", "HEX",
                       "this masking key for every frame, to repeat a demonstration; a real client "
                       "picks an unpredictable one for each (RFC 6455 §5.3, §10.3)",
                       [this](const std::string& value) {
                           const auto bytes = ws::unhex(value);
                           if (!bytes || bytes->size() != 4)
                               throw cli::UsageError{"4 bytes in hex, such as 37FA213D"};
                           ws::MaskingKey fixed;
                           std::ranges::copy(*bytes, fixed.begin());
                           keys = std::make_unique<FixedKey>(fixed);
                       });
    }
    std::chrono::seconds timeout() const { return std::chrono::seconds{handshake_timeout}; }
    std::string authority() const { return net::join_host_port(common.host, common.port); }
    net::Fd connect() const {
        return net::connect_tcp(common.host, common.port, net::after(timeout()));
    }
};

// The one line that a server prints when it can be connected to; `port` is the real one.
inline void announce(const char* what, const cli::Common& common, std::uint16_t port) {
    std::printf("%s ws://%s%s\n", what, net::join_host_port(common.host, port).c_str(),
                common.path.c_str());
    std::fflush(stdout);
}

}  // namespace lesson
