// Every client against every misbehaviour, through pipes and on a terminal.
#include <signal.h>

#include <algorithm>
#include <future>
#include <random>
#include <thread>

#include "tests/hostile/programs.hpp"
#include "tests/support/process.hpp"
#include "tests/support/terminal.hpp"

namespace hostile {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds to_come = 60s;   // for a client to connect
constexpr std::chrono::milliseconds to_notice = 20s; // a rule that was broken
constexpr std::chrono::milliseconds to_end = 90s;    // all in all

std::vector<std::string> arguments_for(const Client& client, std::uint16_t port) {
    std::vector<std::string> arguments{"--host", "127.0.0.1", "--port", std::to_string(port)};
    if (client.url) arguments = {"-c", "ws://127.0.0.1:" + std::to_string(port) + "/ws"};
    arguments.insert(arguments.end(), client.options.begin(), client.options.end());
    return arguments;
}

// Lessons before 8 know no more than the opening, and the headers of frames: what they do not see is theirs.
bool must_notice(const Client& client, const Misbehaviour& what) {
    return what.breaks_rule && (what.in_opening || client.checks == Client::everything);
}

Wanted wanted_of(const Client& client, const Misbehaviour& what) {
    Wanted wanted{.statuses = {client.failure}, .most_lines = client.most_lines, .raw_output = client.url};
    if (client.comes_back) wanted.statuses = {0};
    else if (!must_notice(client, what)) wanted.statuses.push_back(0);
    return wanted;
}

// The server's side of a meeting. `met` is called once the client has asked.
void misbehave(Server& server, const Client& client, const Misbehaviour& what,
               const std::function<void()>& met = [] {}) {
    if (!server.take_client(net::after(to_come))) throw std::runtime_error{"it does not come"};
    if (server.read_request().empty()) throw std::runtime_error{"it asks for nothing"};
    met();
    what.act(server);
    server.wait_for_close(must_notice(client, what) ? to_notice : 200ms);
    server.finish(to_notice);
}

std::string meet(const Client& client, const Misbehaviour& what, int& status) {
    Server server;
    test::Process process{test::program(client.program), arguments_for(client, server.port())};
    // What it prints is read meanwhile.
    auto ended = std::async(std::launch::async, [&process] { return process.wait(to_end); });
    std::string fault;
    try {
        misbehave(server, client, what);
    } catch (const std::exception& error) {
        fault = error.what();
    }
    if (client.comes_back && ended.wait_for(0s) != std::future_status::ready) ::kill(process.pid(), SIGINT);
    status = ended.get();
    if (!fault.empty()) return fault;
    return fault_of({status, process.output_so_far(), process.errors_so_far()}, wanted_of(client, what));
}

bool is_for(const Client& client, const Misbehaviour& what) {
    return what.in_opening || client.checks != Client::opening;
}

}  // namespace

const std::vector<Client>& clients() {
    constexpr std::size_t any = 1'000'000;
    const std::vector<std::string> times{"--handshake-timeout", "1", "--close-timeout", "1"};
    const auto with = [&times](std::vector<std::string> more) {
        more.insert(more.end(), times.begin(), times.end());
        return more;
    };
    static const std::vector<Client> all{
        {.name = "lesson 4", .program = "lessons/04-handshake/client", .options = {"--handshake-timeout", "1"},
         .checks = Client::opening},
        {.name = "lesson 5", .program = "lessons/05-frames/client",
         .options = {"--handshake-timeout", "1", "--answer-timeout", "1"}, .checks = Client::headers},
        {.name = "lesson 6", .program = "lessons/06-native-echo/client", .options = {"--handshake-timeout", "1"},
         .checks = Client::headers, .most_lines = any, .on_terminal = true},
        {.name = "lesson 7", .program = "lessons/07-hello/client", .options = {"--handshake-timeout", "1"},
         .checks = Client::headers, .most_lines = any},
        {.name = "lesson 8", .program = "lessons/08-messages/client", .options = times, .on_terminal = true},
        {.name = "lesson 9", .program = "lessons/09-keep-alive/client", .options = with({"--show-pings"})},
        {.name = "lesson 10", .program = "lessons/10-trust-nobody/client", .options = times, .on_terminal = true},
        {.name = "lesson 11", .program = "lessons/11-event-loop/client",
         .options = {"--connections", "1", "--rounds", "1", "--hold"}, .most_lines = 4},
        {.name = "lesson 12", .program = "lessons/12-chat/client", .options = with({"--user", "ada"}),
         .most_lines = any, .on_terminal = true},
        {.name = "lesson 13", .program = "lessons/13-streaming/client", .options = with({"--size", "1000"})},
        {.name = "lesson 14", .program = "lessons/14-compression/client", .options = with({"--compress"}),
         .on_terminal = true},
        {.name = "lesson 14 --guess", .program = "lessons/14-compression/client", .options = with({"--compress", "--guess"})},
        {.name = "lesson 15", .program = "lessons/15-many-cores/client", .options = times, .on_terminal = true},
        {.name = "lesson 16", .program = "lessons/16-many-machines/client", .options = with({"--user", "ada"}),
         .most_lines = any, .comes_back = true, .on_terminal = true},
        {.name = "wsc", .program = "clients/wsc", .options = with({"-w", "-1"}), .failure = 255, .most_lines = 4,
         .on_terminal = true, .url = true},
        {.name = "wsc --trace --json -L -P", .program = "clients/wsc",
         .options = with({"-w", "-1", "--trace", "--json", "-L", "-P", "--timestamps"}), .failure = 255,
         .most_lines = any, .on_terminal = true, .url = true},
        {.name = "load", .program = "clients/load",
         .options = {"--connections", "1", "--messages", "5", "--timeout", "1", "--quiet"}},
    };
    return all;
}

