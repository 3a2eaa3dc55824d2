// SHA-1, RFC 3174: the hash of RFC 6455 §4.2.2. Lesson 4, and of whole messages in lesson 13.
// Takes the bytes in pieces, so what is hashed may be larger than memory. OpenSSL computes it.
// Leaves out: safety. SHA-1 tells an accident from the original, never a forgery.
#pragma once

#include <array>
#include <memory>

#include "ws/bytes.hpp"

struct evp_md_ctx_st;  // OpenSSL's, whose headers stay in sha1.cpp

namespace ws {

class Sha1 {
  public:
    using Digest = std::array<std::uint8_t, 20>;

    Sha1();

    // The next bytes, cut anywhere.
    void update(Bytes bytes);

    // The hash of all bytes so far; a second call may only follow reset().
    Digest finish();

    // Forgets everything, for the next message.
    void reset();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Of bytes that are all there.
Sha1::Digest sha1(Bytes bytes);

}  // namespace ws
