// Lesson 15 under load: one loop beside two, in one run. `make load-15` runs it; it is no part of
// `make test`, because it takes a minute and wants the machine for itself.
// The servers take turns, three rounds, and each figure is a median: what else the machine does
// disturbs one measurement, and seldom two of three.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "json/parse.hpp"
#include "net/descriptors.hpp"
#include "tests/lessons/peers.hpp"
#include "tests/load/measure.hpp"

using namespace test;

namespace {

constexpr std::size_t rounds = 3;

struct Contender {
    std::string name;
    std::string lesson;
    std::vector<std::string> arguments;
};

const Contender lesson_11{"lesson 11", "11-event-loop", {}};

Contender with(unsigned loops, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--loops", std::to_string(loops)});
    return {std::to_string(loops) + (loops == 1 ? " loop" : " loops"), "15-many-cores",
            std::move(arguments)};
}

struct Figures {
    double rate, cpu_each, server, load, p50, p99;
};

double number(const json::Value& value, std::string_view name) {
    const json::Value* const found = value.find(name);
    REQUIRE_MESSAGE(found != nullptr, name << " is not in what load says");
    return found->number().value();
}

Figures measure(const Contender& contender, std::vector<std::string> arguments) {
    LessonServer server{contender.lesson, contender.arguments};
    arguments.insert(arguments.end(),
                     {"--port", std::to_string(server.port), "--json", "--quiet", "--time", "2",
                      "--pid", std::to_string(server.process.pid())});
    const Finished load = run(program("clients/load"), arguments);
    REQUIRE_MESSAGE(load.status == 0, load.errors << load.output);
    json::Value result;
    REQUIRE(!json::parse(load.output, result));
    CHECK(number(result, "errors") == 0);
    CHECK(number(result, "unanswered") == 0);
    const json::Value &of_server = *result.find("server"), &latency = *result.find("latency_us");
    return {number(result, "per_second"),        number(of_server, "cpu_us_each"),
            number(of_server, "cpu_percent"),    number(*result.find("load"), "cpu_percent"),
            number(latency, "p50"),              number(latency, "p99")};
}

double median(const std::vector<Figures>& all, double Figures::*which) {
    std::vector<double> values;
    for (const Figures& figures : all) values.push_back(figures.*which);
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void compare(const char* title, const std::vector<Contender>& contenders,
             const std::vector<std::string>& arguments) {
    std::vector<std::vector<Figures>> figures(contenders.size());
    for (std::size_t round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < contenders.size(); ++i)
            figures[i].push_back(measure(contenders[i], arguments));
    std::printf("%s\n", title);
    for (std::size_t i = 0; i < contenders.size(); ++i)
        std::printf("  %-10s %9.0f a second  %6.2f us of CPU each  server %3.0f %% of a core, load %3.0f %%  "
                    "p50 %7.0f us  p99 %7.0f us\n",
                    contenders[i].name.c_str(), median(figures[i], &Figures::rate),
                    median(figures[i], &Figures::cpu_each), median(figures[i], &Figures::server),
                    median(figures[i], &Figures::load), median(figures[i], &Figures::p50),
                    median(figures[i], &Figures::p99));
    std::fflush(stdout);
}

}  // namespace

TEST_CASE("load: an echo, by lesson 11, by one loop, by two") {
    compare("echo of 20 bytes, 100 clients, one message each on its way",
            {lesson_11, with(1, {"--echo"}), with(2, {"--echo"})}, {"--connections", "100"});
    compare("echo of 20 bytes, 100 clients, 32 messages each on their way",
            {lesson_11, with(1, {"--echo"}), with(2, {"--echo"})},
            {"--connections", "100", "--in-flight", "32"});
}

TEST_CASE("load: an application that computes 20 us for each message") {
    const std::vector<std::string> working{"--echo", "--work", "20"};
    compare("echo of 20 bytes, 100 clients, 20 us of work for each message",
            {with(1, working), with(2, working)}, {"--connections", "100", "--in-flight", "4"});
}

TEST_CASE("load: a room of 1,000 members, on one loop and on two") {
    net::raise_descriptor_limit();
    compare("a room of 1,000 members, 64 bytes to all of them, 16 messages on their way",
            {with(1, {}), with(2, {})},
            {"--mode", "fan-out", "--connections", "1000", "--in-flight", "16", "--bytes", "64"});
}

TEST_CASE("load: below the most, at a rate of its own, latency is that of the server") {
    compare("echo at 10,000 messages a second, 100 clients",
            {with(1, {"--echo"}), with(2, {"--echo"})},
            {"--connections", "100", "--rate", "10000"});
}
