// Where a client's masking keys come from: RFC 6455 §5.3 and §10.3. Lesson 5.
// One source for each thread, or under the lock of its connection.
// Joins ws, which makes no system call, to the random bytes of net.
#pragma once

#include "net/random.hpp"
#include "ws/masking_key.hpp"

namespace endpoint {

// RFC 6455 §5.3: "The masking key needs to be unpredictable; thus, the masking key MUST be derived
// from a strong source of entropy"
class RandomKeys final : public ws::KeySource {
  public:
    ws::MaskingKey next_key() override { return pool_.bytes<4>(); }

  private:
    net::RandomPool pool_;
};

// The same key for every frame: what §5.3 forbids, and what makes a demonstration repeatable.
class FixedKey final : public ws::KeySource {
  public:
    explicit FixedKey(ws::MaskingKey key) : key_{key} {}
    ws::MaskingKey next_key() override { return key_; }

  private:
    ws::MaskingKey key_;
};

}  // namespace endpoint
