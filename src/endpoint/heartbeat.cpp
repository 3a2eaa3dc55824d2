// ws::KeepAlive watches over a blocking connection, by the clock of this machine. Lesson 9.
// The connection asks under its lock, so nothing here is shared between threads.
// Leaves out: sending the ping and ending TCP, which the connection does.
#include "endpoint/keep_alive_clock.hpp"
#include "endpoint/liveness.hpp"

namespace endpoint {

namespace {

class Heartbeat final : public Liveness {
  public:
    explicit Heartbeat(const ws::KeepAlive::Times& times)
        : times_{times}, keep_alive_{keep_alive_now()} {}

    void sign_of_life() override { keep_alive_.heard(keep_alive_now()); }

    Duty duty() override {
        const ws::KeepAlive::Next next = keep_alive_.next(keep_alive_now(), times_);
        return {.ping = next.duty == ws::KeepAlive::Duty::ping,
                .gone = next.duty == ws::KeepAlive::Duty::gone,
                .next = deadline_of(next)};
    }

  private:
    ws::KeepAlive::Times times_;
    ws::KeepAlive keep_alive_;
};

}  // namespace

std::unique_ptr<Liveness> liveness(const ConnectionOptions& options) {
    return std::make_unique<Heartbeat>(keep_alive_times(options.ping_interval, options.idle_timeout));
}

}  // namespace endpoint
