// Reading exercises of lesson 9: `make answer-9 T=1` asks. Three mistakes that people make: a pong
// that answers another ping, RFC 6455 §5.5.3; two threads that write at once
// (gorilla/websocket#957), §5.4; a peer whose silence nobody notices (ws#1158), §5.5.2.
#include <algorithm>
#include <cstdio>

#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;
using check::Judgement;

// The server numbers its pings and wants the number back; this client is one behind.
constexpr check::Key pong_key{0x37, 0xFA, 0x21, 0x3D};
constexpr std::string_view pinged = "no. 42", ponged = "no. 41";

const check::Reading old_pong{
    {.lesson = 9,
     .exercise = 1,
     .question = "A server sent the ping 89 06 6E 6F 2E 20 34 32. This is the client's answer, and "
                 "the server gives the client up all the same. Which byte is wrong?"},
    [] { return check::pong(ponged).masked(pong_key).bytes(); },
    [](Bytes bytes, std::string_view answer) -> Judgement {
        const check::Seen got = check::read_frame(bytes);
        const std::size_t wrong = check::first_difference(got.payload, check::bytes_of(pinged));
        Judgement judgement = check::judge_offset(
            bytes, answer, got.header_size + wrong,
            "unmasked the payload is " + check::quote(got.payload) + ", and the ping said " +
                check::quote(pinged) +
                ". RFC 6455 §5.5.3: a pong has the payload of the ping that it answers. This "
                "client kept the one before.");
        if (!judgement.right)
            judgement.says += " The key stands in bytes 2 to 5; unmask the payload and compare.";
        return judgement;
    }};

const check::Frame told = check::text("The price is 117");

// One thread was sending `told` in two writes; the ticker's ping went out between them.
Buffer interleaved() {
    Buffer bytes = told.bytes();
    const Buffer ping = check::ping("tick").bytes();
    bytes.insert(bytes.begin() + 9, ping.begin(), ping.end());
    return bytes;
}

const check::Reading two_writers{
    {.lesson = 9,
     .exercise = 1,
     .question = "A server has two threads: one sends \"The price is 117\", the other a ping now "
                 "and then. Nobody locks. This is what a client got, and then it failed the "
                 "connection. Which byte is the first of the other thread's?"},
    interleaved,
    [](Bytes bytes, std::string_view answer) -> Judgement {
        const std::size_t second = check::first_difference(bytes, told.bytes());
        const check::Seen text = check::read_frame(bytes);
        const std::size_t next = text.size;
        Judgement judgement = check::judge_offset(
            bytes, answer, second,
            "a ping begins here, in the middle of a text that still lacks " +
                std::to_string(told.bytes().size() - second) +
                " bytes. The client takes it for text, and then reads a frame header at byte " +
                std::to_string(next) +
                ", in the middle of the text: " + check::first_byte_in_words(bytes[next]) +
                ". A frame must leave as a whole, so whoever writes holds the lock for a frame.");
        if (!judgement.right && check::number_in(answer) == next)
            judgement.says =
                "that is where the client looks for the next header, since it trusted "
                "the length; the other thread's bytes came earlier";
        return judgement;
    }};

// --- a log of pings ------------------------------------------------------------------------------

constexpr int ping_interval = 30, idle_timeout = 60;

struct Line {
    int seconds;  // since 12:00:00
    const char* what;
    bool from_client;
};

// A client that sends once more, and whose cable is then pulled.
std::vector<Line> log_lines() {
    std::vector<Line> lines{{0, "→ GET /ws, answered 101", true}};
    constexpr int last_word = 2 * ping_interval + 12;
    for (int time = ping_interval; time <= 5 * ping_interval; time += ping_interval) {
        lines.push_back({time, "← PING", false});
        if (time < last_word) lines.push_back({time, "→ PONG", true});
        if (time <= last_word && last_word < time + ping_interval)
            lines.push_back({last_word, "→ TEXT len=10", true});
    }
    return lines;
}

Buffer log_text() {
    std::string text;
    char row[80];
    for (const Line& line : log_lines()) {
        std::snprintf(row, sizeof row, "12:%02d:%02d  %s\n", line.seconds / 60, line.seconds % 60,
                      line.what);
        text += row;
    }
    return check::buffer_of(text);
}

const check::Reading pulled_cable{
    {.lesson = 9,
     .exercise = 1,
     .question = "A server's log, with a ping every 30 seconds. It was started with --idle-timeout "
                 "60: a client that has sent nothing for that long is gone. But this server takes its own "
                 "successful sends for signs of life. Which is the first line that a right server "
                 "would not have written, because it had closed the connection before or then?",
     .as_text = true},
    log_text,
    [](Bytes, std::string_view answer) -> Judgement {
        const std::vector<Line> lines = log_lines();
        int heard = 0;
        std::size_t late = 0;
        while (late < lines.size() && lines[late].seconds - heard < idle_timeout) {
            if (lines[late].from_client) heard = lines[late].seconds;
            ++late;
        }
        const auto chosen = check::number_in(answer);
        if (!chosen || *chosen == 0 || *chosen > lines.size())
            return {false, "name one of the lines 1 to " + std::to_string(lines.size())};
        const auto index = static_cast<std::size_t>(*chosen) - 1;
        if (index == late)
            return {true, "the client's last sign of life came " +
                              std::to_string(lines[late].seconds - heard) +
                              " seconds before it. A send only fills a buffer of this machine; "
                              "TCP takes minutes to say that nobody is there. Only bytes from the "
                              "peer count."};
        if (index > late)
            return {false,
                    "by then the connection should have been closed for a while: look for "
                    "the first such line"};
        if (lines[index].from_client)
            return {false,
                    "this came from the client, so it lived; count 60 seconds from the last "
                    "such line"};
        return {false, "at that moment the client had been silent for less than 60 seconds"};
    }};

}  // namespace
