// Sending in every cut, and waiting with a reason for each way in which nothing comes.
// A cut is real only when the program has read the piece before: the kernel is asked how many
// bytes wait in the program's socket, and the next piece is sent when there are none.
#include "lessons/tools/check/peer.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "lessons/tools/check/backstage.hpp"
#include "lessons/tools/check/mistakes.hpp"

namespace check {

namespace {

constexpr std::size_t single_bytes = 40;   // of a frame, when it is sent byte by byte
constexpr Milliseconds quiet_time{60};          // nothing more comes after so long
constexpr std::size_t most_kept = 4 << 20;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(2);
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

// Bytes that wait in the other end of a loopback connection; nothing when the kernel does not say.
std::optional<std::size_t> unread_at_peer(int fd) {
    sockaddr_in mine{}, theirs{};
    socklen_t size = sizeof mine;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&mine), &size);
    size = sizeof theirs;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size);
    if (mine.sin_family != AF_INET) return std::nullopt;
    static const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    struct {
        nlmsghdr header;
        inet_diag_req_v2 request;
    } ask{};
    ask.header.nlmsg_len = sizeof ask;
    ask.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    ask.header.nlmsg_flags = NLM_F_REQUEST;
    ask.request.sdiag_family = AF_INET;
    ask.request.sdiag_protocol = IPPROTO_TCP;
    ask.request.idiag_states = ~0U;
    ask.request.id.idiag_sport = theirs.sin_port;
    ask.request.id.idiag_dport = mine.sin_port;
    ask.request.id.idiag_src[0] = theirs.sin_addr.s_addr;
    ask.request.id.idiag_dst[0] = mine.sin_addr.s_addr;
    ask.request.id.idiag_cookie[0] = ask.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (::send(netlink, &ask, sizeof ask, 0) < 0) return std::nullopt;

    alignas(nlmsghdr) char answer[8192];
    const ssize_t got = ::recv(netlink, answer, sizeof answer, 0);
    nlmsghdr header;
    if (got < static_cast<ssize_t>(sizeof header + sizeof(inet_diag_msg))) return std::nullopt;
    std::memcpy(&header, answer, sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
    inet_diag_msg message;
    std::memcpy(&message, answer + NLMSG_HDRLEN, sizeof message);
    return message.idiag_rqueue;
}

// Where a piece ends when bytes are cut `inside`.
std::vector<std::size_t> inner_cuts(Bytes bytes, bool head) {
    std::vector<std::size_t> cuts;
    if (head) {
        // Between CR and LF of the first line and of the blank line.
        const std::string_view text = text_of(bytes);
        if (const std::size_t at = text.find('\r'); at != text.npos) cuts.push_back(at + 1);
        if (const std::size_t at = text.find("\r\n\r\n"); at != text.npos) {
            cuts.push_back(at + 2);
            cuts.push_back(at + 3);
        }
    } else {
        const Seen seen = read_frame(bytes);
        cuts.push_back(1);
        if (seen.length_bytes > 0) cuts.push_back(3);
        if (seen.masked) cuts.push_back(seen.header_size - 2);
        cuts.push_back(seen.header_size + 1);
        cuts.push_back(bytes.size() - 1);
    }
    std::erase_if(cuts, [&](std::size_t at) { return at == 0 || at >= bytes.size(); });
    std::ranges::sort(cuts);
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    return cuts;
}

}  // namespace

// --- heads --------------------------------------------------------------------------------------

Head read_head(std::string_view text) {
    Head head{std::string{text}, {}, {}};
    std::string_view rest = text;
    for (bool first = true; !rest.empty(); first = false) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (first) {
            head.start_line = line;
        } else if (const std::size_t colon = line.find(':'); colon != line.npos) {
            std::string_view value = line.substr(colon + 1);
            value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
            while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
            head.headers.emplace_back(line.substr(0, colon), value);
        }
    }
    return head;
}

