// Sec-WebSocket-Accept as the checks compute it: OpenSSL directly, RFC 6455 §4.2.2.
// The third user of OpenSSL beside ws/sha1.cpp and ws/handshake.cpp, because what a student wrote
// there cannot judge itself.
#include <openssl/evp.h>

#include "lessons/tools/check/bytes.hpp"

namespace check {

std::string base64(Bytes bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::array<std::uint8_t, 20> sha1(Bytes bytes) {
    std::array<std::uint8_t, 20> digest{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return digest;
}

std::string accept_key(std::string_view key) {
    const std::string text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    return base64(sha1(bytes_of(text)));
}

}  // namespace check
