// Each option once, with its reader and its line in --help. The man page and the completion for
// bash list the same ones, and a test holds the three together.
// Leaves out: a configuration file.
#include "clients/wsc/options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "cli/options.hpp"
#include "net/address.hpp"
#include "net/parse_ip.hpp"
#include "net/url.hpp"
#include "ws/hex.hpp"
#include "ws/unhex.hpp"
#include "ws/http.hpp"
#include "ws/utf8.hpp"

namespace wsc {

namespace {

using cli::UsageError;

template <typename T>
std::optional<T> number(const std::string& text, T min, T max) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= min && value <= max ? std::optional{value} : std::nullopt;
}

Target read_target(const std::string& text) {
    try {
        return parse_target(text);
    } catch (const net::UrlError& error) {
        throw UsageError{std::string{"a URL such as ws://localhost:8080/ws; "} + error.what()};
    }
}

std::chrono::milliseconds read_seconds(const std::string& text) {
    const auto seconds = number(text, 0.001, 86'400.0);
    if (!seconds) throw UsageError{"seconds, from 0.001 to 86400"};
    return std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)};
}

std::chrono::milliseconds read_wait(const std::string& text) {
    if (text == "-1") return std::chrono::milliseconds{-1};
    const auto seconds = number(text, 0.0, 86'400.0);
    if (!seconds) throw UsageError{"seconds from 0 to 86400, or -1 to hold the connection open"};
    return std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)};
}

// Headers that would contradict the handshake that wsc makes.
const char* why_not(std::string_view name) {
    constexpr std::pair<const char*, const char*> refused[] = {
        {"Sec-WebSocket-Protocol", "; subprotocols are given with -s"},
        {"Sec-WebSocket-Version", "; the version is given with -p"},
        {"Sec-WebSocket-Key", ""},
        {"Sec-WebSocket-Extensions", ""},
        {"Connection", ""},
        {"Upgrade", ""},
        {"Content-Length", ""},
        {"Transfer-Encoding", ""}};
    for (const auto& [ours, advice] : refused)
        if (ws::equals_ignoring_case(name, ours)) return advice;
    return nullptr;
}

// Also an address of IPv6 as people write it; in a Host header it stands in brackets.
std::string read_host(const std::string& text) {
    const auto address = net::parse_ip(text);
    if (address && address->family() == AF_INET6) return '[' + text + ']';
    if (!ws::is_host(text)) throw UsageError{"a host such as example.com, with an optional port"};
    return text;
}

void read_header(Settings& settings, const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    if (colon == std::string::npos || !ws::is_token(name))
        throw UsageError{
            "a header such as 'X-Name: value', whose name has letters, digits and '-'"};
    const std::string value{ws::trim(std::string_view{text}.substr(colon + 1))};
    if (!ws::is_header_value(value))
        throw UsageError{"a value without line feeds and other control characters"};
    if (const char* advice = why_not(name))
        throw UsageError{"a header that the handshake does not decide about" + std::string{advice}};
    if (ws::equals_ignoring_case(name, "Host")) {
        settings.host = read_host(value);
    } else if (ws::equals_ignoring_case(name, "Origin")) {
        if (!settings.origin.empty()) throw UsageError{"one Origin, by -H or by -o"};
        settings.origin = value;
    } else {
        settings.headers.emplace_back(name, value);
    }
}

void read_subprotocol(Settings& settings, const std::string& text) {
    if (!ws::is_token(text))
        throw UsageError{"a name of letters, digits and some of !#$%&'*+-.^_`|~"};
    for (const std::string& other : settings.subprotocols)
        if (other == text) throw UsageError{"each subprotocol once"};
    settings.subprotocols.push_back(text);
}

Proxy read_proxy(const std::string& text) {
    try {
        std::string url = text;
        if (url.find("://") == std::string::npos) url = "http://" + url;
        const bool socks = url.starts_with("socks5://") || url.starts_with("socks5h://");
        if (socks) url = "http" + url.substr(url.find("://"));
        if (!url.starts_with("http://"))
            throw net::UrlError{"only http:// proxies are known, and socks5://"};
        Target target = parse_target(url);
        if (socks && target.port == 80 && url.find(":80", 7) == std::string::npos) target.port = 1080;
        return {target.host, target.port, target.credentials, socks};
    } catch (const net::UrlError& error) {
        throw UsageError{std::string{"a proxy such as http://user:password@host:3128; "} +
                         error.what()};
    }
}