int Head::status() const {
    if (start_line.size() < 12 || !start_line.starts_with("HTTP/")) return 0;
    return std::atoi(start_line.c_str() + 9);
}

std::size_t Head::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(headers, [&](const auto& line) { return same_name(line.first, name); }));
}

std::string Head::find(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (same_name(key, name)) return value;
    return "";
}

// --- connecting ---------------------------------------------------------------------------------

Host::Host(Run& run) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}, port_{0} {
    run.backstage().used_sockets();
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 16) != 0)
        give_up("check: listen");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
}

Host::~Host() { ::close(fd_); }

Peer::Peer(Run& run, Server& server, Family family)
    : run_{run}, program_{&server.program()}, client_{true} {
    run.backstage().used_sockets();
    int failed = 0;
    if (family == Family::ipv4) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(server.port());
        failed = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        fd_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = in6addr_loopback;
        address.sin6_port = htons(server.port());
        failed = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    if (failed != 0)
        run_.fail(Verdict::closed_early, "the connection to your server was refused: " +
                                             std::string{std::strerror(errno)});
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Peer::Peer(Run& run, Host& host) : run_{run}, client_{false} {
    run_.backstage().note('S', "waits for your client to connect");
    if (!run_.backstage().wait_for(host.fd(), POLLIN, in(run_.patience() + Milliseconds{2500})))
        run_.fail(Verdict::nothing_received, "your client did not connect");
    fd_ = ::accept4(host.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd_ < 0) give_up("check: accept");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (const auto& program : run_.backstage().programs()) program_ = program.get();
}

Peer::~Peer() {
    if (fd_ >= 0) ::close(fd_);
}

std::string Peer::subject() const { return client_ ? "your server" : "your client"; }

// --- sending ------------------------------------------------------------------------------------

void Peer::wait_until_read() {
    using namespace std::chrono_literals;
    if (stalled_) return;
    const Deadline deadline = in(Milliseconds{250});
    for (;;) {
        const std::optional<std::size_t> unread = unread_at_peer(fd_);
        if (!unread || *unread == 0) return;
        if (std::chrono::steady_clock::now() > deadline) {
            stalled_ = true;  // it reads no more; why, will be seen
            return;
        }
        std::this_thread::sleep_for(30us);  // then it is asked again
    }
}

bool Peer::write_piece(Bytes bytes) {
    // A program that reads nothing and one that answers meanwhile: neither may block us.
    while (!bytes.empty()) {
        if (!run_.backstage().wait_for(fd_, POLLOUT | POLLIN, in(run_.patience() * 2))) return false;
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) {
            reset_ = reset_ || errno == ECONNRESET;  // told once, and not to the next read again
            return false;
        }
        if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
        if (sent < 0 && fill(in(Milliseconds{0})) == Got::nothing &&
            !run_.backstage().wait_for(fd_, POLLOUT, in(run_.patience() * 2)))
            return false;
    }
    return true;
}

std::size_t Peer::push_now(Bytes bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && run_.backstage().wait_for(fd_, POLLOUT, in(Milliseconds{300}))) {
        const Bytes rest = bytes.subspan(taken);
        const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) break;
        if (sent > 0) taken += static_cast<std::size_t>(sent);
    }
    return taken;
}

// What cannot be sent is no failure yet: the answer, or its absence, explains more.
void Peer::write(Bytes bytes, bool head) {
    cpu_before_ = program_ != nullptr ? program_->cpu_time() : Milliseconds{0};
    std::size_t done = 0;
    const auto up_to = [&](std::size_t end) {
        if (done < end && write_piece(bytes.subspan(done, end - done)) && end < bytes.size())
            wait_until_read();
        done = end;
    };
    if (run_.backstage().cut() == Cut::byte_by_byte) {
        const std::size_t single = head ? bytes.size() : std::min(bytes.size(), single_bytes);
        for (std::size_t end = 1; end <= single; ++end) up_to(end);
        if (bytes.size() > single) up_to(bytes.size() - 1);
    } else if (run_.backstage().cut() == Cut::inside) {
        for (const std::size_t end : inner_cuts(bytes, head)) up_to(end);
    }
    up_to(bytes.size());
}

