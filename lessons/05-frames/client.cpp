// Sends a frame of each form and compares what comes back. RFC 6455 §5.2, §5.3. Lesson 5.
#include <cstdio>
#include <optional>
#include <vector>

#include "lessons/05-frames/frame_socket.hpp"
#include "lessons/05-frames/handshake.hpp"
#include "lessons/05-frames/programs.hpp"
#include "ws/unhex.hpp"

namespace {

struct Sample {
    ws::Opcode opcode;
    std::string payload;
};

// Each form of the length, at its first and its last value; each kind of opcode.
std::vector<Sample> tour() {
    using enum ws::Opcode;
    std::vector<Sample> samples{{text, "Hello"}};
    for (const auto length : {0u, 125u, 126u, 65535u, 65536u})
        samples.push_back({text, std::string(length, 'a')});
    samples.push_back({binary, std::string{"\x00\x01\xFE\xFF", 4}});
    samples.push_back({ping, "are you there?"});
    samples.push_back({close, "\x03\xE8"});  // 1000 = 0x03E8, normal closure
    return samples;
}

struct Options : lesson::ClientOptions {
    std::optional<std::uint64_t> length, opcode;
    std::optional<std::string> text;
    std::optional<ws::Buffer> raw;
    std::uint64_t answer_timeout = 5;

    net::Deadline deadline() const { return net::after(std::chrono::seconds{answer_timeout}); }
    std::vector<Sample> samples() const {
        if (!length && !opcode && !text) return tour();
        return {{static_cast<ws::Opcode>(opcode.value_or(1)),
                 text.value_or(std::string(static_cast<std::size_t>(length.value_or(5)), 'a'))},
                tour().back()};
    }
};

Options read_options(int argc, char** argv) {
    Options options;
    cli::Options parser{"client", "Sends WebSocket frames of every form and checks the echo."};
    options.declare(parser);
    parser.number("--length", options.length, 0, lesson::max_payload_bytes, "N",
                  "instead of the tour, one frame with a payload of N times 'a'");
    parser.number("--opcode", options.opcode, 0, 15, "N",
                  "instead of the tour, one frame of this kind: 1 text, 2 binary, 9 ping, ...");
    parser.custom("--text", "TEXT", "instead of the tour, one frame with this payload",
                  [&options](const std::string& value) { options.text = value; });
    parser.custom("--raw", "HEX",
                  "instead of the tour, exactly these bytes, right or wrong, with --trace",
                  [&options](const std::string& value) {
                      options.raw = ws::unhex(value);
                      if (!options.raw) throw cli::UsageError{"bytes in hex, such as 818000000000"};
                  });
    parser.number("--answer-timeout", options.answer_timeout, 1, 3600, "SECONDS",
                  "how long to wait for each frame of the server");
    parser.parse(argc, argv);
    if (options.raw) options.common.trace = true;
    return options;
}

// Sends one frame and compares its echo with it, in all but the mask.
bool exchange(lesson::FrameSocket& connection, const Sample& sample, const Options& options,
              int stop_fd) {
    ws::FrameHeader header{.opcode = sample.opcode, .masked = true};
    header.key = options.keys.masking->next_key();
    ws::Buffer bytes;
    ws::append_frame(bytes, header, ws::as_bytes(sample.payload));
    ws::decode_header(bytes, header);  // for the length that append_frame() has filled in
    connection.send_raw(bytes);
    const std::string name = ws::describe_header(header);
    std::printf("%-7s %7zu  %-41s  ", name.substr(0, name.find(' ')).c_str(), sample.payload.size(),
                ws::hex(ws::Bytes{bytes}.first(header.size())).c_str());
    lesson::Frame back;
    const bool received = connection.receive(back, options.deadline(), stop_fd);
    const bool same = received && back.header.opcode == header.opcode && back.header.fin &&
                      ws::as_text(back.payload) == sample.payload;
    std::printf("%-29s  %s\n",
                received ? ws::hex(ws::Bytes{back.wire}.first(back.header.size())).c_str() : "",
                same ? "same" : "DIFFERENT");
    std::fflush(stdout);
    if (!received) std::fprintf(stderr, "%s\n", connection.why().c_str());
    if (connection.errc() != ws::Errc::none) connection.fail(connection.errc());
    if (received && !same)
        std::fprintf(stderr, "Sent %s, got %s %s\n", name.c_str(),
                     ws::describe_header(back.header).c_str(), ws::quote(back.payload, 130).c_str());
    return same;
}

int talk(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    const net::StopSignal stop;
    const net::Fd socket = options.connect(stop);
    lesson::FrameSocket connection{socket, options.keys.masking.get(), options.common.trace};
    connection.stop_on(stop.fd());
    if (!lesson::ask_handshake(connection, options.authority(), options.common.path,
                               options.keys.handshake, options.timeout(), stop))
        return 1;
    if (options.raw) {
        connection.send_raw(*options.raw);
        for (lesson::Frame frame; connection.receive(frame, options.deadline(), stop.fd());) continue;
        return 0;
    }
    std::printf("opcode  payload  %-41s  %-29s  payload\n", "header sent", "header back");
    for (const Sample& sample : options.samples()) {
        if (!exchange(connection, sample, options, stop.fd())) return 1;
        if (sample.opcode == ws::Opcode::close) break;  // no frame follows a Close
    }
    return connection.fill(options.deadline(), stop.fd()) ? 1 : 0;  // the server ends TCP first
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, talk); }
