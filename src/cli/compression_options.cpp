// --compress, and how hard, from what size on, and with how much memory. Lesson 14.
// Window and context takeover are asked for in both directions: a program that wants to save memory
// for what it sends wants it for what it receives, too.
#include "cli/compression_options.hpp"

namespace cli {

void CompressionOptions::declare(Options& options) {
    using namespace ws::deflate;
    options.flag("--compress", compress_, "agree on permessage-deflate (RFC 7692)");
    options.number("--compress-level", level_, min_level, max_level, "N",
                   "1 is the fastest, 9 the smallest");
    options.number("--compress-threshold", threshold_, 0, std::uint64_t{1} << 30, "N",
                   "shorter messages are sent as they are");
    options.number("--window-bits", window_bits_, min_window_bits, max_window_bits, "N",
                   "refer 2^N bytes back at most; costs 6 * 2^N bytes a connection");
    options.flag("--no-context-takeover", no_context_takeover_,
                 "each message for itself: no memory between messages, less compression");
}

ws::Extensions* CompressionOptions::extensions(Sharing sharing) {
    if (!compress_) return nullptr;
    const auto bits = static_cast<unsigned>(window_bits_);
    made_.push_back(std::make_unique<ws::deflate::PermessageDeflate>(
        ws::deflate::CodecOptions{.terms = {.server_no_context_takeover = no_context_takeover_,
                                       .client_no_context_takeover = no_context_takeover_,
                                       .server_max_window_bits = bits,
                                       .client_max_window_bits = bits},
                             .level = static_cast<int>(level_),
                             .threshold = static_cast<std::size_t>(threshold_)},
        sharing));
    return made_.back().get();
}

}  // namespace cli