void Peer::send(Bytes bytes) {
    sent_.assign(bytes.begin(), bytes.end());
    const bool head = text_of(bytes).find(" HTTP/1.") != std::string_view::npos;
    if (frames_)
        run_.show_frames(ours(), bytes);
    else
        run_.show_bytes(ours(), bytes);
    if (run_.backstage().cut() == Cut::glued)
        waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    else
        write(bytes, head);
}

void Peer::send(const Frame& frame) {
    const bool frames = std::exchange(frames_, true);
    send(Bytes{frame.bytes()});
    frames_ = frames;
}

void Peer::send(std::string_view bytes) { send(bytes_of(bytes)); }

// Sends what was glued together, and takes the handshake's answer off the front of what comes.
void Peer::flush() {
    if (!waiting_.empty()) write(std::exchange(waiting_, {}), false);
    if (!key_.empty()) judge_response(std::exchange(key_, {}));
}

void Peer::end_sending() {
    flush();
    run_.show_event(ours(), "end of stream");
    ::shutdown(fd_, SHUT_WR);
}

void Peer::freeze(int room) {
    flush();
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    run_.show_event(ours(), "reads no more");
}

void Peer::reset() {
    flush();
    const linger drop{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
    ::close(std::exchange(fd_, -1));
    run_.show_event(ours(), "reset");
}

// --- receiving ----------------------------------------------------------------------------------

Peer::Got Peer::fill(Deadline deadline) {
    if (ended_) return Got::end;
    if (!run_.backstage().wait_for(fd_, POLLIN, deadline)) return Got::nothing;
    std::uint8_t buffer[65536];
    const ssize_t size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return Got::nothing;
    if (size <= 0) {
        ended_ = true;
        reset_ = reset_ || size < 0;
        return Got::end;
    }
    if (in_.size() < most_kept) in_.insert(in_.end(), buffer, buffer + size);
    return Got::bytes;
}

void Peer::drain() {
    while (in_.size() < 65536 && fill(in(quiet_time)) == Got::bytes) {
    }
}

bool Peer::read() { return read(run_.patience()); }

bool Peer::read(Milliseconds time) {
    flush();
    return fill(in(time)) == Got::bytes;
}

std::uint32_t Peer::segments() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size);
    return info.tcpi_data_segs_in;
}

void Peer::drop(std::size_t bytes) {
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, in_.size())));
}

void Peer::fail(Verdict verdict, std::string says) { run_.fail(verdict, std::move(says)); }

void Peer::expect(std::string_view bytes, const Mistakes& mistakes) {
    flush();
    compare(bytes_of(bytes), mistakes);
    run_.show_bytes(theirs(), bytes_of(bytes));
}

void Peer::expect(const Frame& frame, const Mistakes& mistakes) {
    flush();
    const bool frames = std::exchange(frames_, true);
    Frame wanted = frame;
    if (frame.wants_any_key()) {
        // The key is theirs to choose: it is taken from where it must stand.
        const std::size_t header = frame.bytes().size() - frame.payload().size();
        const Deadline deadline = in(run_.patience());
        while (in_.size() < header && fill(deadline) == Got::bytes) {
        }
        Key key{};
        if (in_.size() >= header)
            std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(header - 4), 4, key.begin());
        wanted = frame.masked(key);
    }
    const Buffer bytes = wanted.bytes();
    compare(bytes, mistakes);
    run_.show_frames(theirs(), bytes);
    frames_ = frames;
}

