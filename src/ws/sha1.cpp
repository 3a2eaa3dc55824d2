// SHA-1 by OpenSSL's digest interface. Lesson 4; RFC 6455 §4.2.2 asks for it.
// The older functions SHA1_Init() and so on are on their way out of OpenSSL 3; these stay.
// A failure would mean an OpenSSL without SHA-1, which no handshake could survive: asserted.
#include "ws/sha1.hpp"

#include <openssl/evp.h>

#include <cassert>

namespace ws {

Sha1::Sha1() : context_{EVP_MD_CTX_new()} { reset(); }

void Sha1::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

void Sha1::update(Bytes bytes) {
    [[maybe_unused]] const int done = EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    assert(done == 1);
}

Sha1::Digest Sha1::finish() {
    Digest digest;
    [[maybe_unused]] const int done = EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    assert(done == 1);
    return digest;
}

void Sha1::reset() {
    [[maybe_unused]] const int done = EVP_DigestInit_ex(context_.get(), EVP_sha1(), nullptr);
    assert(done == 1);
}

Sha1::Digest sha1(Bytes bytes) {
    Sha1 hash;
    hash.update(bytes);
    return hash.finish();
}

}  // namespace ws
