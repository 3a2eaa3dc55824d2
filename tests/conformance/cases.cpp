// The words in which cases are written, and the numbers that they get.
#include "tests/conformance/cases.hpp"

#include <algorithm>
#include <cctype>

namespace conformance {

Frame close(unsigned code, const std::string& reason) {
    return close_body(std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)} + reason);
}

Frame unfinished(Frame frame) {
    frame.fin = false;
    return frame;
}

Frame with_rsv(Frame frame, unsigned rsv) {
    frame.rsv = rsv;
    return frame;
}

std::vector<Frame> packed_frames(const Step& step, Packer& packer) {
    const std::string payload = packer.pack(step.what.payload.all(), step.packing);
    const std::size_t size = step.fragment == 0 ? payload.size() : step.fragment;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < payload.size(); at += size) {
        frames.push_back(at == 0 ? with_rsv(step.what, 4) : cont(""));
        frames.back().payload = payload.substr(at, size);
        frames.back().fin = at + size >= payload.size();
    }
    return frames;
}

std::string bytes_of(const Case& each, bool from_client) {
    Packer packer;
    std::string bytes;
    for (const Step& step : each.steps) {
        if (step.kind == Step::raw) bytes += step.bytes;
        if (step.kind == Step::frame) bytes += encode(step.what, from_client);
        if (step.kind == Step::message)
            for (const Frame& frame : packed_frames(step, packer)) bytes += encode(frame, from_client);
    }
    return bytes;
}

std::string filled_in(std::string head, const Values& values) {
    const std::string accept = accept_value(values.key);
    std::string lower = accept;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // The longer names first.
    const std::pair<std::string_view, std::string> all[] = {
        {"$HOST", values.host},       {"$PATH", values.path},   {"$KEY", values.key},
        {"$ACCEPT_LOWER", lower},     {"$ACCEPT_CUT", accept.substr(0, 20)},
        {"$ACCEPT", accept}};
    for (const auto& [name, value] : all)
        for (std::size_t at = 0; (at = head.find(name, at)) != std::string::npos; at += value.size())
            head.replace(at, name.size(), value);
    return head;
}

Expected echoes(std::vector<Frame> events) { return {.events = std::move(events)}; }

Expected fails(unsigned code, std::vector<Frame> before) {
    return {.events = std::move(before), .fails = {code}};
}

Expected may_fail(unsigned code, std::vector<Frame> before) {
    return {.events = std::move(before), .fails = {code}, .not_strict_if_taken = true};
}

Expected anything() { return {.free = true}; }

Case& Group::add(std::string name, std::vector<Step> steps, Expected expected) {
    cases.push_back({.id = number + "." + std::to_string(cases.size() + 1),
                     .title = std::move(name),
                     .section = section,
                     .steps = std::move(steps),
                     .expected = std::move(expected)});
    return cases.back();
}

Case& Group::open(std::string name, Side side, Opening opening) {
    Case& added = add(std::move(name), {text("Hello")}, echoes({text("Hello")}));
    added.side = side;
    added.opening = std::move(opening);
    return added;
}

std::vector<Group> all_groups() {
    std::vector<Group> groups;
    frame_groups(groups);
    message_groups(groups);
    close_groups(groups);
    size_groups(groups);
    opening_groups(groups);
    compression_groups(groups);
    return groups;
}

}  // namespace conformance
