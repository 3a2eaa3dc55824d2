// Reading exercises of lesson 11: `make answer-11 T=1` asks. Two mistakes that people make with a
// socket that does not block (horse#549, pistache#1114): the part of a frame that send() did not
// take is forgotten, and EAGAIN is taken for the end of a connection.
#include <algorithm>

#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

const check::Frame news = check::text("0123456789abcdefghijklmnopqrstuv");

// send() took the beginning of the first frame, then the server went on with the second.
Buffer forgotten_rest() {
    Buffer bytes = news.bytes();
    bytes.resize(21);
    std::ranges::copy(check::ping("alive?").bytes(), back_inserter(bytes));
    std::ranges::copy(check::text("more").bytes(), back_inserter(bytes));
    return bytes;
}

const check::Reading partial_send{
    {.lesson = 11,
     .exercise = 1,
     .question = "A server on an event loop sent a text of digits and letters in alphabetical "
                 "order, then a ping, then the text \"more\". The client was slow for a moment, so "
                 "the kernel's buffer was full, and this is what it got. Which is the first byte "
                 "that is not the one that should stand there, and what did the server forget?"},
    forgotten_rest,
    [](Bytes bytes, std::string_view answer) -> Judgement {
        const std::size_t came = check::first_difference(bytes, news.bytes());
        const check::Seen frame = check::read_frame(bytes);
        const std::size_t whole = frame.header_size + static_cast<std::size_t>(frame.length);
        const auto chosen = check::number_in(answer);
        if (!chosen || *chosen >= bytes.size())
            return {false, "name one of the bytes 0 to " + std::to_string(bytes.size() - 1)};
        if (*chosen == came)
            return {true, "the first frame announces " + std::to_string(frame.length) +
                              " bytes, so it is " + std::to_string(whole) + " long; send() took " +
                              std::to_string(came) + " of them, and the other " +
                              std::to_string(whole - came) +
                              " were forgotten. They belong into a buffer that EPOLLOUT empties, "
                              "and whatever is sent meanwhile queues up behind them."};
        if (*chosen == whole)
            return {false,
                    "here the first frame would end, but it is not whole: among the bytes "
                    "before this one are some that never belonged to it"};
        if (*chosen > came)
            return {false, check::what_is(bytes, static_cast<std::size_t>(*chosen)) +
                               ", says the client, which trusts the length. But an earlier byte is "
                               "out of order already."};
        return {false, check::what_is(bytes, static_cast<std::size_t>(*chosen)) +
                           ". That one is right: header, digits and letters are in their order."};
    }};

// --- system calls --------------------------------------------------------------------------------

struct Call {
    const char* name;  // "recv", "close", "send", "epoll"
    int fd;
    const char* result;
};

constexpr Call calls[] = {
    {"epoll", 5, "readable"},  {"recv", 5, "300 bytes"}, {"send", 5, "300 bytes"},
    {"recv", 5, "EAGAIN"},     {"epoll", 6, "readable"}, {"recv", 6, "0 bytes"},
    {"close", 6, "done"},      {"epoll", 7, "readable"}, {"recv", 7, "4096 bytes"},
    {"recv", 7, "EAGAIN"},     {"close", 7, "done"},     {"epoll", 5, "readable"},
    {"recv", 5, "ECONNRESET"}, {"close", 5, "done"},
};

Buffer call_lines() {
    std::string text;
    for (const Call& call : calls)
        text +=
            std::string{call.name} + "(" + std::to_string(call.fd) + ") = " + call.result + "\n";
    return check::buffer_of(text);
}

// What the descriptor of a call was told last, before it.
std::string_view told_before(std::size_t index) {
    for (std::size_t i = index; i-- > 0;)
        if (calls[i].fd == calls[index].fd) return calls[i].result;
    return "";
}

Judgement explain_call(std::size_t index) {
    const Call& call = calls[index];
    const std::string_view name = call.name, result = call.result, before = told_before(index);
    if (name == "close" && before == "EAGAIN")
        return {true,
                "the recv before it said EAGAIN: nothing more for now. The client is alive, "
                "and the loop should go back to epoll_wait and come again when there is more."};
    if (name == "close" && before == "0 bytes")
        return {false,
                "0 bytes is the end of the stream: the peer will send nothing more, and "
                "closing is right"};
    if (name == "close")
        return {false, std::string{before} + " is a real end of the connection: closing is right"};
    if (result == "EAGAIN")
        return {false,
                "EAGAIN is no mistake but an answer: all that had come was read. What does "
                "the server do next with this descriptor?"};
    return {false,
            "this call did what it should; look for what a server must not do after the "
            "answer it was given"};
}

const check::Reading eagain{
    {.lesson = 11,
     .exercise = 1,
     .question = "The system calls of a server on an event loop, in their order. Clients complain "
                 "that they are thrown out when they are fast. Which line is the mistake?",
     .as_text = true},
    call_lines,
    [](Bytes, std::string_view answer) -> Judgement {
        const auto chosen = check::number_in(answer);
        if (!chosen || *chosen == 0 || *chosen > std::size(calls))
            return {false, "name one of the lines 1 to " + std::to_string(std::size(calls))};
        return explain_call(static_cast<std::size_t>(*chosen) - 1);
    }};

}  // namespace
