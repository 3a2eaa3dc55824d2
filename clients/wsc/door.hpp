// Where -l listens: a port of this machine, or a Unix socket, whose name goes away with this object.
// Leaves out: who comes in (listening, several).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "clients/wsc/options.hpp"
#include "net/fd.hpp"

namespace wsc {

class Door {
  public:
    // `settings` outlive this object. Throws PeerFailure when it cannot be had.
    explicit Door(const Settings& settings);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    const std::vector<net::Fd>& sockets() const { return sockets_; }
    // For whoever accepts from them itself.
    std::vector<net::Fd> take_sockets() { return std::move(sockets_); }
    // "port 9000", or the path.
    const std::string& name() const { return name_; }

  private:
    const Settings& settings_;
    std::vector<net::Fd> sockets_;
    std::string name_;
};

}  // namespace wsc
