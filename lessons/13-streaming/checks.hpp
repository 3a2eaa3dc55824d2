// For the judge of lesson 13: a server's endpoint::BlockingConnection, which runs in the student's
// process over one of two sockets. The other one is ours, its client's: what is read there was
// written here, and what it sends is read here.
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

class StreamPair {
  public:
    explicit StreamPair(Run& run) : run_{run} {
        run.fresh();
        run.call(Call{"connection", pass(ends_.theirs())}.as("a new connection, a server's"));
        ends_.close_theirs();
    }

    void send(const Frame& frame) {
        const Buffer bytes = frame.masked(run_.key()).bytes();
        run_.show_frames(Way::from_client, bytes);
        send_raw(bytes);
    }
    void send_raw(Bytes bytes) { ::send(ends_.mine(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    void end() {
        run_.show_event(Way::from_client, "end of stream");
        ::shutdown(ends_.mine(), SHUT_WR);
    }
    // As a computer that is switched off.
    void leave() { ends_.close_mine(); }

    // All that has left so far is exactly these frames; `why` is said where one is missing, or one
    // too many.
    void expect(const std::vector<Frame>& frames, const std::string& why, const Mistakes& mistakes = {}) {
        take();
        Bytes rest{got_};
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const Buffer wanted = with_any_reason(frames[i], rest).bytes();
            const std::string name =
                "frame " + std::to_string(i + 1) + " of " + std::to_string(frames.size());
            if (rest.empty())
                run_.fail(Verdict::wrong,
                          name + ", " + describe(read_frame(wanted)) + ", has not left: " + why);
            const Bytes frame = rest.first(read_frame(rest).size);
            run_.same_bytes(name + ": the connection", frame, wanted, mistakes);
            run_.show_frames(Way::from_server, frame);
            rest = rest.subspan(frame.size());
        }
        if (rest.empty()) return;
        run_.show_frames(Way::from_server, rest.first(read_frame(rest).size));
        run_.fail(Verdict::wrong, "this frame is one more than is due: " + why);
    }

    // What has left goes into got_. False: nothing came within `patience`.
    bool take(Milliseconds patience = {}) {
        pollfd ours{ends_.mine(), POLLIN, 0};
        const std::size_t before = got_.size();
        while (::poll(&ours, 1, got_.size() > before ? 0 : static_cast<int>(patience.count())) > 0) {
            std::uint8_t block[65536];
            const ssize_t size = ::recv(ends_.mine(), block, sizeof block, MSG_DONTWAIT);
            if (size <= 0) break;
            got_.insert(got_.end(), block, block + size);
        }
        return got_.size() > before;
    }
    // What has left and was not taken.
    int waiting() const {
        int size = 0;
        ::ioctl(ends_.mine(), FIONREAD, &size);
        return size;
    }

  private:
    // A Close may give whatever reason it likes.
    static Frame with_any_reason(const Frame& wanted, Bytes bytes) {
        const Seen due = read_frame(wanted.bytes()), seen = read_frame(bytes);
        if (!due.is(Op::close) || !seen.is(Op::close) || seen.payload.size() < 2) return wanted;
        return close(due.close_code(), seen.text().substr(2));
    }

    Run& run_;
    Ends ends_;
    Buffer got_;
};

}  // namespace check
