// Records: written frame by frame, so that each line of the trace can be followed by its bytes;
// read back by the same rules, strictly, because what is misread would be sent to somebody.
// Leaves out: the handshake's replay; heads are recorded for people.
#include "clients/wsc/record.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "cli/private_file.hpp"
#include "cli/text_file.hpp"
#include "clients/wsc/failure.hpp"
#include "ws/close.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"
#include "ws/utf8.hpp"

namespace wsc {

namespace {

constexpr std::size_t bytes_in_trace_line = 8;
constexpr std::size_t bytes_in_hex_line = 32;
constexpr std::string_view indent = "      ";
constexpr std::string_view to_server = " → ", to_client = " ← ";

// The bytes of the frame at the front, or 0 when it is not whole.
std::size_t whole_frame(ws::Bytes bytes, ws::FrameHeader& header) {
    if (ws::decode_header(bytes, header) != ws::Parse::ok) return 0;
    const bool whole = header.length <= bytes.size() - header.size();
    return whole ? header.size() + static_cast<std::size_t>(header.length) : 0;
}

// The bytes of the head or frame at the front; 0: it is not whole.
std::size_t unit_size(ws::Bytes bytes, bool in_frames) {
    if (in_frames) {
        ws::FrameHeader header;
        return whole_frame(bytes, header);
    }
    const std::size_t blank = ws::as_text(bytes).find("\r\n\r\n");
    return blank == std::string_view::npos ? 0 : blank + 4;
}

// Collects the frames of a record and keeps those that a client sends of its own accord.
class FrameReader {
  public:
    explicit FrameReader(Replay& replay) : replay_{replay} {}

    // Why it cannot be replayed; empty when it can.
    std::string_view frame(bool from_client, ws::Bytes bytes) {
        ws::FrameHeader header;
        // The session's end may have cut it, and a server's rules are not ours to judge.
        if (whole_frame(bytes, header) != bytes.size()) return "";
        ws::Buffer payload{bytes.begin() + static_cast<std::ptrdiff_t>(header.size()), bytes.end()};
        ws::unmask_payload(header, payload);
        if (from_client) return client_frame(header, std::move(payload));
        server_frame(header);
        return "";
    }

  private:
    void server_frame(const ws::FrameHeader& header) {
        if (header.opcode == ws::Opcode::ping) ++pings_;
        if (header.opcode == ws::Opcode::close) closed_ = true;
        if (!ws::is_control(header.opcode) && header.fin) ++replay_.messages;
    }

    std::string_view client_frame(const ws::FrameHeader& header, ws::Buffer payload) {
        if (const ws::Errc errc = check(header, payload); errc != ws::Errc::none)
            return ws::rule(errc).sentence;
        // What answers the server will answer it again by itself.
        if (header.opcode == ws::Opcode::pong && pings_ > 0) {
            --pings_;
            return "";
        }
        if (header.opcode == ws::Opcode::close && closed_) return "";
        replay_.steps.push_back({header.opcode, header.fin, std::move(payload), replay_.messages});
        return "";
    }

    // What was recorded may have been changed by hand, and only what keeps the rules is sent.
    ws::Errc check(const ws::FrameHeader& header, ws::Bytes payload) {
        if (const ws::Errc errc = ws::check_header(header, ws::Role::server);
            errc != ws::Errc::none)
            return errc;
        if (header.opcode == ws::Opcode::close) {
            ws::CloseBody body;
            return ws::parse_close_body(payload, body);
        }
        if (ws::is_control(header.opcode)) return ws::Errc::none;
        const bool continues = header.opcode == ws::Opcode::continuation;
        if (continues != in_message_)
            return continues ? ws::Errc::unexpected_continuation : ws::Errc::expected_continuation;
        if (!continues) {
            is_text_ = header.opcode == ws::Opcode::text;
            text_.reset();
        }
        in_message_ = !header.fin;
        const bool valid = !is_text_ || (text_.feed(payload) && (!header.fin || text_.complete()));
        return valid ? ws::Errc::none : ws::Errc::invalid_utf8;
    }

