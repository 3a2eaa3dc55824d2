// Further kinds of options: numbers, times that may be off, a URL, a path. Lesson 2.
// Each is a reader over Options::custom(), as a program can write one for itself. The URL's parts
// are the values of --host, --port and --path.
#include <algorithm>

#include "cli/options.hpp"
#include "net/url.hpp"

namespace cli {

void Options::number(std::string name, std::uint64_t& target, std::uint64_t min,
                     std::uint64_t max, std::string placeholder, std::string help) {
    help += " (default: " + std::to_string(target) + ")";
    entries_.push_back({std::move(name), std::move(placeholder), std::move(help),
                        [&target, min, max](const std::string& value) {
                            target = read_number(value, min, max);
                        }});
}

void Options::number(std::string name, std::optional<std::uint64_t>& target, std::uint64_t min,
                     std::uint64_t max, std::string placeholder, std::string help) {
    custom(std::move(name), std::move(placeholder), std::move(help),
           [&target, min, max](const std::string& value) {
               target = read_number(value, min, max);
           });
}

void Options::seconds_or_off(std::string name, std::chrono::milliseconds& target,
                             std::string help) {
    help += "; 0: off (default: " + shown_seconds(target) + " s)";
    custom(std::move(name), "SECONDS", std::move(help), [&target](const std::string& value) {
        if (value == "0") {
            target = {};
            return;
        }
        try {
            target = read_seconds(value);
        } catch (const UsageError& error) {
            throw UsageError{std::string{error.what()} + ", or 0 for off"};
        }
    });
}

void Options::positional(std::string placeholder, std::string help,
                         std::function<void(const std::string&)> reader) {
    custom("", std::move(placeholder), std::move(help), std::move(reader));
}

void Options::client(Common& common, std::vector<std::string> schemes) {
    positional("URL", "the server, such as " + schemes.front() + "://" + common.host + ":" +
                          std::to_string(common.port) + ", or just host:port or :port",
               [&common, schemes](const std::string& value) {
                   net::Url url;
                   try {
                       url = net::parse_url(value);
                   } catch (const net::UrlError& error) {
                       throw UsageError{error.what()};
                   }
                   if (!url.scheme.empty() && std::ranges::find(schemes, url.scheme) == schemes.end())
                       throw UsageError{"'" + value + "': this program speaks " +
                                        schemes.front() + "://, not " + url.scheme + "://"};
                   common.host = url.host;
                   if (url.port != 0) common.port = url.port;
                   // A URL without a path says nothing of it, and the program's own stays.
                   if (url.resource != "/") common.path = url.resource;
               });
    client(common);
}

void Options::path(Common& common) {
    const std::string default_path = common.path;
    custom("--path", "PATH", "the path of the endpoint (default: " + default_path + ")",
           [&common](const std::string& value) {
               try {
                   if (!value.starts_with('/')) throw net::UrlError{""};
                   common.path = net::parse_url("localhost" + value).resource;
               } catch (const net::UrlError&) {
                   throw UsageError{"a path that begins with '/', and has no '#' in it"};
               }
           });
}

}  // namespace cli
