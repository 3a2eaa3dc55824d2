// The reading exercise of lesson 4: the answer of a broken server, RFC 6455 §4.2.2.
// The broken line is made and found by code; nothing is written down beside the question.
#include "lessons/tools/check/reading.hpp"

namespace {

using check::Buffer;
using check::Bytes;

// The nonce of RFC 6455 §1.3, whose answer everybody can look up.
const std::string key = check::base64(check::bytes_of("the sample nonce"));

std::string answer_with(std::string_view accept) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " + std::string{accept} + "\r\n\r\n";
}

// A server that hashed the 16 bytes, and not the 24 characters that stand for them.
std::string broken_accept() {
    const std::string text = "the sample nonce258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    return check::base64(check::sha1(check::bytes_of(text)));
}

// The number of the first line in which two heads differ.
std::size_t differing_line(std::string_view a, std::string_view b) {
    const std::size_t at = check::first_difference(check::bytes_of(a), check::bytes_of(b));
    std::size_t line = 1;
    for (const char c : a.substr(0, at)) line += c == '\n' ? 1 : 0;
    return line;
}

const check::Reading wrong_accept{
    {.lesson = 4,
     .exercise = 1,
     .question = "A client sent Sec-WebSocket-Key: " + key +
                 " and got this answer. It hangs up at once. Which line is wrong? (Answer with its "
                 "number, and the reason in your own words: A='1 because ...')",
     .as_text = true},
    [] { return check::buffer_of(answer_with(broken_accept())); },
    [](Bytes bytes, std::string_view answer) {
        const std::string right = answer_with(check::accept_key(key));
        return check::judge_line(
            bytes, answer, differing_line(check::text_of(bytes), right),
            "the server decoded the key before it hashed it. The key is used as it stands in the "
            "header, and gives " + check::accept_key(key));
    }};

}  // namespace
