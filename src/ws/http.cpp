// A head checked byte by byte as it arrives, and taken apart when it is whole. Lesson 4.
// RFC 9112 §2 to §5. The search for its end goes on where it stopped and never starts over: a head
// that comes in single bytes costs no more than one that comes at once.
#include "ws/http.hpp"

#include <algorithm>
#include <array>

namespace ws {

namespace {

constexpr std::string_view blanks = " \t";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_control(std::uint8_t byte) { return (byte < 0x20 && byte != '\t') || byte == 0x7F; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_token_char(char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_hex_digit(char c) {
    const char l = lower(c);
    return is_digit(c) || (l >= 'a' && l <= 'f');
}

// The characters of a path with a query. A '#' begins a fragment, which no client may send.
bool is_query(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
}

// A decimal number of one to five digits, at most `max`.
bool is_number(std::string_view text, int max) {
    if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
    int value = 0;
    for (const char c : text) value = 10 * value + (c - '0');
    return value <= max;
}

// RFC 3986 §3.2.2, reg-name. An IPv4 address has the form of a name, too.
bool is_name(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (text.size() - i < 3 || !std::ranges::all_of(text.substr(i + 1, 2), is_hex_digit))
                return false;
        } else if (!is_letter(text[i]) && !is_digit(text[i]) &&
                   std::string_view{"-._~!$&'()*+,;="}.find(text[i]) == std::string_view::npos) {
            return false;
        }
    }
    return !text.empty();
}

bool is_ipv4(std::string_view text) {
    const std::vector<std::string_view> parts = split(text, '.');
    return parts.size() == 4 &&
           std::ranges::all_of(parts, [](std::string_view part) { return is_number(part, 255); });
}

// Groups of four hex digits or fewer between colons. An IPv4 address in the last place counts
// as two. Nothing when there is anything else.
std::optional<std::size_t> count_groups(std::string_view text) {
    if (text.empty()) return 0;
    const std::vector<std::string_view> groups = split(text, ':');
    std::size_t count = groups.size();
    for (const std::string_view& group : groups) {
        if (&group == &groups.back() && is_ipv4(group))
            ++count;
        else if (group.empty() || group.size() > 4 || !std::ranges::all_of(group, is_hex_digit))
            return std::nullopt;
    }
    return count;
}

// RFC 3986 §3.2.2: eight groups; "::", at most once, stands for those that are zero.
bool is_ipv6(std::string_view text) {
    // split() trims, and an address has nothing to trim.
    if (text.find_first_of(blanks) != std::string_view::npos) return false;
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) return count_groups(text) == 8;
    const std::string_view before = text.substr(0, gap);
    const auto left = count_groups(before);
    const auto right = count_groups(text.substr(gap + 2));
    return before.find('.') == std::string_view::npos && left && right && *left + *right < 8;
}

// Cuts the text up to `separator` off the front of `rest`, and the separator with it.
std::string_view cut(std::string_view& rest, std::string_view separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
    return piece;
}

bool is_version(std::string_view text) {
    return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
           is_digit(text[7]);
}

// HTTP/2 does not begin with a line of text.
bool is_version_1(std::string_view version) { return version[5] == '1'; }

// HTTP/1.0 has no Upgrade.
bool has_upgrade(std::string_view version) { return is_version_1(version) && version[7] >= '1'; }

Errc parse_header_line(std::string_view line, Header& header) {
    if (blanks.find(line.front()) != std::string_view::npos) return Errc::folded_header;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Errc::malformed_header;
    header.name = line.substr(0, colon);
    header.value = trim(line.substr(colon + 1));
    // RFC 9112 §5.1: "A server MUST reject, with a response status code of 400 (Bad Request), any
    // received request message that contains whitespace between a header field name and colon."
    if (!header.name.empty() && blanks.find(header.name.back()) != std::string_view::npos)
        return Errc::space_before_colon;
    return is_token(header.name) ? Errc::none : Errc::malformed_header;
}

}  // namespace

