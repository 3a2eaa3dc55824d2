// What a check is built with: the quickest linker that works, and headers that were compiled once.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/classroom/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/text_files.hpp"

namespace fs = std::filesystem;
using classroom::contains;
using classroom::contents;

namespace {

// A program of the shell, in place of a compiler or of a linker.
std::string script(const fs::path& path, const std::string& lines) {
    classroom::write(path, "#!/bin/sh\n" + lines);
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
}

// The linker's flags that a check would have with this compiler, and these linkers alone.
struct Linkers {
    test::ScratchFolder scratch;
    std::string path = (scratch.path / "bin").string();

    explicit Linkers(const std::vector<std::string>& names) {
        fs::create_directory(path);
        const fs::path bin{path};
        for (const std::string tool : {"bash", "mktemp", "rm"})
            fs::create_symlink((fs::exists("/usr/bin/" + tool) ? "/usr/bin/" : "/bin/") + tool, bin / tool);
        for (const std::string& name : names) script(bin / name, "exit 1\n");
    }
    // It says what `said` does for each try, and makes a program that does `made`.
    std::string flags(const std::string& said, const std::string& made = "exit 0") {
        const std::string compiler = script(scratch.path / "compiler",
            "echo \"$*\" >>" + (scratch.path / "tries").string() + "\n" + said + "\nfor out; do :; done\n" +
            "printf '#!/bin/sh\\n" + made + "\\n' >\"$out\"\n/bin/chmod +x \"$out\"\n");
        const test::Finished asked = test::run("/usr/bin/env", {"PATH=" + path,
            "lessons/tools/packages/linker.sh", compiler, (scratch.path / "linker").string()});
        CHECK_MESSAGE(asked.status == 0, asked.errors);
        CHECK(asked.errors.empty());
        const std::string file = contents(scratch.path / "linker");
        const std::size_t second = file.find('\n') + 1;
        return file.substr(second, file.size() - second - 1);
    }
    std::string tries() const { return contents(scratch.path / "tries"); }
};

}  // namespace

TEST_CASE("classroom: a check is linked by the quickest linker that is there and works") {
    CHECK(Linkers{{"ld.gold", "ld.lld"}}.flags("") == "-fuse-ld=lld -no-pie");
    CHECK(Linkers{{"ld.gold"}}.flags("") == "-fuse-ld=gold -no-pie");
    Linkers none{{}};
    CHECK(none.flags("").empty());
    CHECK(none.tries().empty());
    // One that fails, that warns with every program, or whose programs do not run.
    const std::vector<std::string> both{"ld.gold", "ld.lld"};
    CHECK(Linkers{both}.flags("case $* in *lld*) exit 1;; esac") == "-fuse-ld=gold -no-pie");
    CHECK(Linkers{both}.flags("case $* in *lld*) echo 'warning: x' >&2;; esac") == "-fuse-ld=gold -no-pie");
    CHECK(Linkers{both}.flags("", "exit 1").empty());
}

TEST_CASE("classroom: the linker is tried once, and again when another one is installed or is gone") {
    Linkers linkers{{"ld.lld"}};
    CHECK(linkers.flags("") == "-fuse-ld=lld -no-pie");
    const std::string once = linkers.tries();
    CHECK(linkers.flags("") == "-fuse-ld=lld -no-pie");
    CHECK(linkers.tries() == once);
    fs::rename(fs::path{linkers.path} / "ld.lld", fs::path{linkers.path} / "ld.gold");
    CHECK(linkers.flags("") == "-fuse-ld=gold -no-pie");
}

TEST_CASE("classroom: headers compiled by another compiler are no error, and are made anew by a new one") {
    const test::ScratchFolder scratch;
    const std::string build = (scratch.path / "build").string();
    // It makes of headers what no compiler can take, and says what it was asked.
    const auto compiler = [&](const std::string& version) {
        return script(scratch.path / "compiler",
                      "for out; do :; done\ncase \"$*\" in\n--version) echo " + version +
                          ";;\n*c++-header*) echo from " + version + " >\"$out\";;\n*) exec g++ \"$@\";;\nesac\n");
    };
    const std::string object = build + "/obj/src/ws/hex.o", made = build + "/standard.hpp.gch";
    classroom::write(build + "/packages", "");
    const auto built = [&](const std::string& version, const std::string& flags = "") {
        fs::remove(object);
        const test::Finished make = test::run("env", {"-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s",
            "PRECOMPILE=1", "OPTIMIZE=-O0", "BUILD=" + build, "CXX=" + compiler(version),
            "CXXFLAGS=" + flags, object});
        CHECK_MESSAGE(make.status == 0, make.errors);
        CHECK_FALSE_MESSAGE(contains(make.errors, "error"), make.errors);
        return fs::exists(object);
    };
    CHECK(built("one"));
    CHECK(contents(made) == "from one\n");
    // Whoever made it: while the compiler is the same, nothing is made anew, and it is passed over.
    classroom::write(made, "from elsewhere\n");
    CHECK(built("one"));
    CHECK(contents(made) == "from elsewhere\n");
    CHECK(built("two"));
    CHECK(contents(made) == "from two\n");
    // Nor do other flags take what was made with these.
    classroom::write(made, "with other flags\n");
    CHECK(built("two", "-DNAME='\"a b\"'"));
    CHECK(contents(made) == "from two\n");
    classroom::write(made, "with these\n");
    CHECK(built("two", "-DNAME='\"a b\"'"));
    CHECK(contents(made) == "with these\n");
}
