// The student's programs: started, typed into, read, and looked at when they die.
// A program lives as long as the run of its scenario and serves all cuts of it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "lessons/tools/check/run.hpp"

namespace check {

class Program {
  public:
    // `path` is shown to nobody; `name` is what a student calls it: "server".
    // `channel`: becomes its descriptor 3; nothing else of ours is open there.
    Program(Run& run, const std::string& path, std::string name,
            std::vector<std::string> arguments, int channel = -1);
    ~Program();  // kills it
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    const std::string& name() const { return name_; }
    pid_t pid() const { return pid_; }
    const std::vector<std::string>& arguments() const { return arguments_; }

    // The next line that it prints on standard output. Fails with "nothing received", with what
    // was printed on standard error beside it.
    std::string line();
    // The next line is this one; fails otherwise, and shows both.
    void expect_line(std::string_view expected, std::string_view why = {});
    // Skips lines until one contains `part`.
    std::string line_with(std::string_view part);
    // Types a line (give the '\n' with it). A program that reads no more takes nothing.
    void type(std::string_view text);
    void end_of_input();
    void signal(int number);  // SIGINT is Ctrl-C
    // Waits for its end: the exit status, 128 + n when signal n ended it.
    int wait();
    bool ended();  // without waiting

    // All that it has printed so far.
    const std::string& output();
    const std::string& errors();

    // The last lines that it printed, but for a sanitizer's report and the line that says where it
    // listens: "        Your server printed:" and each line below it. Empty: none.
    std::string printed();

    // Why it died, when it did by a mistake of its own: a signal, or a sanitizer's report.
    std::optional<std::string> crash(Milliseconds wait);
    // CPU time that it has used so far.
    Milliseconds cpu_time() const;
    // " It is waiting in sendto." for each system call in which one of its threads waits.
    std::string where_it_waits() const;
    // How many of its threads wait for a lock, a condition or another thread's end.
    std::size_t waiting_threads() const;
    // A signal for each of its threads: whatever waits says EINTR.
    void interrupt();
    // Memory that it has now, and that it has asked for, used or not. The sanitizers' is included: of
    // use as a difference.
    std::size_t resident_kib() const { return kib_of("VmRSS:"); }
    std::size_t requested_kib() const { return kib_of("VmSize:"); }

    // The port in the first line of a server. The same for each call.
    std::uint16_t port();

    void read_output();  // what is there, without waiting
    int out() const { return out_; }
    int err() const { return err_; }

  private:
    std::size_t kib_of(std::string_view entry) const;
    void read_some(int& fd, std::string& text);
    std::string next_line(const std::string& wanted, std::string_view expected = {});
    std::string held_back();
    [[noreturn]] void fail_silent(std::string_view expected, const std::string& wanted);
    bool reap();
    std::string what_it_said();

    Run& run_;
    std::string name_;
    std::vector<std::string> arguments_;
    pid_t pid_ = -1;
    int in_ = -1, out_ = -1, err_ = -1;
    std::string output_, errors_;
    std::size_t read_ = 0;  // of output_, handed out by line()
    std::optional<int> status_;
    bool told_to_end_ = false;
    bool serves_ = false;  // has said where it listens
    bool functions_ = false;  // it is no program of the student's, but what calls the functions
    std::uint16_t port_ = 0;
};

// build/…/lessons/05-frames/server of the scenario's lesson, on a free port.
class Server {
  public:
    explicit Server(Run& run, std::vector<std::string> arguments = {});

    std::uint16_t port() const { return program_.port(); }
    Program& program() { return program_; }
    Program* operator->() { return &program_; }

  private:
    Program& program_;
};

class Host;

// build/…/lessons/05-frames/client of the scenario's lesson, started anew for each cut, against a
// host that the check plays (peer.hpp), or whatever is at this port of the loopback.
class Client {
  public:
    Client(Run& run, const Host& host, std::vector<std::string> arguments = {});
    Client(Run& run, std::uint16_t port, std::vector<std::string> arguments = {});
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Program& program() { return program_; }
    Program* operator->() { return &program_; }

  private:
    Run& run_;
    Program& program_;
};

// What a sanitizer, an assertion or an uncaught exception wrote, in one line: the kind of fault in
// plain words, the function, the student's file and line. Nothing: there is no such report.
// `own_files`: those with exercises of this lesson; a line in them says more than one below them.
std::optional<std::string> read_report(const std::string& errors,
                                       const std::vector<std::string>& own_files = {});

// Those files, as $CHECK_FILES has them ("5/2", a tab, "src/ws/frame.cpp", …).
std::vector<std::string> own_files(int lesson);

// "work/src/ws/frame.cpp" of a path in a report: less the folder of the repository.
std::string known_path(std::string path);

}  // namespace check
