// The child processes of wss://, and openssl's complaints in wscat's words.
// A passphrase goes through a pipe, and no name of a file is taken for an option: each has its own.
// Leaves out: session tickets, ALPN, and every other wish that s_client could fulfil.
#include "clients/wsc/tls.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "clients/wsc/failure.hpp"
#include "net/address.hpp"
#include "net/os_error.hpp"
#include "net/out_buffer.hpp"
#include "net/parse_ip.hpp"
#include "ws/hex.hpp"

namespace wsc {

namespace {

// The descriptor from which openssl reads the key's passphrase: an argument could be read by every
// user of the machine (`ps`).
constexpr int passphrase_fd = 3;

bool is_executable(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

bool openssl_is_installed() {
    const char* folders = std::getenv("PATH");
    std::istringstream list{folders != nullptr ? folders : "/usr/bin:/bin"};
    for (std::string folder; std::getline(list, folder, ':');)
        if (is_executable((folder.empty() ? "." : folder) + "/openssl")) return true;
    return false;
}

// One direction of the carrier. Neither side may have to wait for the other direction: a server may
// refuse to read until we have read, so nothing here blocks.
class Lane {
  public:
    Lane(int from, int to) : from_{from}, to_{to} {}

    // What to wait for: either more bytes, or room for those that are here.
    pollfd reading() const { return {out_.empty() ? from_ : -1, POLLIN, 0}; }
    pollfd writing() const { return {out_.empty() ? -1 : to_, POLLOUT, 0}; }

    // Moves what can be moved; false at the end.
    bool move() {
        if (out_.empty()) {
            std::array<std::uint8_t, 65536> chunk;
            const ssize_t got = ::read(from_, chunk.data(), chunk.size());
            if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
            out_.append(std::span{chunk}.first(static_cast<std::size_t>(got)));
        }
        const auto bytes = out_.bytes();
        const ssize_t sent = ::send(to_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR;
        out_.taken(static_cast<std::size_t>(sent));
        return true;
    }

  private:
    int from_;
    int to_;
    net::OutBuffer out_;
};

// Both directions, until either side has ended. The descriptors do not block.
void carry(int server, int openssl) {
    Lane in{server, openssl};
    Lane out{openssl, server};
    for (;;) {
        std::array<pollfd, 4> polled{in.reading(), in.writing(), out.reading(), out.writing()};
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
        if ((polled[0].revents | polled[1].revents) != 0 && !in.move()) return;
        if ((polled[2].revents | polled[3].revents) != 0 && !out.move()) return;
    }
}

std::vector<std::string> openssl_arguments(const std::string& host, const std::string& path,
                                           const TlsOptions& options) {
    std::vector<std::string> arguments{"openssl",     "s_client", "-quiet", "-verify_quiet",
                                       "-nocommands", "-unix",    path};
    const auto add = [&arguments](const char* name, const std::string& value) {
        arguments.insert(arguments.end(), {name, value});
    };
    const bool is_address = net::parse_ip(host).has_value();
    if (is_address)
        arguments.push_back("-noservername");
    else
        add("-servername", host);
    if (options.check) {
        arguments.push_back("-verify_return_error");
        add(is_address ? "-verify_ip" : "-verify_hostname", host);
    }
    if (!options.ca.empty()) {
        add("-CAfile", options.ca);
        // These authorities, and no others.
        arguments.insert(arguments.end(), {"-no-CApath", "-no-CAstore"});
    }
    if (!options.cert.empty()) add("-cert", options.cert);
    if (!options.key.empty()) add("-key", options.key);
    add("-pass", "fd:" + std::to_string(passphrase_fd));
    return arguments;
}

// "verify error:num=18:self-signed certificate", or "...:SSL routines::wrong version number:...".
std::string in_wscats_words(const std::string& said, const std::string& host) {
    std::istringstream lines{said};
    for (std::string line; std::getline(lines, line);) {
        if (const std::size_t at = line.find("verify error:num="); at != std::string::npos) {
            const std::size_t colon = line.find(':', at + 17);
            const std::string number = line.substr(at + 17, colon - at - 17);
            if (number == "62" || number == "64")
                return "Hostname/IP does not match certificate's altnames: " + host +
                       " is not in the certificate";
            return colon == std::string::npos ? line : line.substr(colon + 1);
        }
        if (line.find("wrong version number") != std::string::npos)
            return "wrong version number (this port does not speak TLS; is it ws://?)";
        // 80AB...:error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:file:line:
        if (const std::size_t at = line.find(":error:"); at != std::string::npos) {
            std::istringstream fields{line.substr(at + 1)};
            std::string field;
            for (int i = 0; i < 5; ++i) std::getline(fields, field, ':');
            if (!field.empty()) return field;
        }
    }
    return said.substr(0, said.find('\n'));
}

// openssl reads the files of the options before it says a word to the server. Which of them it was
// stands nowhere in its complaint in words that a user of wsc knows. Empty: it was none of them.
std::string fault_of_file(const std::string& said, const TlsOptions& options) {
    const auto says = [&said](std::string_view words) { return said.find(words) != said.npos; };
    const bool not_loaded = says("Could not ") || says("Unable to load ");
    if (says("X509_load_cert_crl_file"))
        return "--ca: '" + options.ca + "' holds no certificate that can be read (PEM)";
    if (says("key values mismatch"))
        return "--key: '" + (options.key.empty() ? options.cert : options.key) +
               "' is not the key of the certificate in '" + options.cert + "'";
    if (not_loaded && says("client certificate private key") && options.key.empty())
        return "--cert: '" + options.cert + "' holds no private key; its file is given with --key";
    if (not_loaded && says("client certificate private key"))
        return "--key: '" + options.key +
               "' holds no private key (PEM) that can be read, or --passphrase is not the one of it";
    if (not_loaded && says("client certificate"))
        return "--cert: '" + options.cert + "' holds no certificate that can be read (PEM)";
    return "";
}

void check_readable(const char* option, const std::string& path) {
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
        throw OwnFailure{std::string{option} + ": cannot read '" + path +
                         "': " + std::strerror(errno)};
}

void end_child(pid_t child) {
    if (child < 0) return;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace

void check_tls(const TlsOptions& options) {
    if (!openssl_is_installed())
        throw OwnFailure{"wss:// needs the program openssl, and it is not installed"};
    check_readable("--ca", options.ca);
    check_readable("--cert", options.cert);
    check_readable("--key", options.key);
}

std::string ask_passphrase() {
    const net::Fd terminal{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    termios saved{};
    if (!terminal || ::tcgetattr(terminal.get(), &saved) != 0)
        throw OwnFailure{"--passphrase without a value asks for it, and there is no terminal"};
    termios silent = saved;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal.get(), TCSAFLUSH, &silent);
    constexpr std::string_view question = "Passphrase: ";
    std::string answer;
    const bool asked = ::write(terminal.get(), question.data(), question.size()) > 0;
    for (char c = 0; asked && ::read(terminal.get(), &c, 1) == 1 && c != '\n';) answer += c;
    ::tcsetattr(terminal.get(), TCSAFLUSH, &saved);
    [[maybe_unused]] const auto told = ::write(terminal.get(), "\n", 1);
    return answer;
}

Tls::Tls(net::Fd socket, std::string host, const TlsOptions& options)
    : host_{std::move(host)}, options_{options} {
    const char* temporary = std::getenv("TMPDIR");
    folder_ = std::string{temporary != nullptr && *temporary != '\0' ? temporary : "/tmp"} +
              "/wsc-XXXXXX";
    // Only its owner may enter the folder, so nobody else can take openssl's place.
    if (::mkdtemp(folder_.data()) == nullptr)
        throw OwnFailure{"cannot make a folder " + folder_ + ": " + std::strerror(errno)};
    path_ = folder_ + "/tls";
    start_carrier(std::move(socket));
    start_openssl();
}

Tls::~Tls() {
    end_child(openssl_);
    end_child(carrier_);
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
}

void Tls::start_carrier(net::Fd server) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
        throw OwnFailure{"the path of $TMPDIR is too long for a socket in it: " + folder_};
    std::memcpy(address.sun_path, path_.data(), path_.size());
    const net::Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        ::listen(listener.get(), 1) < 0)
        net::throw_system_error("cannot make the socket " + path_);
    carrier_ = ::fork();
    if (carrier_ < 0) net::throw_system_error("fork");
    if (carrier_ > 0) return;
    become_child();
    const int openssl = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (openssl >= 0) carry(server.get(), openssl);
    ::_exit(0);
}

void Tls::start_openssl() {
    int stream[2];
    int errors[2];
    int passphrase[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) < 0 ||
        ::pipe2(errors, O_CLOEXEC) < 0 || ::pipe2(passphrase, O_CLOEXEC) < 0)
        net::throw_system_error("cannot make a socket for openssl");
    stream_ = net::Fd{stream[0]};
    errors_ = net::Fd{errors[0]};
    const net::Fd theirs{stream[1]}, their_errors{errors[1]}, their_passphrase{passphrase[0]};
    net::Fd our_passphrase{passphrase[1]};
    ::fcntl(stream_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(errors_.get(), F_SETFL, O_NONBLOCK);

    const std::string secret = options_.passphrase.value_or("") + '\n';
    if (::write(our_passphrase.get(), secret.data(), secret.size()) < 0)
        net::throw_system_error("cannot hand over the passphrase");
    our_passphrase.close();

    const std::vector<std::string> arguments = openssl_arguments(host_, path_, options_);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    openssl_ = ::fork();
    if (openssl_ < 0) net::throw_system_error("fork");
    if (openssl_ > 0) return;
    become_child();
    // The first of them may be one of the numbers that the others go to; dup2() of a number to
    // itself would leave it to be closed by exec, so all go through new numbers first.
    const int in = ::fcntl(theirs.get(), F_DUPFD, 10),
              say = ::fcntl(their_errors.get(), F_DUPFD, 10),
              pass = ::fcntl(their_passphrase.get(), F_DUPFD, 10);
    ::dup2(in, STDIN_FILENO), ::dup2(in, STDOUT_FILENO), ::dup2(say, STDERR_FILENO);
    ::dup2(pass, passphrase_fd);
    ::close(in), ::close(say), ::close(pass);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

std::string Tls::complaint(const Waiting& waiting) {
    std::string said;
    std::array<char, 4096> chunk;
    for (;;) {
        const ssize_t got = ::read(errors_.get(), chunk.data(), chunk.size());
        if (got > 0)
            said.append(chunk.data(), static_cast<std::size_t>(got));
        else if (got < 0 && errno == EAGAIN)
            waiting.until_readable(errors_.get());
        else if (got == 0 || errno != EINTR)
            break;
    }
    const std::string fault = fault_of_file(said, options_);
    if (!fault.empty()) throw OwnFailure{ws::escape(fault)};
    return ws::escape(in_wscats_words(said, host_));
}

}  // namespace wsc
