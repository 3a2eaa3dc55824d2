// Each case becomes a file for every target that can read it.
#include "tests/conformance/seeds.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace conformance {

namespace {

constexpr std::size_t most_bytes = 790;  // what `make fuzz` lets an input have, less its own bytes

// Steps of tests/fuzz/session_fuzz: "receive these 32 bytes", again and again.
std::string received(std::string_view bytes) {
    std::string steps;
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(32, bytes.size()))) {
        const std::string_view part = bytes.substr(0, 32);
        steps += static_cast<char>((part.size() - 1) << 3);
        steps += part;
    }
    return steps;
}

// Sessions in which the server does something, too: those steps are one byte, or two.
std::vector<std::string> sessions() {
    const std::string ping_frame = received(encode(ping("p"), true)), text_frame = received(encode(text("t"), true));
    const std::string end = received(encode(close(1000), true));
    const std::string send = "\x02\x20", fragment = "\x03\x10", last = "\x0B\x10", our_ping = "\x0C", our_close = "\x05";
    const std::string block = "\x0F", unblock = "\x07", some_time = "\x26\xFF", much_time = "\x46\xFF";
    return {our_close + ping_frame + text_frame + end,
            block + ping_frame + ping_frame + send + unblock + ping_frame,
            send + fragment + ping_frame + last + send + our_close,
            our_ping + some_time + text_frame + some_time + much_time + ping_frame,
            block + ping_frame + our_close + end + unblock,
            fragment + text_frame + our_close + ping_frame};
}

// What a Redis answers, in RESP2 and in RESP3: to HELLO, to XREAD; a push, an attribute, and the rest.
std::vector<std::string> redis_replies() {
    const std::string hello = "$2\r\nid\r\n:7\r\n$4\r\nrole\r\n$6\r\nmaster\r\n";
    const std::string entries = "$1\r\nr\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$4\r\ntext\r\n$2\r\nhi\r\n";
    return {"*4\r\n" + hello + "*1\r\n*2\r\n" + entries + "*-1\r\n$-1\r\n-ERR x\r\n",
            "%2\r\n" + hello + "%1\r\n" + entries + "_\r\n!5\r\nERR x\r\n",
            ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n|1\r\n+ttl\r\n,1.5\r\n:1\r\n",
            "~3\r\n#t\r\n(12345678901234567890\r\n=7\r\ntxt:abc\r\n"};
}

class Seeds {
  public:
    explicit Seeds(std::string folder) : folder_{std::move(folder)} {}

    void write(const std::string& target, const std::string& name, const std::string& bytes) const {
        if (bytes.size() > most_bytes) return;
        const std::filesystem::path folder = folder_ + "/" + target + "-seeds";
        std::filesystem::create_directories(folder);
        std::ofstream file{folder / name, std::ios::binary};
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (!file.flush()) throw std::runtime_error{"cannot write " + (folder / name).string()};
    }

    void write(const Case& each) const {
        using namespace std::string_literals;
        if (each.opening) {
            const std::string head = filled_in(each.opening->head, {});
            write("http", each.id, '\x08' + head);
            if (each.side == Side::servers) write("session", each.id, '\x02' + received(head));
            return;
        }
        write("connection", each.id + "-server", "\x01\x05"s + bytes_of(each, true));
        write("connection", each.id + "-client", "\x00\x05"s + bytes_of(each, false));
        const char flags = each.deflate.empty() ? '\x00' : '\x04';
        write("session", each.id, flags + received(bytes_of(each, true)));
        if (!each.deflate.empty()) write("permessage", each.id, '\xFF' + each.deflate);
        Packer packer;
        for (const Step& step : each.steps)
            if (step.kind == Step::message)
                write("inflate", each.id, "\x37\x05"s + packer.pack(step.what.payload.all(), step.packing));
    }

  private:
    std::string folder_;
};

}  // namespace

void write_seeds(const std::string& folder, const std::vector<Group>& groups) {
    const Seeds seeds{folder};
    for (const Group& group : groups)
        for (const Case& each : group.cases)
            if (!each.large) seeds.write(each);
    const std::vector<std::string> all = sessions();
    for (std::size_t i = 0; i < all.size(); ++i)
        for (const char flags : {'\x00', '\x04'})
            seeds.write("session", "both-" + std::to_string(i) + (flags == 0 ? "" : "-packed"), flags + all[i]);
    const std::vector<std::string> replies = redis_replies();
    for (std::size_t i = 0; i < replies.size(); ++i)
        seeds.write("resp", "reply-" + std::to_string(i), '\x03' + replies[i]);
}

}  // namespace conformance
