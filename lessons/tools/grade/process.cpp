// Starting, watching and ending a program. Its memory is what the kernel says of its process and
// of all below it: inside a PID namespace nobody can step out of that tree.
#include "lessons/tools/grade/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "net/fd.hpp"
#include "net/os_error.hpp"

namespace grade {

namespace {

using Clock = std::chrono::steady_clock;

// How often the memory is measured. A program can take a few hundred megabytes in that time.
constexpr std::chrono::milliseconds interval{50};

// A fork bomb stays; the processes of a test that starts many go.
constexpr std::chrono::seconds moment{3};

struct Process {
    pid_t parent = 0;
    std::size_t resident = 0;  // bytes
};

// /proc/PID/stat: "PID (NAME) STATE PPID ..."; the name may hold anything, so count from its end.
bool read_stat(const std::string& pid, Process& process) {
    std::ifstream file{"/proc/" + pid + "/stat"};
    std::string text;
    std::getline(file, text, '\0');
    const std::size_t name_end = text.rfind(") ");
    if (name_end == text.npos) return false;
    const char* at = text.c_str() + name_end + 4;  // after the state
    std::vector<long> fields;
    for (char* end = nullptr; fields.size() < 21; at = end) {
        fields.push_back(std::strtol(at, &end, 10));
        if (end == at) return false;
    }
    process.parent = static_cast<pid_t>(fields[0]);
    process.resident =
        static_cast<std::size_t>(fields[20]) * static_cast<std::size_t>(::getpagesize());
    return true;
}

// A process and all below it.
struct Family {
    std::size_t memory = 0;
    std::size_t processes = 0;
};

Family family_of(pid_t root) {
    std::map<pid_t, Process> processes;
    DIR* folder = ::opendir("/proc");
    if (folder == nullptr) return {};
    while (const dirent* entry = ::readdir(folder)) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        Process process;
        if (read_stat(entry->d_name, process)) processes[std::atoi(entry->d_name)] = process;
    }
    ::closedir(folder);
    Family family;
    for (const auto& [pid, process] : processes) {
        pid_t above = pid;
        while (above != root && above != 0) {
            const auto parent = processes.find(above);
            above = parent == processes.end() ? 0 : parent->second.parent;
        }
        if (above != root) continue;
        family.memory += process.resident;
        ++family.processes;
    }
    return family;
}

struct Child {
    pid_t pid;
    net::Fd output;
};

struct Pipe {
    net::Fd reader, writer;
};

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) net::throw_system_error("cannot make a pipe");
    return {net::Fd{ends[0]}, net::Fd{ends[1]}};
}

Child start(const std::vector<std::string>& arguments, std::string_view text) {
    Pipe output = make_pipe(), input = make_pipe();
    if (::write(input.writer.get(), text.data(), text.size()) < 0) net::throw_system_error("cannot write");
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) net::throw_system_error("cannot start " + arguments[0]);
    if (pid == 0) {
        // Only calls that are safe after a fork in a program with threads.
        ::setpgid(0, 0);
        ::dup2(input.reader.get(), STDIN_FILENO);
        ::dup2(output.writer.get(), STDOUT_FILENO);
        ::dup2(output.writer.get(), STDERR_FILENO);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    ::setpgid(pid, pid);  // whoever comes first
    return {pid, std::move(output.reader)};
}

// Reads what is there; false at the end.
bool take_output(int fd, std::string& output) {
    char buffer[65536];
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size > 0) output.append(buffer, static_cast<std::size_t>(size));
    return size > 0 || (size < 0 && errno == EINTR);
}

}  // namespace

Ended run(const std::vector<std::string>& arguments, const Bounds& bounds, std::string_view input) {
    Child child = start(arguments, input);
    Ended ended;
    const auto deadline = Clock::now() + bounds.time;
    auto measured = Clock::now();
    auto few = measured;  // when there were not too many processes
    int status = 0;
    bool open = true, running = true;
    // It may close its outputs and go on, so both ends count.
    while ((open || running) && ended.how == Ended::How::exited) {
        pollfd wait{open ? child.output.get() : -1, POLLIN, 0};
        ::poll(&wait, 1, static_cast<int>(interval.count()));
        if (open && wait.revents != 0) open = take_output(child.output.get(), ended.output);
        if (!open) running = ::waitpid(child.pid, &status, WNOHANG) == 0;
        if (ended.output.size() > bounds.output) ended.how = Ended::How::too_much_output;
        if (Clock::now() >= deadline) ended.how = Ended::How::too_late;
        const bool bounded = bounds.memory > 0 || bounds.processes > 0;
        if (!bounded || Clock::now() - measured < interval) continue;
        measured = Clock::now();
        const Family family = family_of(child.pid);
        const bool many = bounds.processes > 0 && family.processes > bounds.processes;
        if (!many) few = measured;
        if (measured - few > moment) ended.how = Ended::How::too_many_processes;
        // Each copy of a fork bomb counts what they share, so the memory may be over first.
        if (bounds.memory > 0 && family.memory > bounds.memory)
            ended.how = many ? Ended::How::too_many_processes : Ended::How::too_much_memory;
    }
    // With all that it has started: the sandbox would see to that, but not every run has one.
    ::kill(-child.pid, SIGKILL);
    if (running) {
        while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) continue;
    }
    ended.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    ended.output.resize(std::min(ended.output.size(), bounds.output));
    return ended;
}

}  // namespace grade