// Takes exactly these bytes off what comes.
void Peer::compare(Bytes expected, const Mistakes& mistakes) {
    run_.backstage().note('S', "waits for " + std::to_string(expected.size()) + " bytes: " + hex(expected, 8));
    const Deadline deadline = in(run_.patience());
    Got got = Got::bytes;
    std::size_t same = 0;
    for (;;) {
        while (same < in_.size() && same < expected.size() && in_[same] == expected[same]) ++same;
        if (same == expected.size()) return drop(same);
        if (same < in_.size()) break;  // one that is off
        got = fill(deadline);
        if (got != Got::bytes) fail_missing(expected, mistakes, got);
    }
    drain();
    if (frames_) {
        const Seen seen = read_frame(in_);
        run_.show(theirs(), Bytes{in_}.first(seen.size), describe(seen));
    } else {
        run_.show_bytes(theirs(), Bytes{in_}.first(std::min(in_.size(), expected.size() + 64)));
    }
    run_.fail_marked({sent_, expected, in_, same, Verdict::wrong, frames_}, mistakes, "");
}

std::string Peer::silence(std::size_t came, std::size_t wanted) const {
    // A program that waits uses next to nothing; on a busy machine even a loop gets little.
    const bool busy = program_ != nullptr && !program_->ended() &&
                      program_->cpu_time() - cpu_before_ > Milliseconds{150};
    const std::string end = busy ? " Meanwhile " + subject() + " computed without a pause: an "
                                   "endless loop?"
                                 : "";
    if (came == 0)
        return "no byte came within " + std::to_string(run_.patience().count()) +
               " ms, and the connection is still open: " + subject() +
               (busy ? " is at work." : " has answered nothing, or waits for more.") + end;
    return std::to_string(came) + " of " + std::to_string(wanted) +
           " bytes came, all of them right, and no more within " +
           std::to_string(run_.patience().count()) + " ms." + end;
}

void Peer::fail_missing(Bytes expected, const Mistakes& mistakes, Got got) {
    const std::size_t came = in_.size();
    if (came > 0) {
        if (frames_)
            run_.show(theirs(), in_, describe(read_frame(in_)));
        else
            run_.show_bytes(theirs(), in_);
    }
    if (got == Got::end) {
        run_.show_event(theirs(), reset_ ? "reset" : "end of stream");
        const std::string how =
            reset_ ? subject() + " dropped the connection (a reset: it closed the socket while "
                                 "bytes lay unread in it)"
                   : subject() + " ended the connection";
        run_.fail_marked({sent_, expected, in_, came, Verdict::closed_early, frames_}, mistakes,
                         how + (came == 0 ? " and had answered nothing. "
                                          : " after " + std::to_string(came) + " of " +
                                                std::to_string(expected.size()) + " bytes. ") +
                             "Expected " + hex(expected.subspan(came), 8));
    }
    run_.fail_marked({sent_, expected, in_, came,
                      came == 0 ? Verdict::nothing_received : Verdict::timed_out, frames_},
                     mistakes, silence(came, expected.size()) + " Expected " +
                                   hex(expected.subspan(came), 8));
}

void Peer::fail_waiting(std::string_view what, Got got) {
    if (!in_.empty()) {
        if (frames_)
            run_.show(theirs(), in_, describe(read_frame(in_)));
        else
            run_.show_bytes(theirs(), in_);
    }
    if (got == Got::end) {
        run_.show_event(theirs(), reset_ ? "reset" : "end of stream");
        run_.fail(Verdict::closed_early, subject() +
                                             (reset_ ? " dropped the connection (a reset)"
                                                     : " ended the connection") +
                                             "; expected " + std::string{what} + " before its end");
    }
    run_.fail(in_.empty() ? Verdict::nothing_received : Verdict::timed_out,
              in_.empty() ? silence(0, 1) + " Expected " + std::string{what}
                          : "this is not all of " + std::string{what} + ", and no more came within " +
                                std::to_string(run_.patience().count()) + " ms");
}