Report meet_servers(const Client& client, const std::vector<Misbehaviour>& all, unsigned at_a_time) {
    std::vector<Trial> trials;
    for (const Misbehaviour& what : all)
        if (is_for(client, what))
            trials.push_back({what.name, [&client, &what](int& status) { return meet(client, what, status); }});
    return try_all(client.name, trials, at_a_time);
}

// --- on a terminal ------------------------------------------------------------------------------------

namespace {

// A drawing of ours that the terminal would have got.
std::string drawn(const std::string& raw) {
    for (const std::string& each : drawings())
        if (raw.find(each) != std::string::npos) return "the terminal gets: " + conformance::shown(conformance::Bytes{each});
    return {};
}

// `type` is what somebody does at the keyboard, once the server has been met.
std::string sit_at(const Client& client, const Misbehaviour& what, int& status,
                   const std::function<void(test::Terminal&)>& type) {
    Server server;
    test::Terminal terminal{test::program(client.program), arguments_for(client, server.port())};
    std::string fault;
    std::promise<void> met;
    {
        const std::jthread serving{[&, pid = terminal.pid()] {
            try {
                misbehave(server, client, what, [&met] { met.set_value(); });
            } catch (const std::exception& error) {
                fault = error.what();
            }
            if (client.comes_back) ::kill(pid, SIGINT);
        }};
        try {
            // Before it has asked, a key that interrupts ends it as the kernel likes.
            if (type && met.get_future().wait_for(to_come) == std::future_status::ready) type(terminal);
        } catch (const std::system_error&) {
            // It has ended already.
        }
        status = terminal.wait();
    }
    if (!fault.empty()) return fault;
    if (status >= 128 && status != 255) return "status " + std::to_string(status);
    return drawn(terminal.raw());
}

}  // namespace

Report draw_on_terminal(const Client& client, const std::vector<Misbehaviour>& all) {
    std::vector<Trial> trials;
    for (const Misbehaviour& what : all)
        if (what.draws && is_for(client, what))
            trials.push_back({what.name, [&](int& status) { return sit_at(client, what, status, {}); }});
    return try_all(client.name + ", on a terminal", trials, 1);
}

Report type_at_random(const Client& client, unsigned rounds) {
    static const Misbehaviour patient{.name = "it takes everything", .act = [](Server& server) {
        server.accept();
        server.wait_for_close(20s);
    }};
    std::vector<Trial> trials;
    for (unsigned seed = 0; seed < rounds; ++seed)
        trials.push_back({"seed " + std::to_string(seed), [&client, seed](int& status) {
            return sit_at(client, patient, status, [seed](test::Terminal& terminal) {
                std::mt19937 random{seed};
                const std::string_view begins[] = {"\x1b[", "\x1b", "\x1b[200~", "\x1b[201~", "\x1b[A", "\x12", "\xf0\x9f\x91", "\xcc\x81", "/"};
                std::string keys;
                for (int i = 0; i < 200; ++i) {
                    if (random() % 4 == 0) keys += begins[random() % std::size(begins)];
                    const auto byte = static_cast<char>(random());
                    // Not those by which the kernel itself stops or ends a program, nor the end.
                    if (std::string_view{"\x03\x04\x11\x13\x1a\x1c"}.find(byte) == std::string_view::npos) keys += byte;
                }
                terminal.type(keys);
                terminal.type("\r\x1b[201~\r\x03");
            });
        }});
    return try_all(client.name + ", keys at random", trials, 1);
}

}  // namespace hostile
