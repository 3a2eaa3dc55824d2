// wss:// without a TLS library: `openssl s_client` as a child process speaks TLS, and we speak to
// it through a socket. It checks the certificate and the name in it unless it is told not to.
//   we ── plain bytes ── openssl ── TLS ── carrier ── TLS ── the server
// The carrier is a process of our own that copies bytes, because s_client wants to connect by
// itself, and the connection is made here: through proxies, with our timeouts and our words.
#pragma once

#include <sys/types.h>

#include <string>

#include "clients/wsc/options.hpp"
#include "clients/wsc/waiting.hpp"
#include "net/fd.hpp"

namespace wsc {

// Throws OwnFailure: no openssl in $PATH, or a file of the options that cannot be read.
void check_tls(const TlsOptions& options);

// A passphrase that was asked for (--passphrase without a value), read without showing it.
std::string ask_passphrase();

class Tls {
  public:
    // Begins TLS over a connected socket; `host` is the name that the certificate must have.
    // Throws OwnFailure.
    Tls(net::Fd socket, std::string host, const TlsOptions& options);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    // The plain bytes; once. They end when TLS fails.
    net::Fd take_stream() { return std::move(stream_); }

    // What openssl complained about, in wscat's words ("self-signed certificate"); empty when it
    // did not. To be asked when the stream has ended before anything came. Throws OwnFailure when a
    // file of the options was at fault.
    std::string complaint(const Waiting& waiting);

  private:
    void start_carrier(net::Fd server);
    void start_openssl();

    std::string host_;
    TlsOptions options_;
    std::string folder_;  // private, for the socket by which openssl reaches the carrier
    std::string path_;
    net::Fd stream_;
    net::Fd errors_;  // what openssl says on its standard error
    pid_t carrier_ = -1;
    pid_t openssl_ = -1;
};

}  // namespace wsc
