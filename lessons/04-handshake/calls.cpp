// What the judge of lesson 4 may ask of ws/http and ws/handshake. Heads come as texts and are parsed
// here by the student's ws/http, as in the programs.
#include "lessons/tools/check/calls/errc.hpp"
#include "ws/handshake.hpp"

namespace {

using calls::Function;
using Extra = std::vector<std::tuple<std::string, std::string>>;

const Function accept_key{"accept_key", [](std::string key) { return ws::accept_key(key); }};

// Nothing when Request::parse() refuses the request, in both.
const Function list{"list", [](std::string head, std::string name) {
    std::optional<std::vector<std::string>> elements;
    ws::Request request;
    if (request.parse(head) != ws::Errc::none) return elements;
    elements.emplace();
    for (const std::string_view element : request.list(name)) elements->emplace_back(element);
    return elements;
}};

const Function has_token{"has_token", [](std::string head, std::string name, std::string token) {
    ws::Request request;
    if (request.parse(head) != ws::Errc::none) return std::optional<bool>{};
    return std::optional<bool>{request.has_token(name, token)};
}};

const Function check_request{"check_request", [](std::string head) {
    ws::Request request;
    if (const ws::Errc errc = request.parse(head); errc != ws::Errc::none)
        return "parse(): " + calls::name_of(errc);
    return calls::name_of(ws::check_request(request));
}};

const Function accept_response{"accept_response",
                               [](std::string head, std::string subprotocol, Extra extra) {
    ws::Request request;
    std::string answer;
    if (request.parse(head) != ws::Errc::none) return answer;
    std::vector<ws::Header> headers;
    for (const auto& [name, value] : extra) headers.push_back({name, value});
    return ws::accept_response(request, subprotocol, headers);
}};

const Function check_response{"check_response",
                              [](std::string head, std::string key, std::vector<std::string> offered) {
    ws::Response response;
    if (const ws::Errc errc = response.parse(head); errc != ws::Errc::none)
        return "parse(): " + calls::name_of(errc);
    const ws::ClientHandshake handshake{.host = "localhost", .key = key, .subprotocols = offered};
    return calls::name_of(ws::check_response(response, handshake));
}};

}  // namespace
