// The judge of lesson 12, what only the hub's functions tell: how often a message is encoded, to how many
// it was sent, and how long it takes to leave a room. RFC 6455 §5.1.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tuple>

#include "lessons/tools/check/check.hpp"
#include "lessons/tools/check/descriptors.hpp"

namespace check {

namespace {

// A member of the one room of the House in calls.cpp.
class Member {
  public:
    Member(Run& run, std::uint16_t port) : run_{run}, socket_{connect_to_loopback(port)} {
        say(bytes_of("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Extensions: counted\r\n\r\n"));
        while (text_of(in_).find("\r\n\r\n") == std::string_view::npos) read();
        in_.clear();
    }
    ~Member() { ::close(socket_); }
    // It reads no more, and the kernel takes little in its place.
    void freeze() const {
        const int room = 4096;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    void say(Bytes bytes) const { (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    void expect(std::string_view said) {
        while (!read_frame(in_).whole) read();
        const Seen seen = read_frame(in_);
        in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(seen.size));
        run_.equal("what a member is sent", seen.text(), said);
    }

  private:
    void read() {
        pollfd ready{socket_, POLLIN, 0};
        std::uint8_t bytes[4096];
        const bool here = ::poll(&ready, 1, static_cast<int>(run_.patience().count())) == 1;
        const ssize_t size = here ? ::recv(socket_, bytes, sizeof bytes, 0) : 0;
        if (size <= 0) run_.fail(Verdict::nothing_received, "one of three members was sent nothing");
        in_.insert(in_.end(), bytes, bytes + size);
    }

    Run& run_;
    int socket_;
    Buffer in_;
};

const Scenario encoded_once{"encoded-once", exercise(5).once(), "RFC 6455 §5.1",
    "a message for many is encoded once", [](Run& run) {
    const auto port = run.call(Call{"House"}.as("a server with one room")).as<std::uint16_t>();
    run.step("three clients are in the room, and one of them says something");
    Member ann{run, port}, bob{run, port}, eve{run, port};
    const std::string said = run.payload(200);
    ann.say(text(said).masked(run.key()).bytes());
    for (Member* const member : {&ann, &bob, &eve}) member->expect(said);
    const auto [sent_to, singly] =
        run.call(Call{"counted"}.as("what broadcast() returned, how many were encoded for one client"))
            .as<std::size_t, int>();
    run.equal("what broadcast() returns", sent_to, std::size_t{3}, "so many it was sent to");
    run.equal("the number of messages that were encoded for one client alone", singly, 0,
              "A PreparedMessage is encoded once, for all; send(type, data) makes the frame anew for each of ten "
              "thousand, though a server masks nothing and the bytes are the same");
    run.step("ann goes to another room, and bob says something");
    ann.say(text("I go to another room").masked(run.key()).bytes());
    ann.expect("gone");
    bob.say(text("is she gone?").masked(run.key()).bytes());
    eve.expect("is she gone?");
    const auto left = std::get<0>(run.call(Call{"counted"}.as("the same")).as<std::size_t, int>());
    run.equal("what broadcast() returns", left, std::size_t{2},
              "Whoever joins a room leaves the one before, or is sent what is said in both (join())");
}};

const Scenario dropped_uncounted{"dropped-uncounted", exercise(5).once(), "",
    "whoever is dropped was not sent to", [](Run& run) {
    const auto port = run.call(Call{"House"}.as("a server with one room")).as<std::uint16_t>();
    Member ann{run, port}, eve{run, port};
    eve.freeze();
    const std::string said = run.repeated(60'000);
    const Buffer frame = text(said).masked(run.key()).bytes();
    int dropped = 0;
    std::size_t sent_to = 0;
    for (int i = 0; i < 400 && dropped == 0; ++i) {
        run.fresh();
        run.step("eve reads nothing, and ann says 60,000 characters, again and again, until eve is dropped");
        ann.say(frame);
        ann.expect(said);
        std::tie(dropped, sent_to) = run.call(Call{"after_drop"}).as<int, std::size_t>();
    }
    run.equal("the number of those that were dropped", dropped, 1,
              "eve has taken none of 24 MB: on_drop is called for whoever is too slow");
    run.equal("what the broadcast() that dropped her returned", sent_to, std::size_t{1},
              "Only Sent::ok counts. A member that is dropped in this very call never gets the message in time, and "
              "is not in the room any more");
}};

const Scenario leaves_at_once{"leaves-at-once", exercise(5).once(), "",
    "leaving takes as long in a full room as in an empty one", [](Run& run) {
    for (const auto& [rooms, members] : {std::pair{1u, 10'000u}, {5'000u, 2u}}) {
        run.fresh();
        const std::string in = members == 2 ? "5,000 rooms with two members each" : "a room with 10,000 members";
        run.call(Call{"fill_rooms", rooms, members}.as(in));
        std::size_t left = 0;
        run.within(Milliseconds{200}, "letting 2,000 clients leave " + in, [&] {
            left = run.call(Call{"go", 2'000u}.as("2,000 of them leave")).as<std::size_t>();
        });
        run.equal("the members of all rooms", left, std::size_t{8'000}, "10,000 came, and 2,000 have left");
    }
}};

}  // namespace

}  // namespace check
