// `make conformance`: the cases against a server, or as a server for clients that echo. RFC 6455, 7692.
//   suite ws://host:port/path     plays each case against that server
//   suite --serve                 waits for a client that asks for /getCaseCount, plays a case with each
//                                 /runCase?case=N&agent=A, and ends when it has asked for /updateReports
//   suite --seeds FOLDER          writes what the cases send as seeds for `make fuzz`
//   suite --table FILE...         makes one table of what --report has written
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <thread>

#include "cli/options.hpp"
#include "net/client_threads.hpp"
#include "net/random.hpp"
#include "net/url.hpp"
#include "net/wake.hpp"
#include "tests/conformance/report.hpp"
#include "tests/conformance/seeds.hpp"

namespace {

using namespace conformance;

struct Settings {
    std::string url{};
    bool serve = false;
    std::uint64_t port = 0;
    bool short_run = false;
    bool strict = false;
    bool all = false;
    std::uint64_t jobs = 8;
    std::string only{};
    std::string report{};
    Patience patience{};
};

struct Numbered {
    const Group* group;
    const Case* each;
};

// "2" is a group, "2.5" a case; empty: all of them.
std::vector<Numbered> chosen(const std::vector<Group>& groups, const Settings& settings, Side side) {
    std::vector<Numbered> cases;
    for (const Group& group : groups)
        for (const Case& each : group.cases) {
            if (each.side != Side::both && each.side != side) continue;
            if (settings.short_run && each.large) continue;
            if (!settings.only.empty() && settings.only != group.number && settings.only != each.id) continue;
            cases.push_back({&group, &each});
        }
    return cases;
}

Result result_of(const Numbered& which, Outcome outcome) {
    return {which.group->number + " " + which.group->title, which.each->id, which.each->title, which.each->section,
            std::move(outcome)};
}

// What went wrong with the suite's own sockets is the endpoint's doing as well: it is not there.
template <typename Play>
Outcome guarded(Play play) try {
    return play();
} catch (const std::exception& error) {
    return {Verdict::fail, error.what()};
}

std::vector<Result> try_all(const Settings& settings, const std::vector<Numbered>& cases) {
    const net::Url url = net::parse_url(settings.url);
    const std::uint16_t port = url.port == 0 ? std::uint16_t{80} : url.port;
    const Place place{net::join_host_port(url.host, port), url.resource};
    std::vector<Result> results(cases.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (std::uint64_t i = 0; i < settings.jobs; ++i)
        workers.emplace_back([&] {
            for (std::size_t at; (at = next++) < cases.size();)
                results[at] = result_of(cases[at], guarded([&] {
                    return try_server(*cases[at].each, net::connect_tcp(url.host, port, net::after(settings.patience.end)),
                                      place, settings.patience);
                }));
        });
    for (std::thread& worker : workers) worker.join();
    return results;
}

// The other way round: a client comes for each case.
class Host {
  public:
    Host(const Settings& settings, std::vector<Numbered> cases) : settings_{settings}, cases_{std::move(cases)} {
        for (const Numbered& each : cases_) results_.push_back(result_of(each, {Verdict::fail, "no client came for it"}));
    }

    std::vector<Result> run() {
        net::Listener listener{"localhost", static_cast<std::uint16_t>(settings_.port)};
        std::printf("listening %u\n", unsigned{listener.port()});
        std::fflush(stdout);
        {
            net::ClientThreads clients{[this](const net::Fd& socket, const net::Address&) { serve(socket); },
                                       net::ClientThreads::AtEnd::wait};
            while (auto client = listener.accept(done_.fd())) clients.start(std::move(*client));
        }
        return results_;
    }

  private:
    void serve(const net::Fd& socket) {
        Link link{net::Fd{::dup(socket.get())}, Link::Role::server};
        const std::string request = link.receive_head(net::after(settings_.patience.end));
        const std::string target = request.substr(0, request.find(" HTTP/"));
        if (const auto number = number_in(target, "case="); target.find("/runCase") != target.npos && number)
            play(*number, link, request);
        else if (target.find("/getCaseCount") != target.npos)
            say(link, request, std::to_string(cases_.size()));
        else if (const auto which = number_in(target, "case="); target.find("/getCaseInfo") != target.npos && which)
            say(link, request, info(*which));
        else if (const auto asked = number_in(target, "case="); target.find("/getCaseStatus") != target.npos && asked)
            say(link, request, status(*asked));
        else if (target.find("/updateReports") != target.npos)
            say(link, request, ""), done_.raise();
        else
            link.send("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                      net::after(settings_.patience.end));
    }

    // From 1 on, as the clients count.
    std::optional<std::size_t> number_in(const std::string& target, const std::string& name) const {
        const std::size_t at = target.find(name);
        if (at == std::string::npos) return std::nullopt;
        std::size_t number = 0;
        std::from_chars(target.data() + at + name.size(), target.data() + target.size(), number);
        if (number < 1 || number > cases_.size()) return std::nullopt;
        return number - 1;
    }

    void play(std::size_t number, Link& link, const std::string& request) {
        Outcome outcome = guarded([&] { return try_client(*cases_[number].each, link, request, settings_.patience); });
        const std::lock_guard lock{mutex_};
        results_[number].outcome = std::move(outcome);
    }

    void say(Link& link, const std::string& request, const std::string& message) const {
        const net::Deadline deadline = net::after(settings_.patience.end);
        std::string bytes = accepting(request);
        if (!message.empty()) bytes += link.encode(text(message));
        link.close_sent = true;
        link.send(bytes + link.encode(conformance::close(1000)), deadline);
        link.wait([&] { return link.closed; }, deadline);
        link.end_sending();
        link.wait([&] { return link.ended; }, deadline);
    }

    std::string info(std::size_t number) const {
        const Case& each = *cases_[number].each;
        std::string title = each.title;
        std::replace(title.begin(), title.end(), '"', '\'');
        return "{\"id\":\"" + each.id + "\",\"description\":\"" + title + "\"}";
    }

    std::string status(std::size_t number) {
        const std::lock_guard lock{mutex_};
        return std::string{"{\"behavior\":\""} + name_of(results_[number].outcome.verdict) + "\"}";
    }

    const Settings& settings_;
    const std::vector<Numbered> cases_;
    net::Wake done_;
    std::mutex mutex_;  // guards results_
    std::vector<Result> results_;
};

int finish(const Settings& settings, const std::vector<Result>& results) {
    print_details(results, settings.all);
    std::printf("%s\n", summary(results).c_str());
    if (!settings.report.empty()) write_results(settings.report, results);
    const bool good = std::ranges::none_of(results, [&](const Result& each) {
        return each.outcome.verdict == Verdict::fail || (settings.strict && each.outcome.verdict == Verdict::non_strict);
    });
    return good ? 0 : 1;
}

int suite(int argc, char** argv) {
    if (argc > 2 && std::string_view{argv[1]} == "--table") {
        print_table({argv + 2, argv + argc});
        return 0;
    }
    if (argc == 3 && std::string_view{argv[1]} == "--seeds") {
        write_seeds(argv[2], all_groups());
        return 0;
    }
    Settings settings;
    cli::Options options{"suite", "The conformance suite: RFC 6455 and RFC 7692, case by case."};
    options.positional("URL", "a server that echoes: ws://host:port/path", [&](const std::string& url) { settings.url = url; });
    options.flag("--serve", settings.serve, "be the server, for a client that echoes");
    options.number("--port", settings.port, 0, 65535, "N", "for --serve; 0: a free one");
    options.text("--only", settings.only, "ID", "one group (2) or one case (2.5)");
    options.flag("--short", settings.short_run, "without the largest messages");
    options.flag("--strict", settings.strict, "what is non-strict counts as failed");
    options.flag("--all", settings.all, "show each case, not only those that are no pass");
    options.number("--jobs", settings.jobs, 1, 64, "N", "cases at a time (against a server)");
    options.seconds("--patience", settings.patience.end, "for whatever has to come");
    options.seconds("--soon", settings.patience.soon, "for what can be known before a message is complete");
    options.text("--report", settings.report, "FILE", "write each result to this file, for --table");
    options.parse(argc, argv);
    if (settings.serve == !settings.url.empty()) throw cli::UsageError{"say either the URL of a server, or --serve"};

    const std::vector<Group> groups = all_groups();
    const auto cases = chosen(groups, settings, settings.serve ? Side::clients : Side::servers);
    if (cases.empty()) throw cli::UsageError{"--only " + settings.only + ": there is no such group or case"};
    return finish(settings, settings.serve ? Host{settings, cases}.run() : try_all(settings, cases));
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, suite); }
