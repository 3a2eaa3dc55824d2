// A session as a file: --record writes it in the format of --trace, --replay plays the client's
// side of it again. After the line of a frame of more than eight bytes all of them follow as hex,
// indented, because the line itself shows only the first.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ws/frame.hpp"
#include "ws/trace.hpp"

namespace wsc {

class Recorder {
  public:
    // The file is readable by its owner only: a head may hold a password. Throws std::runtime_error.
    explicit Recorder(const std::string& path);

    // What crossed, in its order.
    void bytes(ws::Direction direction, ws::Bytes bytes);
    void end();

  private:
    struct Stream {
        ws::Buffer collected;  // of a head or of a frame that is not whole
        bool in_frames = false;
    };

    void whole_unit(ws::Direction direction, Stream& stream, ws::Bytes unit);
    void write(std::string_view text);
    void write_hex(ws::Bytes bytes);

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    ws::Tracer tracer_;
    Stream from_client_;
    Stream from_server_;
};

// A frame that the client sent, unmasked.
struct Step {
    ws::Opcode opcode;
    bool fin;
    ws::Buffer payload;
    std::size_t after;  // data messages of the server that had come before it
};

struct Replay {
    std::vector<Step> steps;   // without pongs and Closes that were answers
    std::size_t messages = 0;  // data messages of the server, in all
};

// Reads a record. Throws OwnFailure, which names the line that is wrong.
Replay read_record(const std::string& path);

}  // namespace wsc
