// Texts looked at byte by byte, and trials on several threads.
#include "tests/hostile/verdict.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "tests/conformance/wire.hpp"

namespace hostile {

std::string unprintable(std::string_view text) {
    if (!conformance::is_utf8(text)) return "no UTF-8";
    for (const char c : text)
        if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7F)
            return "the control character " + std::to_string(static_cast<int>(c));
    for (std::size_t at = 0; (at = text.find('\xC2', at)) != std::string_view::npos; ++at)
        if (static_cast<unsigned char>(text[at + 1]) < 0xA0) return "a control character of U+0080 to U+009F";
    for (const std::string_view turn : {"\u202A", "\u202B", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u2028"})
        if (text.find(turn) != std::string_view::npos) return "a character that turns the order of others";
    return {};
}

std::string fault_of(const Ended& ended, const Wanted& wanted) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(ended.errors, '\n'));
    const std::string shown = ", said: " + conformance::shown(conformance::Bytes{ended.errors.substr(0, 300)});
    if (std::ranges::find(wanted.statuses, ended.status) == wanted.statuses.end())
        return "status " + std::to_string(ended.status) + shown;
    if (wanted.says_why && ended.status != 0 && lines == 0) return "it does not say why";
    if (lines > wanted.most_lines) return std::to_string(lines) + " lines" + shown;
    if (!ended.errors.empty() && !ended.errors.ends_with('\n')) return "the last line has no end" + shown;
    if (const std::string what = unprintable(ended.errors); !what.empty()) return "its errors hold " + what + shown;
    const std::string what = wanted.raw_output ? "" : unprintable(ended.output);
    return what.empty() ? "" : "its output holds " + what;
}

Report try_all(const std::string& subject, const std::vector<Trial>& trials, unsigned at_a_time) {
    Report report{.subject = subject, .tried = trials.size()};
    std::mutex mutex;  // guards the report
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < at_a_time; ++i)
        workers.emplace_back([&] {
            for (std::size_t at; (at = next++) < trials.size();) {
                int status = -1;
                std::string fault;
                try {
                    fault = trials[at].run(status);
                } catch (const std::exception& error) {
                    fault = error.what();
                } catch (...) {
                    fault = "a check of the test failed";
                }
                const std::lock_guard lock{mutex};
                ++report.statuses[status];
                if (!fault.empty()) report.faults.push_back(trials[at].name + ": " + fault);
            }
        });
    for (std::thread& worker : workers) worker.join();
    return report;
}

}  // namespace hostile