Seen Peer::frame(std::string_view what) {
    flush();
    const bool frames = std::exchange(frames_, true);
    run_.backstage().note('S', "waits for " + std::string{what});
    const Deadline deadline = in(run_.patience());
    Seen seen = read_frame(in_);
    while (!seen.whole) {
        const Got got = fill(deadline);
        if (got != Got::bytes) fail_waiting(what, got);
        seen = read_frame(in_);
    }
    const Buffer bytes(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(seen.size));
    run_.show(theirs(), bytes, describe(seen));
    drop(seen.size);
    frames_ = frames;
    return seen;
}

Seen Peer::expect_close(std::uint16_t code, std::string_view why, const Mistakes& mistakes) {
    flush();
    const bool frames = std::exchange(frames_, true);
    run_.backstage().note('S', "waits for a Close with " + std::to_string(code));
    const Deadline deadline = in(run_.patience());
    Seen seen = read_frame(in_);
    while (!seen.whole) {
        const Got got = fill(deadline);
        if (got == Got::bytes) {
            seen = read_frame(in_);
            continue;
        }
        // The sentence that the check has for it, and what was wrong about the way it ended.
        Mistakes all = mistakes;
        all.push_back([&](const Came& came) -> std::optional<Explained> {
            if (came.verdict == Verdict::closed_early && in_.empty())
                return Explained{0, std::string{why} + ".\nThe connection ended without a Close frame; "
                                    "the other side sees 1006, and never learns why. Expected a Close "
                                    "with " + std::to_string(code)};
            if (came.verdict == Verdict::nothing_received)
                return Explained{0, std::string{why} + ".\n" + silence(0, 1) +
                                        " Expected a Close with " + std::to_string(code)};
            return std::nullopt;
        });
        fail_missing(close(code).bytes(), all, got);
    }
    const Buffer bytes(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(seen.size));
    run_.show(theirs(), bytes, describe(seen));
    const Buffer wanted = client_ ? close(code).bytes() : close(code).masked(seen.key).bytes();
    if (!seen.is(Op::close) || seen.close_code() != code || !seen.fin || seen.rsv != 0 ||
        seen.masked == client_) {
        // The reason is free, so its length is: it is made that of the answer.
        Frame same = close(code, seen.payload.size() > 2 ? seen.text().substr(2) : "");
        if (!client_) same = same.masked(seen.key);
        const Buffer expected = seen.is(Op::close) && seen.payload.size() >= 2 ? same.bytes() : wanted;
        run_.fail_marked({sent_, expected, bytes, first_difference(bytes, expected), Verdict::wrong,
                          true},
                         mistakes,
                         std::string{why} + ".  Expected a Close with " + std::to_string(code) +
                             ": " + hex(wanted));
    }
    drop(seen.size);
    frames_ = frames;
    return seen;
}

Head Peer::head(std::string_view what, bool in_trace_only) {
    flush();
    run_.backstage().note('S', "waits for " + std::string{what});
    const Deadline deadline = in(run_.patience());
    std::size_t end = std::string_view::npos;
    while ((end = text_of(in_).find("\r\n\r\n")) == std::string_view::npos) {
        const Got got = fill(deadline);
        if (got == Got::bytes) continue;
        if (text_of(in_).starts_with("HTTP/") || text_of(in_).starts_with("GET ")) {
            run_.show_bytes(theirs(), in_);
            run_.fail(got == Got::end ? Verdict::closed_early : Verdict::timed_out,
                      "this is no whole head: there is no blank line, \"\\r\\n\\r\\n\", at its end" +
                          std::string{text_of(in_).find("\n\n") == std::string_view::npos
                                          ? ""
                                          : ". There is \"\\n\\n\": every line ends with \"\\r\\n\""});
        }
        fail_waiting(what, got);
    }
    const Head head = read_head(text_of(in_).substr(0, end + 4));
    run_.show_bytes(theirs(), bytes_of(head.text), in_trace_only);
    drop(end + 4);
    return head;
}

Head Peer::expect_status(int status, std::string_view why) {
    const Head answer = head("an answer with status " + std::to_string(status));
    if (answer.status() != status)
        run_.fail_line(answer.start_line,
                        std::string{why} + ".  Expected status " + std::to_string(status));
    return answer;
}

