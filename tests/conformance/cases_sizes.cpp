// Long messages, and many: whole, in frames, in small TCP segments. RFC 6455 §5.2, §5.4.
#include "tests/conformance/cases.hpp"

#include <algorithm>

namespace conformance {

namespace {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;

std::string size_of(std::size_t bytes) {
    return bytes < KiB ? std::to_string(bytes) + " bytes"
                       : bytes < MiB ? std::to_string(bytes / KiB) + " KiB" : std::to_string(bytes / MiB) + " MiB";
}

Frame message(bool is_text, std::size_t size) {
    return is_text ? text({"abcdefgh", size / 8}) : binary({from_hex("00 01 02 fd fe ff 80 7f"), size / 8});
}

std::vector<Step> in_frames(const Frame& whole, std::size_t size) {
    std::vector<Step> steps;
    const std::size_t units = size / whole.payload.unit.size();
    for (std::size_t left = whole.payload.times; left > 0;) {
        const std::size_t now = std::min(left, units);
        Frame frame = steps.empty() ? whole : cont("");
        frame.payload = {whole.payload.unit, now};
        left -= now;
        frame.fin = left == 0;
        steps.push_back(frame);
    }
    return steps;
}

Group long_messages() {
    Group group{"13", "long messages", "§5.2, §5.4"};
    for (const bool is_text : {true, false}) {
        const std::string kind = is_text ? "text" : "binary";
        for (const std::size_t size : {64 * KiB, 256 * KiB, MiB, 4 * MiB, 8 * MiB, 16 * MiB}) {
            const Frame whole = message(is_text, size);
            group.add(kind + " of " + size_of(size), {whole}, echoes({whole})).large = size > MiB;
        }
        for (const std::size_t size : {64u, 256u, 1024u, 4096u, 65536u}) {
            const Frame whole = message(is_text, 4 * MiB);
            group.add(kind + " of 4 MiB in frames of " + size_of(size), in_frames(whole, size), echoes({whole})).large = true;
        }
        const Frame largest = message(is_text, 16 * MiB);
        group.add(kind + " of 16 MiB in frames of 1 MiB", in_frames(largest, MiB), echoes({largest})).large = true;
        for (const std::size_t chop : {64u, 256u, 1024u, 2048u}) {
            const Frame whole = message(is_text, MiB);
            Case& added = group.add(kind + " of 1 MiB in segments of " + size_of(chop), {whole}, echoes({whole}));
            added.chop = chop;
            added.large = true;
        }
        const Frame small = message(is_text, 64 * KiB);
        Case& both = group.add(kind + " of 64 KiB in frames of 64 bytes and segments of 50", in_frames(small, 64), echoes({small}));
        both.chop = 50;
    }
    return group;
}

Group many_messages() {
    Group group{"14", "many messages", "§5.2"};
    for (const bool is_text : {true, false})
        for (const std::size_t size : {0u, 16u, 64u, 256u, 1024u, 4096u, 16384u}) {
            const Frame one = message(is_text, size);
            const std::vector<Step> thousand(1000, one);
            const std::vector<Frame> answers(1000, one);
            group.add("1,000 " + std::string{is_text ? "texts" : "binary messages"} + " of " + size_of(size), thousand,
                      echoes(answers)).large = size > 1024;
        }
    return group;
}

}  // namespace

void size_groups(std::vector<Group>& groups) {
    for (const auto make : {long_messages, many_messages}) groups.push_back(make());
}

}  // namespace conformance
