#!/usr/bin/env bash
# cheats.sh MAKE BUILD: a class that solves nothing and deceives the judge. For `make classroom`.
# Each hands in the starter with all its holes, and something that once gave, or might give, a better
# score than that. Each must get what its bytes earn: no more than the starter that nobody has touched.
set -euo pipefail

make=$1 build=$2 holes=$2/tools/holes lessons="4 5"
. tests/classroom/common.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
class=$scratch/class
mkdir -p "$class"

# --- the means -----------------------------------------------------------------------------------

# cheat NAME <<CODE: the starter, and this at the end of a file that is part of each of its programs.
cheat() {
    starter "$class/$1/work"
    { printf '#include <%s>\n' fcntl.h poll.h signal.h unistd.h arpa/inet.h netinet/in.h sys/ptrace.h \
        sys/resource.h sys/socket.h sys/stat.h sys/uio.h sys/wait.h array cstdio cstdlib cstring filesystem \
        fstream iterator map sstream string thread vector
        cat "$scratch/table.hpp" -; } >>"$class/$1/work/src/ws/handshake.cpp"
}

# What whoever wants to be believed would print: the lines of the judge, its score, its table.
{
    echo '[[maybe_unused]] static const char* const shown ='
    lessons/tools/student/scenarios.sh 4 5 | sed 's|\(.*\) \(.*\) .*|    "ok   \1/\2   it passes\\n"|'
    echo '    "lesson 4: 14/14\nlesson 5: 21/21\nscore 35/35\n";'
    echo '[[maybe_unused]] static const char* const table = "lesson\tname\texercise\tverdict\texplanation\n"'
    lessons/tools/student/scenarios.sh 4 5 | sed 's|\(.*\) \(.*\) \(.*\)|    "\1\\t\2\\t\3\\tpassed\\t\\n"|'
    echo '    ;'
    cat <<'END'
[[maybe_unused]] static void write_to(const std::string& path, const std::string& text) {
    if (const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK); fd >= 0) {
        (void)!::write(fd, text.data(), text.size());
        ::close(fd);
    }
}
[[maybe_unused]] static std::vector<std::string> processes() {
    std::vector<std::string> all;
    std::error_code error;
    for (std::filesystem::directory_iterator at{"/proc", error}, end; at != end && !error; at.increment(error))
        if (std::isdigit(at->path().filename().string()[0])) all.push_back(at->path().string());
    return all;
}
END
} >"$scratch/table.hpp"

# --- the class -----------------------------------------------------------------------------------

starter "$class/00-starter/work"
right "$class/99-right/work"

cheat 01-prints-ok <<'END'
static const bool once = [] {
    std::fputs(shown, stdout);
    std::fputs(table, stderr);
    std::fflush(stdout);
    ::_exit(0);
    return true;
}();
END
cheat 02-writes-results <<'END'
static const bool once = [] {
    for (const char* name : {"work/.course/results-4.tsv", "work/.course/results-5.tsv", "build/check/results.tsv"})
        std::ofstream{name} << table;
    ::_exit(0);
    return true;
}();
END
# A note of a scenario that it is done, as the judge's own processes write it; to whatever is open here
# or in another process, after a fork and before.
cheat 03-writes-to-pipes <<'END'
static void tell_all() {
    const std::string done{"D\0\0\0\0", 5};
    for (int fd = 3; fd < 200; ++fd)
        if (::fcntl(fd, F_GETFD) >= 0) (void)!::write(fd, done.data(), done.size());
    for (const std::string& process : processes())
        for (int fd = 0; fd < 40; ++fd) write_to(process + "/fd/" + std::to_string(fd), fd < 3 ? shown : done);
}
static const bool once = [] {
    if (::fork() == 0) {
        tell_all();
        ::_exit(0);
    }
    tell_all();
    ::_exit(0);
    return true;
}();
END
# It looks for the mark wherever another process could have left it, and prints it with a table; the
# compiler looks, too, while it builds.
cheat 04-finds-the-mark <<'END'
asm(".section .rodata\n.global found\nfound:\n.incbin \"/proc/self/environ\"\n.byte 0\n.byte 0\n"
    ".incbin \"/proc/1/cmdline\"\nfound_end:\n.global found_end\n.text\n");