Parse HeadReader::feed(Bytes bytes, std::size_t& taken) {
    taken = 0;
    std::size_t kept = 0;  // of those that were taken: they are in text_, or skipped
    while (taken < bytes.size() && !complete_ && error_ == Errc::none) {
        // Heads that were skipped count as well: a server could send them for ever.
        if (skipped_ + text_.size() + taken - kept == limits_.max_head_bytes)
            error_ = Errc::head_too_long;
        else
            error_ = check(bytes[taken++]);
        if (!complete_) continue;
        text_ += as_text(bytes.subspan(kept, taken - kept));
        kept = taken;
        if (interim_ == Interim::skip) skip_interim();
    }
    text_ += as_text(bytes.subspan(kept, taken - kept));
    if (error_ != Errc::none) return Parse::error;
    return complete_ ? Parse::ok : Parse::need_more;
}

// RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a
// final response, even if the client does not expect one. A user agent MAY ignore unexpected 1xx
// responses." The final one is, for us, also 101 (§15.2.2): HTTP ends with it.
void HeadReader::skip_interim() {
    Response response;
    if (response.parse(text_) != Errc::none) return;  // the one who asks for the text will see
    if (response.status / 100 != 1 || response.status == 101) return;
    skipped_ += text_.size();
    text_.clear();
    lines_ = 0;
    complete_ = false;
}

// One look at each byte, however the reads are cut: the search for the blank line goes on where
// it stopped and never starts over.
Errc HeadReader::check(std::uint8_t byte) {
    // RFC 9112 §2.2 lets a recipient take a lone LF for a line's end. This one does not: what
    // one reader takes for one header and the next for two is an attack.
    if (after_cr_ != (byte == '\n')) return Errc::bare_line_feed;
    if (byte == '\r') {
        after_cr_ = true;
    } else if (byte == '\n') {
        after_cr_ = false;
        // RFC 9112 §2.2 would have a server skip an empty line here, for the sake of old clients
        // that sent one after a body. Nothing comes before a handshake.
        if (line_bytes_ == 0 && lines_ == 0) return Errc::malformed_start_line;
        complete_ = line_bytes_ == 0;
        // Of the lines, the first is no header.
        if (!complete_ && lines_++ > limits_.max_header_lines) return Errc::too_many_headers;
        line_bytes_ = 0;
    } else {
        // What is no HTTP at all, an SSH server's greeting say, is seen by its first bytes; nobody
        // has to wait for a line's end that may never come.
        constexpr std::string_view protocol = "HTTP/";
        const bool response = interim_ == Interim::skip;
        if (response && lines_ == 0 && line_bytes_ < protocol.size() &&
            byte != static_cast<std::uint8_t>(protocol[line_bytes_]))
            return Errc::malformed_start_line;
        if (is_control(byte)) return Errc::control_byte_in_head;
        if (++line_bytes_ > limits_.max_start_line_bytes && lines_ == 0)
            return Errc::start_line_too_long;
    }
    return Errc::none;
}

Errc Head::parse_headers(std::string_view lines) {
    headers_.clear();
    headers_.reserve(16);
    while (!lines.starts_with("\r\n")) {
        Header header;
        const std::string_view line = cut(lines, "\r\n");
        if (line.empty()) return Errc::malformed_header;  // no blank line: not a whole head
        if (const Errc errc = parse_header_line(line, header); errc != Errc::none) return errc;
        headers_.push_back(header);
    }
    return Errc::none;
}

std::size_t Head::count(std::string_view name) const {
    const auto matches = [name](const Header& header) {
        return equals_ignoring_case(header.name, name);
    };
    return static_cast<std::size_t>(std::ranges::count_if(headers_, matches));
}

std::optional<std::string_view> Head::find(std::string_view name) const {
    for (const Header& header : headers_)
        if (equals_ignoring_case(header.name, name)) return header.value;
    return std::nullopt;
}

std::vector<std::string_view> Head::list(std::string_view name) const {
    std::vector<std::string_view> elements;
    for (const Header& header : headers_) {
        if (!equals_ignoring_case(header.name, name)) continue;
        for (const std::string_view element : split(header.value, ','))
            if (!element.empty()) elements.push_back(element);
    }
    return elements;
}

