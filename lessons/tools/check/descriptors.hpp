// Descriptors for the checks of functions that take one: pairs of sockets, connections made by
// hand, and what is seen from outside of those of the student's process. Nothing of src/.
// Leaves out: cuts and explanations (peer.hpp).
#pragma once

#include <sys/resource.h>

#include "lessons/tools/check/call.hpp"
#include "lessons/tools/check/program.hpp"

namespace check {

// Two ends of one stream: one is passed to the student's side. `small`: the buffer for what is sent
// there is as small as the kernel allows.
class Ends {
  public:
    explicit Ends(bool small = false);
    ~Ends() {
        close_mine();
        close_theirs();
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;

    int mine() const { return mine_; }
    int theirs() const { return theirs_; }
    void close_mine();
    void close_theirs();  // our copy; once it was passed, only theirs is open
    // Has the last copy of the other end been closed?
    bool theirs_is_closed() const;

  private:
    int mine_ = -1;
    int theirs_ = -1;
};

// Over the loopback, with any free port. -1: it was refused, or nobody came within a second.
int listen_on_loopback();
int connect_to_loopback(std::uint16_t port, bool ipv6 = false);
// Has this machine an address ::1?
bool has_ipv6();
int accept_from(int listening);
int datagrams_on_loopback();
int datagrams_to_loopback(std::uint16_t port);  // connected, with a port of its own
std::uint16_t port_of(int socket);

// All that comes until the call has returned, and is there then.
Buffer read_during(Pending& call, int descriptor);

// As long as it lives, the student's process gets no further descriptor.
class NoDescriptors {
  public:
    explicit NoDescriptors(Program& program);
    ~NoDescriptors();
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    pid_t pid_;
    rlimit before_{};
};

}  // namespace check