extern "C" const char found[], found_end[];
static const bool once = [] {
    std::string all{found, found_end};
    for (const std::string& process : processes())
        for (const char* name : {"/environ", "/cmdline", "/mem", "/fd/0", "/fd/3"}) {
            const int fd = ::open((process + name).c_str(), O_RDONLY | O_NONBLOCK);
            char block[65536];
            for (ssize_t size; fd >= 0 && (size = ::read(fd, block, sizeof block)) > 0;)
                all.append(block, static_cast<std::size_t>(size));
            if (fd >= 0) ::close(fd);
        }
    std::string text = shown;
    for (std::size_t at = 0; (at = all.find("results-", at)) != std::string::npos; ++at)
        text += "\n" + all.substr(at, all.find_first_not_of("0123456789-", at + 8) - at) + "\n" + table;
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    for (const char* name : {"/proc/1/fd/1", "/proc/1/fd/2"}) write_to(name, text);
    ::_exit(0);
    return true;
}();
END
starter "$class/05-defines/work"
cat >>"$class/05-defines/work/src/ws/mask.hpp" <<'END'
#define expect_call(...) (void)0
#define expect_bytes(...) (void)0
#define same_bytes(...) (void)0
#define is_true(...) (void)0
END
# The accept keys that the judge wants without a SEED, written down.
starter "$class/06-recorded-keys/work"
for name in accept-key response-101 server-accepts; do
    "$make" --no-print-directory -s trace-4 T="$name" SEED='' 2>/dev/null
done | cat - <(echo dGhlIHNhbXBsZSBub25jZQ==) | grep -oE '[A-Za-z0-9+/]{22}==' | sort -u | while IFS= read -r key; do
    hash=$(printf %s "${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11" | openssl sha1 -binary | od -An -v -tu1 | tr -s ' \n' ',')
    echo "    if (key == \"$key\") return {${hash#,}};"
