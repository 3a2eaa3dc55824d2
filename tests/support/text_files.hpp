// The course's texts as a test reads them: which there are, and what in a line is code. A line of a
// code block is code, fenced or indented by four spaces, and so is what stands between backticks,
// also when it goes on in the next line. Runs in the root of the repository.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace test {

// A whole file; a failure of the test when it cannot be read.
std::string contents(const std::filesystem::path& path);

// The folders of lessons/ that begin with a number, in their order.
std::vector<std::string> lessons();

// Every .md file of the repository.
std::vector<std::filesystem::path> texts();

struct Line {
    std::string place;              // "README.md:12"
    std::string prose;              // less what stands between backticks
    std::vector<std::string> code;  // a line of a code block, or each span between backticks
};

// A span over two lines belongs to the line in which it ends.
std::vector<Line> read_text(const std::filesystem::path& path);

// A folder that goes away with everything in it.
class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder() { std::filesystem::remove_all(path); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    std::filesystem::path path;
};

}  // namespace test
