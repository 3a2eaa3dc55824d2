// load: puts a WebSocket server under load, and says how it bears it. README.md describes it.
#include "clients/load/run.hpp"

namespace {

int put_under_load(int argc, char** argv) {
    const load::Settings settings = load::parse_options(argc, argv);
    load::Progress progress{settings};
    const auto run = std::make_unique<load::Run>(settings, progress);
    const load::Result result = run->measure();
    const std::string text = settings.json ? load::json_of(settings, result) + '\n'
                                           : load::text_of(settings, result);
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw std::system_error{errno, std::generic_category(), "cannot write the result"};
    return result.errors > 0 || result.unanswered > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(argc, argv, put_under_load); }
