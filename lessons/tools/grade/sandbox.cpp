// The command line of bwrap. It matters which user runs it: RLIMIT_NPROC does not bind the
// superuser, neither in a user namespace that maps to it. So root's sandboxes become another user,
// each submission one of its own (the limit counts a user's processes, and those of a fork bomb take
// a while to go), inside the mounts that root made; anybody else's get a user namespace, which counts
// by itself.
#include "lessons/tools/grade/sandbox.hpp"

#include <unistd.h>

#include "lessons/tools/grade/limits.hpp"

namespace grade {

namespace {

namespace fs = std::filesystem;

constexpr const char* max_tree_bytes = "805306368";    // build/ with what had to be built anew
constexpr const char* max_scratch_bytes = "67108864";  // /tmp, and work/
constexpr const char* max_results_bytes = "1048576";

// A folder that bwrap makes only because something lies below it is closed to others than root.
void add_open_folder(Words& words, const fs::path& path) {
    if (path.has_relative_path()) add_open_folder(words, path.parent_path());
    if (path.has_relative_path()) add(words, {"--perms", "0755", "--dir", path.string()});
}

// A read-only /usr and the few files of /etc that a compiler and a resolver read.
void add_root(Words& words) {
    add(words, {"--ro-bind", "/usr", "/usr"});
    for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
        const fs::path path = fs::path{"/"} / name;
        if (fs::is_symlink(path))
            add(words, {"--symlink", fs::read_symlink(path).string(), path.string()});
        else if (fs::exists(path))
            add(words, {"--ro-bind", path.string(), path.string()});
    }
    add_open_folder(words, "/etc");  // awk and c++ are chosen in /etc/alternatives
    for (const char* name : {"alternatives", "hosts", "ld.so.cache", "nsswitch.conf", "protocols",
                             "services", "gai.conf", "passwd", "group"})
        add(words, {"--ro-bind-try", std::string{"/etc/"} + name, std::string{"/etc/"} + name});
    add(words, {"--proc", "/proc", "--dev", "/dev"});
}

void add_memory_folder(Words& words, const char* bytes, const fs::path& path) {
    add(words, {"--perms", "1777", "--size", bytes, "--tmpfs", path.string()});
}

Ended run_command(const Sandbox& sandbox, const fs::path& files, const Words& command,
                  std::size_t processes, const std::string& input) {
    // Its first process cannot be killed from inside, and with its end all others end.
    Words words{"bwrap",         "--die-with-parent", "--as-pid-1",    "--new-session",
                "--unshare-pid", "--unshare-net",     "--unshare-ipc", "--unshare-uts",
                "--unshare-cgroup-try", "--clearenv"};
    if (::geteuid() == 0)
        add(words, {"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
                    "--cap-add", "CAP_SETPCAP"});
    else
        add(words, {"--unshare-user"});
    for (const auto& [name, value] : environment(sandbox.memory)) add(words, {"--setenv", name, value});
    add_root(words);
    add_memory_folder(words, max_scratch_bytes, "/tmp");
    add_open_folder(words, sandbox.tree);
    add(words, {"--ro-bind", sandbox.tree.string(), sandbox.tree.string(), "--ro-bind",
                sandbox.base.string(), "/base", "--ro-bind", files.string(), "/submission",
                "--ro-bind", sandbox.script.string(), "/inside.sh"});
    add_memory_folder(words, max_tree_bytes, sandbox.tree / "build");
    add_memory_folder(words, max_scratch_bytes, sandbox.tree / "work");
    // The results have room, whatever else is full.
    add_memory_folder(words, max_results_bytes, sandbox.tree / "work" / ".course");
    add(words, {"--remount-ro", "/", "--chdir", sandbox.tree.string(), "--"});
    add_limits(words, sandbox.number);
    words.insert(words.end(), command.begin(), command.end());
    return run(words, {.time = sandbox.time,
                       .output = 2u << 20,
                       .memory = sandbox.memory,
                       .processes = processes},
               input);
}

}  // namespace

Ended run_inside(const Sandbox& sandbox, const fs::path& files, const Words& arguments,
                 const std::string& line) {
    if (sandbox.none) return run_as_another(sandbox, files, arguments, line + '\n');
    Words command{"bash", "/inside.sh"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_command(sandbox, files, command, enough_processes(), line + '\n');
}

std::string missing_for_sandbox(const Sandbox& sandbox) {
    if (sandbox.none) return missing_for_another();
    // Many more processes are asked for; how many there are at most is counted meanwhile,
    // without starting another one.
    const Ended ended = run_command(
        sandbox, sandbox.tree,
        {"bash", "-c",
         "grep -q '^ *lo:' /proc/net/dev && (($(wc -l </proc/net/dev) == 3)) && echo loopback\n"
         "seq $(($1 * 3)) | xargs -P 0 -I{} sleep 4 &\n"
         "most=0\n"
         "while ((SECONDS < 3)); do\n"
         "    now=(/proc/[0-9]*)\n"
         "    ((${#now[@]} <= most)) || most=${#now[@]}\n"
         "done\n"
         "((most > $1 + 20)) || echo bounded\n"
         "wait\n"
         "for compiler in c++ g++; do\n"
         "    echo 'int main() {}' | $compiler -x c++ -o /tmp/$compiler - && /tmp/$compiler || exit\n"
         "done\n"
         "awk 'BEGIN { print \"compiles\" }'\n",
         "probe", std::to_string(max_processes())},
        0, "");
    const auto says = [&ended](const char* word) {
        return ended.output.find(word) != ended.output.npos;
    };
    if (ended.status == 127 || says("execvp"))
        return "needs bwrap (package bubblewrap), prlimit and setpriv (package util-linux)";
    if (says("bwrap: "))
        return "bwrap cannot make a sandbox here (" +
               ended.output.substr(0, ended.output.find('\n')) + "); run it as root";
    if (!says("loopback")) return "the sandbox has another network than loopback";
    if (!says("bounded")) return "the limit of processes does not hold here";
    if (!says("compiles"))
        return "nothing can be built in the sandbox: " + ended.output.substr(0, ended.output.rfind('\n'));
    return "";
}

}  // namespace grade