void Peer::expect_header(const Head& head, std::string_view name, std::string_view value,
                         std::string_view why) {
    const std::string expected = "Expected " + std::string{name} + ": " + std::string{value};
    if (head.count(name) == 0)
        run_.fail_line(head.start_line,
                  "the header " + std::string{name} + " is missing: " + std::string{why} + ".  " + expected);
    if (head.count(name) > 1)
        run_.fail_line(std::string{name} + ": " + head.find(name),
                  "this header stands " + std::to_string(head.count(name)) + " times.  " + expected);
    // Upgrade and Connection are read in any case; a key is not.
    const std::string got = head.find(name);
    const bool any_case = same_name(name, "Upgrade") || same_name(name, "Connection");
    if (any_case ? same_name(got, value) : got == value) return;
    run_.fail_line(std::string{name} + ": " + got, std::string{why} + ".  " + expected);
}

void Peer::expect_no_header(const Head& head, std::string_view name, std::string_view why) {
    if (head.count(name) > 0)
        run_.fail_line(std::string{name} + ": " + head.find(name), std::string{why});
}

std::string Peer::line() {
    flush();
    run_.backstage().note('S', "waits for a line");
    const Deadline deadline = in(run_.patience());
    std::size_t end = std::string_view::npos;
    while ((end = text_of(in_).find('\n')) == std::string_view::npos) {
        const Got got = fill(deadline);
        if (got != Got::bytes) fail_waiting("a line", got);
    }
    const std::string line{text_of(in_).substr(0, end + 1)};
    run_.show_bytes(theirs(), bytes_of(line));
    drop(end + 1);
    return line;
}

void Peer::expect_end(std::string_view why) {
    flush();
    run_.backstage().note('S', "waits for the end of the connection");
    Got got = Got::bytes;
    const Deadline deadline = in(run_.patience());
    while (in_.empty() && got == Got::bytes) got = fill(deadline);
    const std::string reason = why.empty() ? "" : "\n" + std::string{why};
    if (!in_.empty()) {
        drain();
        if (frames_)
            run_.show_frames(theirs(), in_);
        else
            run_.show_bytes(theirs(), in_);
        run_.fail(Verdict::wrong, "nothing but the end of the connection was due here" + reason);
    }
    if (got == Got::nothing)
        run_.fail(Verdict::nothing_received,
                  subject() + " does not end the connection: it is still open after " +
                      std::to_string(run_.patience().count()) + " ms" + reason);
    run_.backstage().look_for_crashes(Milliseconds{5});
    run_.show_event(theirs(), "end of stream");
}

void Peer::expect_end_in_order(std::string_view sent, std::string_view how) {
    expect_end();
    const std::string we = client_ ? "The client" : "The server";
    run_.is_true(!reset_, "The connection ended with a reset. " + we + " sent " + std::string{sent} +
                              ", which nobody has to answer; but a socket that is closed while bytes lie "
                              "unread sends a reset, and that may destroy what " +
                              (client_ ? "the client" : "the server") + " has not read yet. " +
                              std::string{how});
}

void Peer::expect_silence(Milliseconds time, std::string_view why) {
    flush();
    if (in_.empty() && fill(in(time)) == Got::nothing) return;
    drain();
    if (in_.empty()) {
        run_.show_event(theirs(), "end of stream");
        run_.fail(Verdict::closed_early, std::string{why});
    }
    if (frames_)
        run_.show_frames(theirs(), in_);
    else
        run_.show_bytes(theirs(), in_);
    run_.fail(Verdict::wrong, std::string{why});
}

// --- the handshake ------------------------------------------------------------------------------

