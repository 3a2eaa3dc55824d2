// What crossed the wire as packets, in a file that Wireshark opens: --pcap. The format is pcap 2.4. Lesson 5.
// We see streams and no packets, so those are made up: one for each write and each read of ours,
// between two addresses that stand for the client and for port 80 of the server, by which Wireshark
// knows that HTTP comes first. Their bytes, their order and their times are true.
// Leaves out: acknowledgements on their own, which no connection of ours ever sees.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "cli/options.hpp"
#include "ws/trace.hpp"

namespace cli {

class Capture {
  public:
    // The file is readable by its owner only: a head may hold a password. Throws std::runtime_error.
    explicit Capture(const std::string& path);

    // The packets of one connection, from a client's port of its own. Connections may belong to
    // different threads; all of them throw std::runtime_error when the disk is full.
    class Connection {
      public:
        explicit Connection(Capture& capture);

        void begin();
        // What crossed, in its order; begins by itself.
        void bytes(ws::Direction direction, ws::Bytes bytes);
        // Both sides have ended; the client's end is shown as the first.
        void end();

      private:
        void packet(ws::Direction direction, std::uint8_t flags, ws::Bytes payload);

        Capture* capture_;
        std::uint16_t client_port_;
        std::array<std::uint32_t, 2> next_{};  // the next byte's number, from the client, from the server
        bool open_ = false;
    };

    // For a service: what crosses the next connection. Its end is not shown, because nobody here knows
    // who ended it. Nobody is waited for, and a file that takes no more ends the capture with a line on
    // standard error, and not the service.
    ws::Tracer::Tap tap();

  private:
    void write(ws::Bytes bytes);
    void flush();

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    std::atomic<std::uint32_t> connections_ = 0;
    std::atomic<bool> given_up_ = false;
};

// --pcap FILE of a server.
class CaptureOption {
  public:
    // This object outlives options.parse(), which makes the file, and every connection.
    void declare(Options& options);
    // What makes a tap for each connection (endpoint::ConnectionOptions); empty: nobody wants one.
    std::function<ws::Tracer::Tap()> taps() const;

  private:
    std::unique_ptr<Capture> capture_;
};

}  // namespace cli