bool Head::has_token(std::string_view name, std::string_view token) const {
    return std::ranges::any_of(list(name), [token](std::string_view element) {
        return equals_ignoring_case(element, token);
    });
}

Errc Request::parse(std::string_view text) {
    if (const Errc errc = parse_start_line(cut(text, "\r\n")); errc != Errc::none) return errc;
    if (const Errc errc = parse_headers(text); errc != Errc::none) return errc;
    host = find("Host").value_or("");
    if (!has_token("Upgrade", "websocket")) return Errc::none;
    // RFC 6455 §4.1: "The method of the request MUST be GET, and the HTTP version MUST be at
    // least 1.1." A page may be asked for otherwise: HTTP/1.0, HEAD and OPTIONS are how many a
    // proxy asks whether a server is well.
    if (!has_upgrade(version)) return Errc::unsupported_http_version;
    return method == "GET" ? Errc::none : Errc::method_not_get;
}

// RFC 9112 §3: "method SP request-target SP HTTP-version", with exactly these spaces.
Errc Request::parse_start_line(std::string_view line) {
    method = cut(line, " ");
    target = cut(line, " ");
    version = line;
    if (!is_token(method) || target.empty()) return Errc::malformed_start_line;
    if (!is_version(version)) return Errc::malformed_start_line;
    // Judged before the target: OPTIONS * and CONNECT host:port have other forms.
    if (!is_version_1(version)) return Errc::unsupported_http_version;
    const bool asks_for_options = method == "OPTIONS" && target != "*";
    if (method != "GET" && method != "HEAD" && !asks_for_options) return Errc::method_not_get;
    return parse_target();
}

// RFC 9112 §3.2: origin-form "/path?query", or absolute-form "http://host/path?query".
Errc Request::parse_target() {
    std::string_view resource = target;
    authority = {};
    if (!resource.starts_with('/')) {
        std::string_view rest = resource;
        const std::string_view scheme = cut(rest, "://");
        if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))
            return Errc::malformed_target;
        authority = rest.substr(0, rest.find_first_of("/?"));
        resource = rest.substr(authority.size());
        if (!is_host(authority)) return Errc::malformed_target;
        if (resource.empty()) resource = "/";
    }
    // An absolute target may leave out the path before its query.
    if (!is_resource(resource) && !(resource.starts_with('?') && is_query(resource)))
        return Errc::malformed_target;
    query = resource;
    path = cut(query, "?");
    if (path.empty()) path = "/";
    return Errc::none;
}

Errc Response::parse(std::string_view text) {
    start_line = cut(text, "\r\n");
    std::string_view rest = start_line;
    const std::string_view version = cut(rest, " ");
    const std::string_view code = cut(rest, " ");
    if (!is_version(version) || code.size() != 3 || !std::ranges::all_of(code, is_digit))
        return Errc::malformed_start_line;
    status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    // A server that refuses may do so in HTTP/1.0; then it is the status that counts.
    if (status == 101 && !has_upgrade(version)) return Errc::unsupported_http_version;
    return parse_headers(text);
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        pieces.push_back(trim(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return pieces;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_header_value(std::string_view text) {
    return std::ranges::none_of(
        text, [](char c) { return is_control(static_cast<std::uint8_t>(c)); });
}

bool is_resource(std::string_view text) { return text.starts_with('/') && is_query(text); }

bool is_host(std::string_view text) {
    std::string_view rest = text;
    if (rest.starts_with('[')) {
        rest.remove_prefix(1);
        const std::string_view address = cut(rest, "]");
        const bool closed = address.size() + 1 < text.size();
        if (!closed || !is_ipv6(address)) return false;
        if (rest.empty()) return true;
        if (!rest.starts_with(':')) return false;
        rest.remove_prefix(1);
    } else if (!is_name(cut(rest, ":"))) {
        return false;
    }
    // RFC 3986 §3.2.3: the port may be empty, even after its colon.
    return rest.empty() || is_number(rest, 65535);
}

std::string_view status_phrase(int status) {
    switch (status) {
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 414: return "URI Too Long";
        case 426: return "Upgrade Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

}  // namespace ws
