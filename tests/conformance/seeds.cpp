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
}

}  // namespace conformance