    Replay& replay_;
    std::size_t pings_ = 0;
    bool closed_ = false;
    bool in_message_ = false;
    bool is_text_ = false;
    ws::Utf8Validator text_;
};

bool is_line_of_hex(std::string_view line) {
    return line.find_first_not_of("0123456789ABCDEF ") == std::string_view::npos;
}

}  // namespace

Recorder::Recorder(const std::string& path)
    : path_{path}, file_{cli::open_private("--record", path), &std::fclose}, tracer_{[this](std::string_view line) {
          write(line);
      }} {}

void Recorder::write(std::string_view text) {
    const std::string line = std::string{text} + '\n';
    if (std::fputs(line.c_str(), file_.get()) < 0 || std::fflush(file_.get()) != 0)
        throw OwnFailure{"--record: cannot write '" + path_ + "': " + std::strerror(errno)};
}

void Recorder::write_hex(ws::Bytes bytes) {
    while (!bytes.empty()) {
        const std::size_t count = std::min(bytes_in_hex_line, bytes.size());
        write(std::string{indent} + ws::hex(bytes.first(count)));
        bytes = bytes.subspan(count);
    }
}

void Recorder::bytes(ws::Direction direction, ws::Bytes bytes) {
    Stream& stream = direction == ws::Direction::from_client ? from_client_ : from_server_;
    ws::append(stream.collected, bytes);
    std::size_t done = 0;
    for (;;) {
        const ws::Bytes rest = ws::Bytes{stream.collected}.subspan(done);
        const std::size_t size = unit_size(rest, stream.in_frames);
        if (size == 0) break;
        whole_unit(direction, stream, rest.first(size));
        done += size;
    }
    if (done > 0)
        stream.collected.erase(stream.collected.begin(),
                               stream.collected.begin() + static_cast<std::ptrdiff_t>(done));
}

void Recorder::whole_unit(ws::Direction direction, Stream& stream, ws::Bytes unit) {
    tracer_.bytes(direction, unit);
    if (stream.in_frames && unit.size() > bytes_in_trace_line) write_hex(unit);
    // A server that refuses goes on in HTTP.
    const bool refused = direction == ws::Direction::from_server &&
                         ws::as_text(unit).substr(0, 13) != "HTTP/1.1 101 ";
    stream.in_frames = stream.in_frames || !refused;
}

void Recorder::end() {
    for (Stream* stream : {&from_client_, &from_server_}) {
        const bool client = stream == &from_client_;
        tracer_.bytes(client ? ws::Direction::from_client : ws::Direction::from_server,
                      stream->collected);
        tracer_.end();
        if (stream->in_frames && stream->collected.size() > bytes_in_trace_line)
            write_hex(stream->collected);
        *stream = {};
    }
}

namespace {

// One line after the other.
class RecordReader {
  public:
    RecordReader(const std::string& path, Replay& replay) : path_{path}, frames_{replay} {}

    void line(const std::string& text) {
        ++number_;
        if (!text.starts_with(indent)) {
            finish();
            begin(text);
        } else if (is_line_of_hex(text)) {
            // All bytes of the frame, from its first on.
            if (std::exchange(shortened_, false)) frame_.clear();
            ws::append(frame_, ws::unhex(text).value_or(ws::Buffer{}));
        }
        // Else a header line of a head.
    }

    void finish() {
        if (shortened_) refuse("the bytes of the frame before it are missing");
        const std::string_view why = frame_.empty() ? "" : frames_.frame(from_client_, frame_);
        if (!why.empty()) refuse("the frame before it breaks a rule: " + std::string{why});
        frame_.clear();
    }

  private:
    void begin(const std::string& text) {
        const std::size_t arrow = std::min(text.find(to_server), text.find(to_client));
        if (arrow > 8)  // as npos is
            refuse("expected a line such as '  2 → 81 05 ...'");
        from_client_ = text.compare(arrow, to_server.size(), to_server) == 0;
        // The hex column ends at the first double space.
        const std::string rest = text.substr(arrow + to_server.size());
        std::string hex = rest.substr(0, rest.find("  "));
        constexpr std::string_view ellipsis = "…";
        shortened_ = hex.ends_with(ellipsis);
        if (shortened_) hex.resize(hex.size() - ellipsis.size());
        if (!is_line_of_hex(hex)) hex.clear();  // the first line of a head
        frame_ = ws::unhex(hex).value_or(ws::Buffer{});
    }

    [[noreturn]] void refuse(const std::string& why) const {
        throw OwnFailure{"--replay: '" + path_ + "' line " + std::to_string(number_) + ": " + why +
                         "; only what --record wrote can be replayed"};
    }

    std::string path_;
    FrameReader frames_;
    std::size_t number_ = 0;
    ws::Buffer frame_;
    bool from_client_ = false;
    bool shortened_ = false;  // the trace line does not show all of the frame's bytes
};

}  // namespace

Replay read_record(const std::string& path) {
    std::ifstream file{path};
    if (!file) throw OwnFailure{"--replay: cannot read '" + path + "': " + std::strerror(errno)};
    Replay replay;
    RecordReader reader{path, replay};
    errno = 0;
    bool empty = true;
    std::vector<std::string> lines;
    try {
        lines = cli::lines_of(file);
    } catch (const cli::UsageError&) {
        throw OwnFailure{"--replay: '" + path + "' is no text; only what --record wrote can be replayed"};
    }
    for (const std::string& line : lines) {
        reader.line(line);
        empty = false;
    }
    // A folder can be opened, and tells only now that it is one.
    if (empty)
        throw OwnFailure{"--replay: cannot read '" + path +
                         "': " + (errno != 0 ? std::strerror(errno) : "it is empty")};
    reader.finish();
    return replay;
}

}  // namespace wsc
