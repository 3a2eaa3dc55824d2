// The other end of the student's program: a raw TCP connection, and one for datagrams.
// It obeys the cut of the run when it sends, and compares what comes byte by byte.
// As the client of their server:  Server server{run}; Peer client{run, server};
// As the server of their client:  Host host{run}; Client client{run, host}; Peer server{run, host};
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lessons/tools/check/program.hpp"

namespace check {

// A request or response as it came: naive, and without any judgement.
struct Head {
    std::string text{};                    // with the blank line
    std::string start_line{};
    std::vector<std::pair<std::string, std::string>> headers{};

    int status() const;                    // of a response, else 0
    std::size_t count(std::string_view name) const;  // names in any case
    std::string find(std::string_view name) const;   // the first one's value, or ""
};
Head read_head(std::string_view text);

// A TCP socket that listens on a free port of the loopback.
class Host {
  public:
    explicit Host(Run& run);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    std::uint16_t port() const { return port_; }
    int fd() const { return fd_; }

  private:
    int fd_;
    std::uint16_t port_;
};

enum class Family : std::uint8_t { ipv4, ipv6 };

class Peer {
  public:
    Peer(Run& run, Server& server, Family family = Family::ipv4);  // a client of theirs
    Peer(Run& run, Host& host);                                    // accepts their client
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    // --- the handshake, done by the check itself ------------------------------------------------
    // As a client: asks, and fails unless 101 with the right accept key comes back. When the cut
    // is `glued` the request waits for the first frame. `headers`: whole lines with "\r\n".
    void open(std::string_view path = "/ws", std::string_view headers = "");
    // As a server: reads the request of their client and answers 101. The request, for checks.
    // `headers`: further lines of the answer.
    Head welcome(std::string_view headers = "");

    // --- sending --------------------------------------------------------------------------------
    void send(const Frame& frame);
    void send(std::string_view bytes);
    void send(Bytes bytes);
    void end_sending();  // "no more from me": the end of our direction
    // As it is, unseen and uncut: for floods. False: the program does not take it.
    bool push(Bytes bytes) { return write_piece(bytes); }
    // The same, and nothing is read meanwhile: how many bytes were taken until none was for 0.3 s.
    std::size_t push_now(Bytes bytes);
    // From now on nothing is read, and the kernel takes little in our place. Whoever wants to read
    // again gives it some room: with the least, the rest comes in crumbs.
    void freeze(int room = 4096);
    void reset();        // drops the connection as a crashed computer would

    // --- expecting; each fails with an explanation ----------------------------------------------
    // Exactly these bytes. `mistakes` are tried before the common ones (mistakes.hpp).
    void expect(const Frame& frame, const Mistakes& mistakes = {});
    void expect(std::string_view bytes, const Mistakes& mistakes = {});
    // Any whole frame; shown. `what` says what is waited for.
    Seen frame(std::string_view what = "a frame");
    // A Close with this code and any reason, unmasked from a server. Then the end of TCP, unless
    // the check goes on by itself.
    Seen expect_close(std::uint16_t code, std::string_view why, const Mistakes& mistakes = {});
    // A head, up to its blank line; shown.
    Head head(std::string_view what = "the head of an answer", bool in_trace_only = false);
    // A response with this status; `why` is said when it has another.
    Head expect_status(int status, std::string_view why);
    // One line of a head: fails with the line marked.
    void expect_header(const Head& head, std::string_view name, std::string_view value,
                       std::string_view why);
    void expect_no_header(const Head& head, std::string_view name, std::string_view why);
    // Bytes up to and including '\n'.
    std::string line();
    // The end of the stream, and nothing before it.
    void expect_end(std::string_view why = {});
    // The same, and no reset. `sent` says what lies unread there, as "a Close and a long text after it".
    void expect_end_in_order(std::string_view sent, std::string_view how);
    // No byte and no end for so long.
    void expect_silence(Milliseconds time, std::string_view why);

    // For checks with rules of their own. read() waits for at least one further byte; false: the
    // end, or too late.
    bool read();
    bool read(Milliseconds time);
    const Buffer& received() const { return in_; }
    // How many TCP segments with bytes in them have come, the handshake's included: on a loopback
    // as many as the program made small writes, however they were read.
    std::uint32_t segments() const;
    void drop(std::size_t bytes);
    bool ended() const { return ended_; }
    bool was_reset() const { return reset_; }  // it did not end in order
    [[noreturn]] void fail(Verdict verdict, std::string says);

  private:
    std::string subject() const;  // "your server", "your client"
    enum class Got : std::uint8_t { bytes, end, nothing };

    void flush();
    void write(Bytes bytes, bool head);
    bool write_piece(Bytes bytes);
    void wait_until_read();
    Got fill(Deadline deadline);
    void drain();
    void judge_response(const std::string& key);
    void compare(Bytes expected, const Mistakes& mistakes);
    [[noreturn]] void fail_missing(Bytes expected, const Mistakes& mistakes, Got got);
    [[noreturn]] void fail_waiting(std::string_view what, Got got);
    Way ours() const { return client_ ? Way::from_client : Way::from_server; }
    Way theirs() const { return client_ ? Way::from_server : Way::from_client; }
    std::string silence(std::size_t came, std::size_t wanted) const;

    Run& run_;
    Program* program_ = nullptr;
    bool client_;            // we are the client
    int fd_ = -1;
    bool frames_ = false;
    Buffer in_;
    Buffer sent_;            // the last thing
    Buffer waiting_;         // to be sent, glued
    std::string key_;        // an answer to our request is due
    bool ended_ = false, reset_ = false, stalled_ = false;
    Milliseconds cpu_before_{0};
};

// A UDP socket that talks to their server only.
class Datagrams {
  public:
    Datagrams(Run& run, Server& server);
    ~Datagrams();
    Datagrams(const Datagrams&) = delete;
    Datagrams& operator=(const Datagrams&) = delete;

    void send(std::string_view datagram);
    // The next datagram is exactly this.
    void expect(std::string_view datagram, std::string_view why = {});
    // The next one, whatever it is.
    std::string receive();

  private:
    Run& run_;
    int fd_ = -1;
};

}  // namespace check
