// Masking keys that nobody can predict: RFC 6455 §5.3 and §10.3. Lesson 5.
// One for each thread, or under the lock of its connection.
#pragma once

#include "net/random.hpp"
#include "ws/mask.hpp"

namespace endpoint {

class RandomKeys final : public ws::KeySource {
  public:
    // RFC 6455 §5.3: "The masking key MUST be derived from a strong source of entropy"
    ws::MaskingKey next_key() override { return pool_.bytes<4>(); }

  private:
    net::RandomPool pool_;
};

}  // namespace endpoint