void Peer::open(std::string_view path, std::string_view headers) {
    const std::string key = base64(run_.random_bytes(16));
    std::string request = "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n" +
                          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
                          "\r\nSec-WebSocket-Version: 13\r\n" + std::string{headers} + "\r\n";
    sent_ = buffer_of(request);
    key_ = key;
    run_.show_bytes(Way::from_client, sent_, true);
    if (run_.backstage().cut() == Cut::glued) {
        waiting_ = sent_;
        frames_ = true;
        return;
    }
    // In pieces the request was a task of lesson 4; from then on it may be short.
    const Cut cut = run_.backstage().cut();
    if (cut == Cut::byte_by_byte || cut == Cut::inside)
        write_piece(sent_);
    else
        write(sent_, true);
    flush();
    frames_ = true;
}

void Peer::judge_response(const std::string& key) {
    run_.backstage().note('S', "waits for the answer to its handshake");
    const Deadline deadline = in(run_.patience());
    std::size_t end = std::string_view::npos;
    while ((end = text_of(in_).find("\r\n\r\n")) == std::string_view::npos) {
        const Got got = fill(deadline);
        frames_ = false;
        if (got != Got::bytes) fail_waiting("the answer 101 to the handshake (lesson 4)", got);
    }
    const Head head = read_head(text_of(in_).substr(0, end + 4));
    const std::string right = accept_key(key);
    if (head.status() != 101 || head.find("Sec-WebSocket-Accept") != right) {
        run_.show_bytes(Way::from_server, bytes_of(head.text));
        run_.fail(Verdict::wrong, head.status() != 101
                                      ? "the handshake failed: a good request was refused. That is "
                                        "lesson 4: make check-4 says more"
                                      : "the handshake failed: the accept key must be " + right +
                                            ". That is lesson 4: make check-4 says more");
    }
    run_.show_bytes(Way::from_server, bytes_of(head.text), true);
    drop(end + 4);
    frames_ = true;
}

Head Peer::welcome(std::string_view headers) {
    const Head request = head("the request of your client", true);
    const std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " + accept_key(request.find("Sec-WebSocket-Key")) + "\r\n" +
        std::string{headers} + "\r\n";
    run_.show_bytes(Way::from_server, bytes_of(answer), true);
    sent_ = buffer_of(answer);
    if (run_.backstage().cut() == Cut::glued)
        waiting_ = sent_;
    else
        write(sent_, true);
    frames_ = true;
    return request;
}

// --- datagrams ----------------------------------------------------------------------------------

Datagrams::Datagrams(Run& run, Server& server)
    : run_{run}, fd_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    const sockaddr_in address = loopback(server.port());
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        give_up("check: connect");
}

Datagrams::~Datagrams() { ::close(fd_); }

void Datagrams::send(std::string_view datagram) {
    run_.show_bytes(Way::from_client, bytes_of(datagram));
    if (::send(fd_, datagram.data(), datagram.size(), 0) < 0 && errno != ECONNREFUSED)
        give_up("check: send");
}

std::string Datagrams::receive() {
    run_.backstage().note('S', "waits for a datagram");
    std::string datagram(65536, '\0');
    if (!run_.backstage().wait_for(fd_, POLLIN, in(run_.patience())))
        run_.fail(Verdict::nothing_received, "no datagram came back within " +
                                                 std::to_string(run_.patience().count()) + " ms");
    const ssize_t size = ::recv(fd_, datagram.data(), datagram.size(), 0);
    if (size < 0)
        run_.fail(Verdict::closed_early, "nobody listens on that port any more (" +
                                             std::string{std::strerror(errno)} + ")");
    datagram.resize(static_cast<std::size_t>(size));
    run_.show_bytes(Way::from_server, bytes_of(datagram));
    return datagram;
}

void Datagrams::expect(std::string_view datagram, std::string_view why) {
    const std::string got = receive();
    if (got == datagram) return;
    run_.fail(Verdict::wrong, "expected " + std::to_string(datagram.size()) + " bytes " +
                                  quote(datagram, 40) +
                                  (why.empty() ? "" : "\n" + std::string{why}));
}

}  // namespace check