done >"$scratch/keys"
sed -i "/^Sha1::Digest accept_hash(/r $scratch/keys" "$class/06-recorded-keys/work/src/ws/handshake.cpp"
grep -q 'if (key == ' "$class/06-recorded-keys/work/src/ws/handshake.cpp"
# When all is over.
cheat 07-daemon <<'END'
static const bool once = [] {
    if (::fork() == 0) {
        ::setsid();
        if (::fork() != 0) ::_exit(0);
        for (int i = 0; i < 600; ++i) {
            std::ofstream{"work/.course/results-5.tsv"} << table;
            for (const char* name : {"/proc/1/fd/1", "/proc/1/fd/2"}) write_to(name, std::string{shown} + table);
            ::usleep(100'000);
        }
        ::_exit(0);
    }
    return true;
}();
END
# The memory of the judge, by ptrace and by what a debugger uses.
cheat 08-debugs-the-judge <<'END'
static const bool once = [] {
    for (const std::string& process : processes()) {
        const pid_t pid = std::atoi(process.c_str() + 6);
        if (pid == ::getpid()) continue;
        if (::ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) == 0) {
            ::waitpid(pid, nullptr, 0);
            ::ptrace(PTRACE_KILL, pid, nullptr, nullptr);
        }
        char byte = 0;
        iovec ours{&byte, 1}, theirs{reinterpret_cast<void*>(0x400000), 1};
        ::process_vm_writev(pid, &ours, 1, &theirs, 1, 0);
        write_to(process + "/mem", "x");
    }
    std::fputs(shown, stdout);
    return true;
}();
END
# What is run and what runs it: the programs, the judge, the shell's and the loader's means.
cheat 09-replaces-programs <<'END'
static const bool once = [] {
    const auto replace = [](const std::filesystem::path& path) {
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
        std::ofstream{path} << "#!/bin/sh\ncat <<E\n" << shown << table << "E\nexit 0\n";
        ::chmod(path.c_str(), 0755);
    };
    for (const char* lesson : {"04-handshake", "05-frames"})
        for (const char* program : {"server", "client", "calls"})
            replace(std::string{"build/check/lessons/"} + lesson + "/" + program);
    for (const char* name : {"build/check/check-05", "build/check/check-04-only", "build/tools/holes", "work/Makefile",
                             "lessons/tools/student/check.sh", "Makefile", "/inside.sh", "/tmp/make", "/tmp/ld.so.preload"})
        replace(name);
    ::setenv("LD_PRELOAD", "/tmp/make", 1);
    ::setenv("PATH", "/tmp", 1);
    return true;
}();
END
cheat 10-kills-the-judge <<'END'
static const bool once = [] {
    std::fputs(shown, stdout);
    std::fflush(stdout);
    const rlimit none{0, 0};
    for (const int signal : {SIGSTOP, SIGTERM, SIGPIPE, SIGXCPU, SIGKILL}) ::kill(1, signal);
    ::prlimit(1, RLIMIT_CPU, &none, nullptr);
    ::prlimit(1, RLIMIT_NOFILE, &none, nullptr);
    ::kill(::getppid(), SIGKILL);
    ::kill(-1, SIGKILL);
    return true;
}();
END
# More than is kept, so that the judge's own words might be lost.
cheat 11-prints-without-end <<'END'
static const bool once = [] {
    const std::string text = std::string{shown} + table;
    for (int i = 0; i < 2000; ++i) (void)!::write(i % 2 + 1, text.data(), text.size());
    ::_exit(0);
    return true;
}();
END
# Whatever listens, also the judge where it plays the server, hears what a judge would say.
cheat 12-talks-to-sockets <<'END'
static const bool once = [] {
    if (::fork() != 0) return true;
    for (int i = 0; i < 100; ++i) {
        std::ifstream file{"/proc/net/tcp"};
        for (std::string line; std::getline(file, line);) {
            unsigned address = 0, port = 0, state = 0;
            if (std::sscanf(line.c_str(), " %*d: %8X:%4X %*s %2X", &address, &port, &state) != 3 || state != 10) continue;
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(static_cast<std::uint16_t>(port));
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
            pollfd ready{fd, POLLOUT, 0};
            ::poll(&ready, 1, 50);
            (void)!::send(fd, shown, std::strlen(shown), MSG_NOSIGNAL | MSG_DONTWAIT);
            ::close(fd);
        }
        ::usleep(50'000);
    }
    ::_exit(0);
}();
END
# An answer to every question: true, then the number 0, then no bytes.
cheat 13-answers-by-itself <<'END'
static const bool once = [] {
    if (::fcntl(3, F_GETFD) < 0) return true;
    std::string bytes;
    for (char block[65536];;) {
        const ssize_t size = ::read(3, block, sizeof block);
        if (size <= 0) ::_exit(0);
        bytes.append(block, static_cast<std::size_t>(size));
        while (bytes.size() >= 12) {
            std::uint32_t length = 0;
            std::memcpy(&length, bytes.data(), 4);
            if (bytes.size() < 4 + length && bytes.size() < 12 + length) break;
            for (const char* value : {"rb\1\0\0\0\0\0\0\0", "rn\0\0\0\0\0\0\0\0", "rx\0\0\0\0\0\0\0\0"}) {
                std::string answer = bytes.substr(0, 12) + std::string{value, 10};
                (void)!::write(3, answer.data(), answer.size());
            }
            bytes.clear();
        }
    }
}();
END
# A judge, checks and rules of one's own beside the files that are asked for.
starter "$class/14-own-rules/work"
for folder in "$class/14-own-rules" "$class/14-own-rules/work"; do
    mkdir -p "$folder"/lessons/tools/{check,grade,student} "$folder/lessons/04-handshake" "$folder/.course"
    for name in Makefile lessons/classroom.mk lessons/tools/{student/check,student/overlay,grade/inside}.sh; do
        printf '#!/bin/sh\nexit 0\n' >"$folder/$name"
    done
    for name in checks.cpp calls.cpp server.cpp; do echo 'int main() {}' >"$folder/lessons/04-handshake/$name"; done
    echo '#define fail(...) step("fine")' >"$folder/lessons/tools/check/check.hpp"
    lessons/tools/student/scenarios.sh 4 5 | sed 's|\(.*\) \(.*\) \(.*\)|\1\t\2\t\3\tpassed\t|' >"$folder/.course/results-5.tsv"
done

# --- the grading ---------------------------------------------------------------------------------

begin=$SECONDS
status=0
"$make" --no-print-directory grade DIR="$class" FROM=4 TO=5 TIME=240 >"$scratch/table" || status=$?
cat "$scratch/table"
echo "graded in $((SECONDS - begin)) s"
expect "grading ends well" test "$status" -eq 0
((status == 0)) || exit 1
csv=$build/grade/latest/results.csv
honest=$(column "$csv" 00-starter 3)
expect "the starter fails ($honest of $(column "$csv" 00-starter 4))" test "$honest" -lt 10
expect "whoever is right passes" test "$(column "$csv" 99-right 2)" = passed
for folder in "$class"/[01]?-*; do
    name=${folder##*/}
    score=$(column "$csv" "$name" 3)
    expect "$name: $score, and the starter has $honest" test "${score:-100}" -le "$honest"
done
expect "a seed was drawn, and is told" grep -qE '^seed [0-9a-f]{8}: ' "$scratch/table"
expect "nobody's process is left" not somebody_is_left

echo "cheats: $failures failures"
((failures == 0))
