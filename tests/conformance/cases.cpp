// The words in which cases are written, and the numbers that they get.
#include "tests/conformance/cases.hpp"

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
