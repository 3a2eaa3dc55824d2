// A client that echoes, on the blocking endpoint: what a conformance suite that plays the server asks for.
// It asks for /getCaseCount, echoes on /runCase?case=N&agent=A for each of them, ends by /updateReports.
// So it works with the suite here (--serve) and with others that speak to clients in this way.
#include <charconv>
#include <cstdio>

#include "cli/compression_options.hpp"
#include "cli/options.hpp"
#include "endpoint/dial_accept.hpp"
#include "endpoint/stream.hpp"
#include "net/signal.hpp"
#include "net/url.hpp"

namespace {

struct Settings {
    std::string url{};
    std::string agent = "echo_client";
    bool pieces = false;
    endpoint::DialOptions dial{};
};

void echo_messages(endpoint::BlockingConnection& connection) {
    while (const auto message = connection.read_message())
        if (!connection.write_message(message->type, message->data)) return connection.wait_until_closed();
}

// Never more of a message in memory than one read of it.
void echo_pieces(endpoint::BlockingConnection& connection) {
    while (auto reader = connection.next_reader()) {
        endpoint::MessageWriter writer = connection.next_writer(reader->type());
        while (const auto piece = reader->next_piece())
            if (!writer.write(*piece)) return connection.wait_until_closed();
        // Without its end, a message is not ended: its writer says so.
        if (reader->complete()) writer.finish();
    }
}

std::size_t case_count(const Settings& settings) {
    const auto connection = endpoint::dial(settings.url + "/getCaseCount", settings.dial);
    std::size_t count = 0;
    if (const auto message = connection->read_message()) {
        const std::string_view digits = ws::as_text(message->data);
        std::from_chars(digits.data(), digits.data() + digits.size(), count);
    }
    connection->wait_until_closed();
    return count;
}

// How a case ends is for the suite to judge.
void run_case(const Settings& settings, std::size_t number) try {
    const auto connection = endpoint::dial(
        settings.url + "/runCase?case=" + std::to_string(number) + "&agent=" + settings.agent, settings.dial);
    settings.pieces ? echo_pieces(*connection) : echo_messages(*connection);
} catch (const endpoint::HandshakeFailed& failure) {
    std::fprintf(stderr, "case %zu: %s\n", number, failure.what());
}

int run_cases(int argc, char** argv) {
    Settings settings;
    cli::CompressionOptions compression;
    cli::Options options{"echo_client", "A client that echoes, for a conformance suite that is the server."};
    options.positional("URL", "the suite: ws://host:port", [&](const std::string& url) {
        net::parse_url(url);  // says what is wrong with it
        settings.url = url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
    });
    options.text("--agent", settings.agent, "NAME", "how the suite calls us in its report");
    options.flag("--pieces", settings.pieces, "echo piece by piece, never a whole message in memory");
    compression.declare(options);
    options.parse(argc, argv);
    if (settings.url.empty()) throw cli::UsageError{"say the URL of the suite: ws://host:port"};

    const net::StopSignal stop;
    settings.dial.stop_fd = stop.fd();
    settings.dial.limits.max_message_bytes = 64u << 20;
    settings.dial.extensions = compression.extensions(cli::CompressionOptions::Sharing::none);
    const std::size_t count = case_count(settings);
    for (std::size_t number = 1; number <= count; ++number) run_case(settings, number);
    endpoint::dial(settings.url + "/updateReports?agent=" + settings.agent, settings.dial)->wait_until_closed();
    std::printf("%zu cases\n", count);
    return count > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, run_cases); }
