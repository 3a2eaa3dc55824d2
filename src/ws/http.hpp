// The head of an HTTP/1.1 message: start line and headers up to the blank line. Lesson 4.
// RFC 9112, bounded and strict: two readers that disagree about where a head or a header ends
// are how requests are smuggled, so every line that is not exactly right is refused.
// Leaves out: bodies (a handshake has none), trailers, HTTP/2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ws/bytes.hpp"
#include "ws/error.hpp"

namespace ws {

struct HeadLimits {
    std::size_t max_head_bytes = 16 * 1024;       // all of it, with the blank line
    std::size_t max_start_line_bytes = 8 * 1024;  // of the first line
    std::size_t max_header_lines = 100;
};

// Collects a head from reads that are cut anywhere, and refuses a bad one at its first bad byte.
class HeadReader {
  public:
    // What is done with a response that only announces the final one: 1xx, but not 101. A client
    // skips them; the limit of bytes holds for all of them together.
    enum class Interim : std::uint8_t { deliver, skip };

    explicit HeadReader(HeadLimits limits = {}, Interim interim = Interim::deliver) noexcept
        : limits_{limits}, interim_{interim} {}

    // Takes bytes up to and including the blank line and says in `taken` how many; what
    // follows belongs to the protocol after the handshake. `ok`: text() is complete. Not to be
    // called again after `ok` or `error`.
    Parse feed(Bytes bytes, std::size_t& taken);

    // The head so far, complete after `ok`. Lives as long as the reader and does not move.
    std::string_view text() const { return text_; }

    Errc error() const { return error_; }

  private:
    Errc check(std::uint8_t byte);
    void skip_interim();

    HeadLimits limits_;
    Interim interim_;
    std::string text_;
    std::size_t skipped_ = 0;     // bytes of the heads before this one
    std::size_t lines_ = 0;       // complete ones
    std::size_t line_bytes_ = 0;  // of the line at hand, without its end
    bool after_cr_ = false;
    bool complete_ = false;
    Errc error_ = Errc::none;
};

struct Header {
    std::string_view name;
    std::string_view value;  // without the white space around it
};

// What requests and responses have in common. Every view points into the text that was parsed,
// which outlives this object.
class Head {
  public:
    // Names are compared without regard to case (RFC 9110 §5.1).
    std::size_t count(std::string_view name) const;
    // The value of the first line with this name; nothing when there is none.
    std::optional<std::string_view> find(std::string_view name) const;
    // Does the comma-separated list, over all lines of this name, hold `token` in any case?
    bool has_token(std::string_view name, std::string_view token) const;
    // The elements of such a list, trimmed, empty ones left out (RFC 9110 §5.6.1.2).
    std::vector<std::string_view> list(std::string_view name) const;

    const std::vector<Header>& headers() const { return headers_; }

  protected:
    Errc parse_headers(std::string_view lines);

  private:
    std::vector<Header> headers_;
};

struct Request : Head {
    std::string_view method;     // GET; for a page HEAD or OPTIONS, too
    std::string_view target;     // as it stands in the request line
    std::string_view authority;  // of an absolute-form target, else empty
    std::string_view path;       // never empty
    std::string_view query;      // what follows the '?', may be empty
    std::string_view version;    // HTTP/1.1, or HTTP/1.0 for a page
    std::string_view host;       // the Host header; checked with the other rules of §4.2.1

    // Reads a complete head. One that asks for an upgrade does so by GET and in HTTP/1.1.
    Errc parse(std::string_view text);

  private:
    Errc parse_start_line(std::string_view line);
    Errc parse_target();
};

struct Response : Head {
    std::string_view start_line;  // "HTTP/1.1 101 Switching Protocols"
    int status = 0;

    Errc parse(std::string_view text);
};

// Building blocks, for both sides.
std::string_view trim(std::string_view text);  // less the spaces and tabs around it
std::vector<std::string_view> split(std::string_view text, char separator);  // each trimmed
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool is_token(std::string_view text);         // RFC 9110 §5.6.2
bool is_header_value(std::string_view text);  // holds no control byte but the tab
bool is_resource(std::string_view text);      // begins with '/', printable ASCII, no '#'
bool is_host(std::string_view text);          // name, IPv4 or [IPv6], with an optional port

// "Not Found" for 404.
std::string_view status_phrase(int status);

}  // namespace ws
