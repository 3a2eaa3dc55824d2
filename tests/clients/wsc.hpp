// What the tests of wsc share: the program, and a server in our hands that it connects to.
#pragma once

#include <string>
#include <vector>

#include "tests/support/bytes.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/terminal.hpp"

namespace test {

// Before it: the name of the program as `make test` has built it.
inline std::string wsc() { return program("clients/wsc"); }

// A port of this machine, and the client that comes to it.
struct WscServer {
    std::string url(const std::string& path = "/") const;
    std::string address() const { return "127.0.0.1:" + std::to_string(listener.port()); }

    // Takes the next client, reads its request and answers 101, with further header lines.
    RawPeer accept(const std::string& headers = "");
    std::string request;  // of the last one

    net::Listener listener{"127.0.0.1", 0};
};

// A port on which nobody listens, and nobody can begin to while this one lives: whoever connects is
// refused. Of both address families.
class DeafPort {
  public:
    DeafPort();
    std::string number() const;

  private:
    net::Fd socket_;
};

// An answer 101 that fits a request.
std::string answer_to(const std::string& request, const std::string& headers = "");

// The value of a header line in a head; empty when there is none.
std::string header(const std::string& head, const std::string& name);

// A whole frame as a server sends it: "81 02 68 69".
ws::Buffer frame(ws::Opcode opcode, std::string_view payload, bool fin = true);

// The next frame from a client as text: "text hi", "binary 00 FF", "ping x", "close 1000 why".
std::string next_frame(RawPeer& peer);

// A folder that goes away with everything in it.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::string path(const std::string& name = "") const;

  private:
    std::string path_;
};

// The program and its arguments for a Process whose memory is to be measured: the sanitizer would keep
// much of what was freed, to find who still uses it.
inline std::vector<std::string> measured(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"ASAN_OPTIONS=quarantine_size_mb=1", wsc()});
    return arguments;
}

// The most memory that a process has held so far, in bytes.
std::size_t peak_memory(pid_t pid);

std::string contents_of(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace test
