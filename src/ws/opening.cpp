// The order of the questions, RFC 6455 §4.1 and §4.2, and one line for each way to fail. Lesson 5.
// Every driver of a handshake asks here and decides nothing for itself: which request is right,
// which answer follows, and what follows the answer.
#include "ws/opening.hpp"

#include <algorithm>
#include <charconv>

#include "ws/hex.hpp"

namespace ws {

namespace {

// A peer chooses these texts: in a line for people each gets so much room.
constexpr std::size_t quoted_bytes = 200;

std::string describe(Errc errc) {
    const Rule& broken = rule(errc);
    return std::string{broken.sentence} + " (" + std::string{broken.section} + ')';
}

// RFC 9110 §9.3.2: "The HEAD method is identical to GET except that the server MUST NOT send
// content in the response."
void drop_content(std::string& answer) { answer.resize(answer.find("\r\n\r\n") + 4); }

// What came of an answer's body. RFC 9112 §7.1: before a chunk stands its size, on a line of its own.
std::string_view content(const Response& response, Bytes body) {
    const std::string_view text = as_text(body);
    if (response.count("Transfer-Encoding") == 0) return text;
    const std::size_t size_end = text.find("\r\n");
    return size_end == std::string_view::npos ? "" : text.substr(size_end + 2);
}

std::string values(const Request& request, std::string_view name) {
    std::string text;
    for (const Header& header : request.headers())
        if (equals_ignoring_case(header.name, name))
            text.append(text.empty() ? "" : " and ").append(escape(header.value, quoted_bytes));
    return text;
}

}  // namespace

// --- the server's side -----------------------------------------------------------------------

ServerOpening::Step ServerOpening::feed(Bytes bytes, std::size_t& taken) {
    switch (head_.feed(bytes, taken)) {
        case Parse::need_more: return Step::more;
        case Parse::error: return refuse(head_.error());
        case Parse::ok: break;
    }
    Errc errc = request_.parse(head_.text());
    if (errc == Errc::none) errc = check_request(request_);
    // Whether that is wrong depends on what else this server has to offer.
    plain_ = errc == Errc::not_an_upgrade;
    return errc == Errc::none || plain_ ? Step::decide : refuse(errc);
}

ServerOpening::Step ServerOpening::decide(const Policy& policy) {
    if (plain_) return serve_page(policy);
    // RFC 6455 §4.2.2: "If the requested service is not available, the server MUST send an
    // appropriate HTTP error code (such as 404 Not Found) and abort the WebSocket handshake."
    const auto& further = policy.further_paths;
    if (!policy.path.empty() && request_.path != policy.path &&
        std::ranges::find(further, request_.path) == further.end())
        return refuse(Errc::path_not_found);
    if (const Errc errc = policy.admit ? policy.admit(request_) : Errc::none; errc != Errc::none)
        return refuse(errc);
    subprotocol_ = choose_subprotocol(request_, policy.subprotocols);
    // A browser that has offered some and is given none takes the connection for failed.
    if (policy.any_subprotocol)
        if (const auto offered = request_.list("Sec-WebSocket-Protocol"); !offered.empty())
            subprotocol_ = offered.front();
    std::string extensions;
    if (policy.extensions != nullptr)
        extension_ =
            policy.extensions->choose(request_.list("Sec-WebSocket-Extensions"), extensions);
    // A list of one header, or of none.
    const Header chosen{"Sec-WebSocket-Extensions", extensions};
    answer_ = accept_response(request_, subprotocol_, {&chosen, extension_ ? 1u : 0u});
    return Step::open;
}

ServerOpening::Step ServerOpening::serve_page(const Policy& policy) {
    if (!policy.on_http || !policy.on_http(request_, reply_)) return refuse(Errc::not_an_upgrade);
    // RFC 9110 §9.3.7: "The OPTIONS method requests information about the communication options
    // available for the target resource". So does haproxy's `option httpchk` ask for its health.
    if (request_.method == "OPTIONS") {
        reply_.body.clear();
        reply_.headers.push_back({"Allow", "GET, HEAD, OPTIONS"});
    }
    answer_ = http_response(reply_.status, reply_.content_type, reply_.body.size(), reply_.headers);
    // Its Content-Length stays in the head, for that is what HEAD asks for.
    if (request_.method == "HEAD") reply_.body.clear();
    return Step::reply;
}

ServerOpening::Step ServerOpening::refuse(Errc errc) {
    error_ = errc;
    answer_ = refuse_response(errc, request_.path);
    // Where the request line could not be read there is no method, and the content stays.
    if (request_.method == "HEAD") drop_content(answer_);
    return Step::refuse;
}

std::string ServerOpening::refusal() const {
    std::string line =
        "refused with " + std::to_string(rule(error_).http_status) + ": " + describe(error_);
    // What follows the '?' may be a secret. A target that was not understood has no path.
    const std::string_view target = request_.target.substr(0, request_.target.find('?'));
    const std::string_view path = request_.path.empty() ? target : request_.path;
    if (path.empty()) return line;
    line += "; path " + escape(path, quoted_bytes);
    // The two that were compared: a proxy in between may have changed Host.
    if (error_ == Errc::forbidden_origin)
        line += ", Origin " + values(request_, "Origin") + ", Host " + values(request_, "Host");
    return line;
}

// --- the client's side -----------------------------------------------------------------------

ClientOpening::Step ClientOpening::feed(Bytes bytes, std::size_t& taken) {
    switch (head_.feed(bytes, taken)) {
        case Parse::need_more: return Step::more;
        case Parse::error: error_ = head_.error(); break;
        case Parse::ok:
            error_ = response_.parse(head_.text());
            if (error_ == Errc::none) error_ = accept_answer();
            break;
    }
    return error_ == Errc::none ? Step::open : Step::failed;
}

Errc ClientOpening::accept_answer() {
    if (const Errc errc = check_response(response_, handshake_); errc != Errc::none) return errc;
    // RFC 7692 §5: "If a server gives an invalid response, such as accepting a PMCE that the client
    // did not offer, the client MUST _Fail the WebSocket Connection_."
    if (extensions_ == nullptr || response_.count("Sec-WebSocket-Extensions") == 0)
        return Errc::none;
    extension_ = extensions_->accept(response_.list("Sec-WebSocket-Extensions"));
    return extension_ ? Errc::none : Errc::wrong_extension_answer;
}

std::string_view ClientOpening::subprotocol() const {
    return response_.find("Sec-WebSocket-Protocol").value_or("");
}

std::string ClientOpening::failure(Bytes body) const {
    return failure(error_ == Errc::unexpected_status ? refusal(body) : describe(error_));
}

std::string ClientOpening::refusal(Bytes body) const {
    std::string answer = escape(response_.start_line, quoted_bytes);
    const std::string_view text = content(response_, body);
    const std::string_view first_line = text.substr(0, text.find_first_of("\r\n"));
    if (!first_line.empty()) answer += " (" + escape(first_line, quoted_bytes) + ')';
    return answer;
}

bool ClientOpening::awaits_reason(Bytes body) const {
    if (error_ != Errc::unexpected_status) return false;
    const std::string_view text = content(response_, body);
    if (text.size() >= quoted_bytes || text.find_first_of("\r\n") != std::string_view::npos)
        return false;
    // RFC 9112 §6.3: these two have no body, and one without a length ends with the connection. (The
    // last chunk of one in chunks has a line's end.)
    if (response_.status == 204 || response_.status == 304) return false;
    if (response_.count("Content-Length") == 0) return true;
    const std::string_view announced = *response_.find("Content-Length");
    std::size_t length = 0;
    std::from_chars(announced.data(), announced.data() + announced.size(), length);
    return text.size() < length;
}

std::string ClientOpening::failure(std::string_view what) const {
    const std::string_view resource = handshake_.resource;
    // What follows the '?' may be a secret.
    const std::string_view path = resource.substr(0, resource.find('?'));
    return "Handshake failed: " + std::string{what} + "; path " + std::string{path};
}

}  // namespace ws
