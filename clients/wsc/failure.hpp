// The three ways in which wsc ends with an error, and the one in which its user ends it.
// A wrong command line is cli::UsageError, status 2; each is one line on standard error.
// Everything below throws; main.cpp alone turns it into a line and an exit status.
#pragma once

#include <stdexcept>
#include <string>

namespace wsc {

inline constexpr int peer_failure_status = 255;  // as wscat, whose scripts rely on it
inline constexpr int own_failure_status = 1;
inline constexpr int usage_status = 2;

// The connection failed, or the peer broke a rule. what() has wscat's words; `rule` says more for
// --trace: the section and the sentence of the rule, or nothing.
class PeerFailure : public std::runtime_error {
  public:
    explicit PeerFailure(const std::string& words, std::string rule = {})
        : std::runtime_error{words}, rule_{std::move(rule)} {}
    const std::string& rule() const { return rule_; }

  private:
    std::string rule_;
};

// The peer reset the connection; openssl does that to ours when TLS has failed.
class ResetByPeer : public PeerFailure {
    using PeerFailure::PeerFailure;
};

// A file, a child process, or another thing of this machine did not do what it should.
class OwnFailure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A signal came before the connection was open. `number` is SIGINT, SIGTERM, SIGHUP or SIGQUIT.
struct Interrupted {
    int number;
};

}  // namespace wsc