void read_resolve(Settings& settings, const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string address = colon == std::string::npos ? "" : text.substr(colon + 1);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    const std::string bare = bracketed ? address.substr(1, address.size() - 2) : address;
    if (colon == 0 || !net::parse_ip(bare))
        throw UsageError{"a host and its address, such as example.com:127.0.0.1"};
    settings.resolve.emplace_back(text.substr(0, colon), bare);
}

// "*", "example.com" (and all below it), ".example.com".
bool is_excepted(std::string_view list, std::string_view host) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view entry = ws::trim(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
        if (entry == "*") return true;
        if (entry.starts_with('.')) entry.remove_prefix(1);
        if (entry.empty() || entry.size() > host.size()) continue;
        const std::size_t before = host.size() - entry.size();
        if (ws::equals_ignoring_case(host.substr(before), entry) &&
            (before == 0 || host[before - 1] == '.'))
            return true;
    }
    return false;
}

// The variables that other programs go by. This machine is never asked for through a proxy.
void read_proxy_variables(Settings& settings) {
    const Target& target = *settings.connect;
    const auto address = net::parse_ip(target.host);
    const bool here = target.host == "localhost" || (address && (address->ip() == "::1" || address->ip().starts_with("127.")));
    if (settings.proxy || here || !target.unix_path.empty()) return;
    const auto variable = [](std::initializer_list<const char*> names) {
        for (const char* name : names)
            if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
                return std::string{value};
        return std::string{};
    };
    // HTTP_PROXY in capitals could be set by a request to a CGI program, so nobody reads it.
    const std::string proxy = target.secure ? variable({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                                            : variable({"http_proxy", "all_proxy", "ALL_PROXY"});
    if (proxy.empty() || is_excepted(variable({"no_proxy", "NO_PROXY"}), target.host)) return;
    try {
        settings.proxy = read_proxy(proxy);
    } catch (const UsageError& error) {
        throw UsageError{"the variable for a proxy, '" + proxy + "': expected " + error.what()};
    }
}

void declare_modes(cli::Options& options, Settings& settings, bool& show_version) {
    const auto connect = [&](const std::string& text) {
        if (settings.connect) throw UsageError{"one URL only"};
        settings.connect = read_target(text);
    };
    options.custom("-c, --connect", "URL",
                   "connect to a server; host:port means its path /ws",
                   connect);
    options.positional("URL", "the same without -c", [connect](const std::string& text) {
        try {
            connect(text);
        } catch (const UsageError& error) {
            throw UsageError{'\'' + text + "': expected " + error.what()};
        }
    });
    options.custom("-l, --listen", "PORT", "listen on a port, or on a Unix socket's path",
                   [&](const std::string& text) {
                       const bool path = text.find('/') != std::string::npos;
                       settings.listen_path = path ? text : "";
                       settings.listen = path ? std::optional<std::uint16_t>{std::uint16_t{0}}
                                              : number<std::uint16_t>(text, 0, 65535);
                       if (!settings.listen) throw UsageError{"a number from 0 to 65535"};
                   });
    options.number("--clients", settings.clients, 1, 1024, "N",
                   "-l: at once; what is typed goes to all");
    options.text("--run", settings.run, "COMMAND", "-l: a program for each client, lines are messages");
    options.number("--max-programs", settings.max_programs, 1, 1u << 20, "N",
                   "--run: further clients get 503");
    options.flag("-V, --version", show_version, "show the version");
}

void declare_handshake(cli::Options& options, Settings& settings) {
    options.custom("-H, --header", "NAME:VALUE", "send a header; may be repeated",
                   [&](const std::string& text) { read_header(settings, text); });
    options.custom("-s, --subprotocol", "NAME", "offer a subprotocol; may be repeated",
                   [&](const std::string& text) { read_subprotocol(settings, text); });
    options.custom("-o, --origin", "ORIGIN", "send the Origin of a page",
                   [&](const std::string& text) {
                       if (!ws::is_header_value(text))
                           throw UsageError{"an origin such as http://localhost:8080"};
                       if (!settings.origin.empty()) throw UsageError{"one Origin, by -H or by -o"};
                       settings.origin = text;
                   });
    options.custom("-p, --protocol", "VERSION", "protocol version, 13 (default) or 8",
                   [&](const std::string& text) {
                       if (text != "13" && text != "8") throw UsageError{"13 or 8"};
                       settings.protocol_version = text == "8" ? 8 : 13;
                   });
    options.custom("--host", "HOST", "the Host header; with -l the address to listen on",
                   [&](const std::string& text) { settings.host = read_host(text); });
    options.custom("--auth", "USER:PASSWORD", "send basic HTTP authentication",
                   [&](const std::string& text) {
                       if (!ws::is_header_value(text))
                           throw UsageError{"a name and a password, such as user:password"};
                       settings.authorization = text;
                   });
}

void declare_transport(cli::Options& options, Settings& settings) {
    options.flag("-L, --location", settings.follow_redirects, "follow redirects");
    options.custom(
        "--max-redirects", "[NUM]", "how many at most (default: 10)", [&](const std::string& text) {
            const auto count = number<std::uint64_t>(text.empty() ? "10" : text, 0, 1000);
            if (!count) throw UsageError{"a number from 0 to 1000"};
            settings.max_redirects = *count;
        });
    options.custom("--proxy", "URL", "connect through a proxy: http://, socks5://",
                   [&](const std::string& text) { settings.proxy = read_proxy(text); });
    options.custom("--resolve", "HOST:ADDRESS", "where this host is; may be repeated",
                   [&](const std::string& text) { read_resolve(settings, text); });
    options.custom("-n, --no-check", "", "wss: accept any certificate",
                   [&](const std::string&) { settings.tls.check = false; });
    options.text("--ca", settings.tls.ca, "FILE", "wss: trust these authorities (PEM)");
    options.text("--cert", settings.tls.cert, "FILE", "wss: the client's own certificate (PEM)");
    options.text("--key", settings.tls.key, "FILE", "wss: its private key (PEM)");
    options.custom("--passphrase", "[TEXT]", "wss: the key's passphrase; asked for without TEXT",
                   [&](const std::string& text) { settings.tls.passphrase = text; });
}

void declare_session(cli::Options& options, Settings& settings) {
    options.custom("-x, --execute", "MESSAGE", "send this, wait (-w), leave; may be repeated",
                   [&](const std::string& text) { settings.execute.push_back(text); });
    options.custom("-w, --wait", "SECONDS", "after the last message; -1: for ever (default: 2)",
                   [&](const std::string& text) { settings.wait = read_wait(text); });
    options.flag("-P, --show-ping-pong", settings.show_pings, "tell of pings and pongs");
    options.flag("--slash", settings.slash, "/ping, /pong, /close and /binary are commands");
    options.custom("--no-color", "", "no colors; so does the variable NO_COLOR",
                   [&](const std::string&) { settings.color = false; });
}

void declare_our_options(cli::Options& options, Settings& settings) {
    options.flag("--binary", settings.binary, "lines are hex, and sent as binary messages");
    options.flag("--raw", settings.raw, "all of standard input is one message");
    options.flag("-0, --null", settings.null_separated, "messages of standard input end with a NUL");
    options.custom("--send", "FILE", "send a file and leave, as -x does; may be repeated",
                   [&](const std::string& text) { settings.files.push_back(text); });
    options.flag("--reconnect", settings.reconnect, "connect again when the connection is lost");
    options.flag("--quiet", settings.quiet, "messages and errors, and nothing else");
    options.flag("--json", settings.json, "indent messages that are JSON");
    options.flag("--timestamps", settings.timestamps, "begin each line with the time");
    options.text("--output", settings.output, "FILE", "write messages to FILE, as they are");
    options.custom("--no-compress", "", "offer no compression",
                   [&](const std::string&) { settings.compress = false; });
    options.custom("--ping", "SECONDS", "send a ping so often; a silent peer is an error",
                   [&](const std::string& text) { settings.ping_interval = read_seconds(text); });
    options.flag("--trace", settings.trace, "show what crosses the wire, on standard error");
    options.text("--record", settings.record, "FILE", "write the session to FILE");
    options.text("--pcap", settings.pcap, "FILE", "write what crosses to FILE, for Wireshark");
    options.text("--replay", settings.replay, "FILE", "send what the client in a record sent");
    options.seconds("--handshake-timeout", settings.handshake_timeout, "for the opening");
    options.seconds("--close-timeout", settings.close_timeout, "for the answer to a Close");
    options.seconds("--write-timeout", settings.write_timeout, "for the peer to take a byte");
    options.number("--max-message-bytes", settings.max_message_bytes, 1, std::uint64_t{1} << 40,
                   "N", "larger messages are refused");
    options.flag("--status", settings.tell_status, "the exit status tells how it ended");
    options.text("--history", settings.history, "FILE", "keep typed lines here");
    options.custom("--no-history", "", "keep no typed lines",
                   [&](const std::string&) { settings.keep_history = false; });
}

// What comes and goes is the program's then.
void check_run(const Settings& settings) {
    const std::pair<bool, const char*> refused[] = {
        {!settings.listen_path.empty(), "a Unix socket"}, {!settings.record.empty(), "--record"},
        {settings.clients > 1, "--clients"},
        {!settings.pcap.empty(), "--pcap"},               {!settings.output.empty(), "--output"},
        {settings.show_pings, "-P"},                      {settings.slash, "--slash"},
        {settings.binary, "--binary"},                    {settings.raw, "--raw"},
        {settings.null_separated, "-0"},                  {settings.json, "--json"}};
    for (const auto& [given, name] : refused)
        if (given) throw UsageError{std::string{"--run does not go together with "} + name};
}

// Options of one mode in the other would do nothing; that is better said than kept silent.
void check_together(const Settings& settings) {
    if (settings.connect && settings.listen) throw UsageError{"use either --listen or --connect"};
    const bool basic = !settings.authorization.empty() ||
                       (settings.connect && !settings.connect->credentials.empty());
    for (const auto& [name, value] : settings.headers)
        if (basic && ws::equals_ignoring_case(name, "Authorization"))
            throw UsageError{"one Authorization: by -H, by --auth, or in the URL"};
    if (settings.raw && settings.null_separated)
        throw UsageError{"either --raw, one message, or -0, messages that end with a NUL"};
    if (!settings.tls.key.empty() && settings.tls.cert.empty())
        throw UsageError{"--key needs the certificate that it belongs to: --cert FILE"};
    for (const std::string& message : settings.execute) {
        if (settings.binary ? ws::unhex(message).has_value() : ws::is_utf8(ws::as_bytes(message)))
            continue;
        throw UsageError{"-x '" + ws::escape(message, 40) + "': expected " +
                         (settings.binary ? "bytes of two hex digits each, such as 81 05 48"
                                          : "UTF-8, as a text message must be; or use --binary")};
    }
    if (!settings.run.empty() && !settings.listen) throw UsageError{"--run works with --listen only"};
    if (settings.clients > 1 && !settings.listen) throw UsageError{"--clients works with --listen only"};
    if (!settings.run.empty()) check_run(settings);
    // A record is one conversation; and what is no message is not handed on by the event loop.
    if (settings.clients > 1 && !settings.record.empty())
        throw UsageError{"--clients does not go together with --record"};
    if (settings.clients > 1 && settings.show_pings)
        throw UsageError{"--clients does not go together with -P"};
    if (!settings.listen) return;
    const std::pair<bool, const char*> only_connect[] = {
        {!settings.execute.empty(), "-x"},           {!settings.files.empty(), "--send"},
        {settings.reconnect, "--reconnect"},         {!settings.headers.empty(), "-H"},
        {!settings.subprotocols.empty(), "-s"},      {!settings.origin.empty(), "-o"},
        {!settings.authorization.empty(), "--auth"}, {settings.proxy.has_value(), "--proxy"},
        {!settings.replay.empty(), "--replay"}};
    for (const auto& [given, name] : only_connect)
        if (given) throw UsageError{std::string{name} + " works with --connect only"};
}

}  // namespace

const std::string& Settings::address_of(const std::string& name) const {
    for (const auto& [known, address] : resolve)
        if (ws::equals_ignoring_case(known, name)) return address;
    return name;
}

Settings parse_options(int argc, char** argv) {
    Settings settings;
    bool show_version = false;
    cli::Options options{"wsc",
                         "A WebSocket client for the terminal, and a small server."};
    options.short_help();
    declare_modes(options, settings, show_version);
    declare_handshake(options, settings);
    declare_transport(options, settings);
    declare_session(options, settings);
    declare_our_options(options, settings);
    options.parse(argc, argv);
    if (show_version) cli::print_and_exit(std::string{version} + '\n');
    if (!settings.connect && !settings.listen) cli::print_and_exit(options.help());
    check_together(settings);
    if (settings.connect) read_proxy_variables(settings);
    // A server needs the address itself.
    if (settings.listen && settings.host.starts_with('['))
        settings.host = settings.host.substr(1, settings.host.find(']') - 1);
    const char* no_color = std::getenv("NO_COLOR");
    if (no_color != nullptr && *no_color != '\0') settings.color = false;
    return settings;
}

}  // namespace wsc
