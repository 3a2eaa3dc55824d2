// Runs a case and compares what came with what was to come. See judge.hpp for the verdicts.
#include "tests/conformance/judge.hpp"

#include <algorithm>
#include <cctype>

namespace conformance {

namespace {

const std::string key = "dGhlIGNvbmZvcm1hbmNlIQ==";

unsigned code_of(const Frame& frame) {
    const std::string body = frame.payload.all();
    if (body.size() < 2) return 1005;
    return static_cast<unsigned char>(body[0]) * 256u + static_cast<unsigned char>(body[1]);
}

// Of a Close, the code counts.
bool same(const Frame& a, const Frame& b) {
    if (a.opcode != b.opcode) return false;
    return a.opcode == close_opcode ? code_of(a) == code_of(b) : a.payload == b.payload;
}

bool same(const std::vector<Frame>& a, const std::vector<Frame>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Frame& x, const Frame& y) { return same(x, y); });
}

std::string shown(const std::vector<Frame>& events) {
    std::string line;
    for (std::size_t i = 0; i < events.size() && line.size() < 160; ++i) {
        const Frame& event = events[i];
        line += line.empty() ? "" : ", ";
        switch (event.opcode) {
            case close_opcode:
                line += "close " + std::to_string(code_of(event));
                if (event.payload.size() > 2) line += " " + conformance::shown(Bytes{event.payload.all().substr(2)});
                break;
            case pong_opcode: line += "pong " + conformance::shown(event.payload); break;
            case text_opcode: line += "text " + conformance::shown(event.payload); break;
            default: line += "binary " + conformance::shown(event.payload);
        }
    }
    return line.empty() ? "nothing" : line;
}

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

std::optional<unsigned> number_after(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name + '=');
    if (at == std::string::npos) return std::nullopt;
    std::string digits = text.substr(at + name.size() + 1, 3);
    std::erase(digits, '"');
    return static_cast<unsigned>(std::atoi(digits.c_str()));
}

// What an answer's parameters mean for the suite in its role.
std::unique_ptr<Compression> compression_by(const std::string& answer, Link::Role role) {
    auto agreed = std::make_unique<Compression>();
    const bool client = role == Link::Role::client;
    const auto window = [&](const std::string& side) { return number_after(answer, side + "_max_window_bits").value_or(15); };
    const auto forgets = [&](const std::string& side) { return answer.find(side + "_no_context_takeover") != std::string::npos; };
    agreed->packer.set_window_bits(window(client ? "client" : "server"));
    agreed->unpacker.set_window_bits(window(client ? "server" : "client"));
    agreed->forgets = forgets(client ? "client" : "server");
    agreed->peer_forgets = forgets(client ? "server" : "client");
    return agreed;
}

// Plays a case over an open connection.
class Run {
  public:
    Run(const Case& each, Link& link, const Patience& patience)
        : case_{each}, link_{link}, patience_{patience}, deadline_{net::after(patience.end)} {}

    Outcome outcome() {
        send_steps();
        finish();
        return judged();
    }

    // All that a case sends, when it is to leave in one piece with the handshake.
    std::string all_bytes() {
        std::string bytes;
        for (const Step& step : case_.steps) bytes += bytes_of(step);
        return bytes;
    }

  private:
    bool over() const { return link_.ended || link_.closed || !link_.broken.empty(); }
    bool must_fail() const { return !case_.expected.fails.empty(); }

    std::string bytes_of(const Step& step) {
        if (step.kind == Step::raw) return step.bytes;
        if (step.kind == Step::message) return packed(step);
        if (step.kind != Step::frame) return {};
        if (step.what.opcode == close_opcode) link_.close_sent = true;
        return link_.encode(step.what);
    }

    std::string packed(const Step& step) {
        if (link_.compression->forgets) link_.compression->packer.forget();
        std::string bytes;
        for (const Frame& frame : packed_frames(step, link_.compression->packer)) bytes += link_.encode(frame);
        return bytes;
    }

    void send_steps() {
        if (case_.glued) return;  // it has gone with the handshake
        std::string bytes;
        for (const Step& step : case_.steps) {
            bytes += bytes_of(step);
            if (step.kind != Step::soon && step.later == 0) continue;
            const std::string rest = bytes.substr(bytes.size() - step.later);
            bytes.resize(bytes.size() - step.later);
            link_.send(bytes, deadline_, case_.chop);
            bytes = rest;
            if (!link_.wait([this] { return over(); }, net::after(patience_.soon))) late_ = true;
        }
        if (!over()) link_.send(bytes, deadline_, case_.chop);
    }

    // Until all has come, then the end of it.
    void finish() {
        const auto done = [this] { return over() || (!must_fail() && link_.events.size() >= case_.expected.events.size()); };
        const bool open_end = must_fail() || case_.expected.free;
        if (open_end) ask_whether_it_goes_on();
        link_.wait(done, deadline_);
        if (!link_.close_sent && !over()) {
            link_.close_sent = true;
            closed_by_us_ = true;
            link_.send(link_.encode(close(1000)), deadline_);
        }
        link_.wait([this] { return over(); }, net::after(patience_.end));
        if (link_.role() == Link::Role::server) link_.end_sending();
        link_.wait([this] { return link_.ended; }, net::after(patience_.end));
    }

    // Whoever has not failed the connection by now answers a ping, unless a frame is incomplete.
    void ask_whether_it_goes_on() {
        if (link_.wait([this] { return over(); }, net::after(std::chrono::milliseconds{300}))) return;
        if (ends_incomplete() || link_.close_sent) return;
        const Frame question = ping("still there?");
        link_.send(link_.encode(question), deadline_);
        const auto answered = [&] { return over() || (!link_.events.empty() && same(link_.events.back(), pong("still there?"))); };
        link_.wait(answered, deadline_);
        if (over()) return;
        link_.events.pop_back();
        goes_on_ = true;
        link_.close_sent = closed_by_us_ = true;
        link_.send(link_.encode(close(1000)), deadline_);
    }

    bool ends_incomplete() const {
        return std::any_of(case_.steps.begin(), case_.steps.end(), [](const Step& step) {
            return step.kind == Step::raw || (step.kind == Step::frame && step.what.announced);
        });
    }

    Outcome judged() const {
        std::vector<Frame> events = link_.events;
        std::optional<unsigned> code;
        if (link_.closed) code = code_of(events.back());
        std::string seen = shown(events) + (link_.ended ? "" : ", and TCP does not end");
        if (!link_.broken.empty()) return {Verdict::fail, "sent " + link_.broken + " after: " + seen};
        if (late_ && !goes_on_) seen += ", only when the message went on";
        // A limit of its own may lie below the largest messages.
        const bool own_limit = case_.large && code && (*code == 1008 || *code == 1009);
        if (case_.expected.free || own_limit) return {Verdict::informational, seen};
        if (must_fail()) return {failed_rightly(events, code), seen};
        return {echoed_rightly(events, code), seen};
    }

    Verdict failed_rightly(std::vector<Frame> events, std::optional<unsigned> code) const {
        if (code) events.pop_back();
        const auto& expected = case_.expected;
        const bool over_by_itself = !goes_on_ && !closed_by_us_ && (link_.ended || code);
        if (!over_by_itself) return expected.not_strict_if_taken ? Verdict::non_strict : Verdict::fail;
        // Of what was right before, some may be lost; nothing may have come of what was wrong.
        const bool before = events.size() <= expected.events.size() &&
                            std::equal(events.begin(), events.end(), expected.events.begin(),
                                       [](const Frame& a, const Frame& b) { return same(a, b); });
        if (!before) return expected.not_strict_if_taken ? Verdict::non_strict : Verdict::fail;
        const bool right_code = code && std::ranges::find(expected.fails, *code) != expected.fails.end();
        const bool all = events.size() == expected.events.size();
        return right_code && all && link_.ended && !late_ ? Verdict::pass : Verdict::non_strict;
    }

    Verdict echoed_rightly(std::vector<Frame> events, std::optional<unsigned> code) const {
        std::vector<Frame> wanted = case_.expected.events;
        if (wanted.empty() || wanted.back().opcode != close_opcode) wanted.push_back(close(1000));
        if (!code) return Verdict::fail;  // §5.5.1: a Close is answered by one
        const bool right_end = link_.ended && same(events.back(), wanted.back());
        events.pop_back(), wanted.pop_back();
        if (same(events, wanted)) return right_end ? Verdict::pass : Verdict::non_strict;
        // Whoever reads our Close before it has answered what came before may leave that.
        const bool leaves_some = !closed_by_us_ && events.size() < wanted.size() &&
                                 same(events, {wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(events.size())});
        if (leaves_some) return Verdict::non_strict;
        const bool other_order = std::is_permutation(events.begin(), events.end(), wanted.begin(), wanted.end(),
                                                     [](const Frame& a, const Frame& b) { return same(a, b); });
        return other_order ? Verdict::non_strict : Verdict::fail;
    }

    const Case& case_;
    Link& link_;
    const Patience& patience_;
    net::Deadline deadline_;
    bool late_ = false;          // what could have failed it was not enough
    bool goes_on_ = false;       // it was asked, and answered
    bool closed_by_us_ = false;
};

std::string first_line(const std::string& head) { return shown(Bytes{head.substr(0, head.find("\r\n"))}); }

int status_of(const std::string& head) {
    return head.starts_with("HTTP/1.") && head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
}

std::string usual_request(const Case& each) {
    std::string head = "GET $PATH HTTP/1.1\r\nHost: $HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: $KEY\r\nSec-WebSocket-Version: 13\r\n";
    if (!each.deflate.empty()) head += "Sec-WebSocket-Extensions: " + each.deflate + "\r\n";
    return head + "\r\n";
}

// What is wrong with an answer 101; empty: nothing.
std::string wrong_answer(const std::string& request, const std::string& head, const Case& each) {
    if (header(head, "sec-websocket-accept") != accept_value(header(request, "sec-websocket-key").value_or(""))) return "Sec-WebSocket-Accept is wrong";
    if (lower(header(head, "upgrade").value_or("")) != "websocket") return "Upgrade is wrong";
    if (lower(header(head, "connection").value_or("")).find("upgrade") == std::string::npos) return "Connection is wrong";
    const std::string offered = header(request, "sec-websocket-protocol").value_or("");
    const std::string protocol = header(head, "sec-websocket-protocol").value_or("");
    if (offered.find(protocol) == std::string::npos) return "it names a subprotocol that was not offered";
    if (header(head, "sec-websocket-extensions") && each.deflate.empty()) return "it names an extension that was not offered";
    return {};
}

// Of the answer to an offer of compression.
std::optional<Outcome> judged_agreement(const Case& each, const std::string& head, bool& packs) {
    const std::string answer = header(head, "sec-websocket-extensions").value_or("");
    packs = answer.starts_with("permessage-deflate");
    const std::string seen = "answer: " + shown(Bytes{answer});
    if (each.wanted_answer == "none") return Outcome{packs ? Verdict::fail : Verdict::pass, seen};
    if (!packs) return Outcome{Verdict::unsupported, seen};
    if (answer.find(each.wanted_answer) == std::string::npos) return Outcome{Verdict::fail, seen};
    const auto offered = number_after(each.deflate, "server_max_window_bits");
    if (offered && *offered >= 8 && *offered < 16 && each.deflate.find(',') == std::string::npos)
        if (number_after(answer, "server_max_window_bits").value_or(15) > *offered) return Outcome{Verdict::fail, seen};
    if (answer.find("client_max_window_bits") != std::string::npos &&
        each.deflate.find("client_max_window_bits") == std::string::npos)
        return Outcome{Verdict::fail, seen};
    return std::nullopt;
}

Outcome judged_refusal(const Opening& opening, const std::string& head, Link& link, const Patience& patience) {
    const int status = status_of(head);
    const std::string seen = head.empty() ? "no answer" : first_line(head);
    if (opening.free) return {Verdict::informational, seen};
    if (opening.accepted) return {Verdict::fail, seen};
    const bool ended = link.wait([&] { return link.ended; }, net::after(patience.soon));
    if (!ended && status == 0) return {Verdict::fail, "it neither answers nor ends"};
    const bool right = std::ranges::find(opening.refused, status) != opening.refused.end();
    return {right ? Verdict::pass : Verdict::non_strict, seen};
}

}  // namespace

const char* name_of(Verdict verdict) {
    constexpr const char* names[verdicts] = {"pass", "non-strict", "informational", "FAIL", "unsupported"};
    return names[static_cast<std::size_t>(verdict)];
}

std::optional<std::string> header(const std::string& head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
        const std::string line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos || lower(line.substr(0, colon)) != lower(std::string{name})) continue;
        const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
        if (begin == std::string::npos) return "";
        return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
    }
    return std::nullopt;
}

std::string accepting(const std::string& request, const std::string& extra) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           accept_value(header(request, "Sec-WebSocket-Key").value_or("")) + "\r\n" + extra + "\r\n";
}

Outcome try_server(const Case& each, net::Fd socket, const Place& place, const Patience& patience) {
    Link link{std::move(socket), Link::Role::client};
    Run run{each, link, patience};
    const net::Deadline deadline = net::after(patience.end);
    std::string request = each.opening ? each.opening->head : usual_request(each);
    request = filled_in(std::move(request), {.host = place.host, .path = place.path, .key = key});
    if (each.glued) request += run.all_bytes();
    link.send(request, deadline, each.opening ? each.opening->chop : 0);
    const std::string head = link.receive_head(deadline);
    if (status_of(head) != 101) {
        if (each.opening) return judged_refusal(*each.opening, head, link, patience);
        const std::string seen = "the handshake fails: " + (head.empty() ? "no answer" : first_line(head));
        // RFC 7692 §7.1 lets it decline the offer. To refuse its sender is not forbidden.
        return {each.deflate.empty() || head.empty() ? Verdict::fail : Verdict::non_strict, seen};
    }
    if (const std::string wrong = wrong_answer(request, head, each); !wrong.empty()) return {Verdict::fail, wrong};
    bool packs = false;
    if (!each.deflate.empty()) {
        if (const auto outcome = judged_agreement(each, head, packs)) return *outcome;
        link.compression = compression_by(header(head, "sec-websocket-extensions").value_or(""), link.role());
    }
    Outcome outcome = run.outcome();
    if (!each.opening || each.opening->accepted) return outcome;
    if (each.opening->free) return {Verdict::informational, "taken; " + outcome.seen};
    return {each.opening->not_strict_if_taken ? Verdict::non_strict : Verdict::fail, "taken; " + outcome.seen};
}

Outcome try_client(const Case& each, Link& link, const std::string& request, const Patience& patience) {
    const net::Deadline deadline = net::after(patience.end);
    const std::string offer = header(request, "Sec-WebSocket-Extensions").value_or("");
    if (!each.deflate.empty() && offer.find("permessage-deflate") == std::string::npos) {
        link.send(accepting(request) + link.encode(close(1000)), deadline);
        link.wait([&] { return link.closed || link.ended; }, deadline);
        return {Verdict::unsupported, "it offers no compression"};
    }
    std::string answer = each.opening ? each.opening->head : "";
    if (answer.empty())
        answer = accepting(request, each.deflate.empty() ? "" : "Sec-WebSocket-Extensions: " + each.deflate + "\r\n");
    answer = filled_in(std::move(answer), {.key = header(request, "Sec-WebSocket-Key").value_or("")});
    if (!each.deflate.empty()) link.compression = compression_by(each.deflate, link.role());

    Run run{each, link, patience};
    if (!each.opening || each.opening->accepted) {
        if (each.glued) answer += run.all_bytes();
        link.send(answer, deadline, each.opening ? each.opening->chop : 0);
        return run.outcome();
    }
    // A client that takes the answer echoes what comes with it; one that does not, goes.
    link.send(answer + run.all_bytes(), deadline, each.opening->chop);
    const auto taken = [&] { return !link.events.empty() || link.ended || !link.broken.empty(); };
    if (!link.wait(taken, net::after(patience.soon))) link.end_sending();
    link.wait(taken, deadline);
    if (link.events.empty() && link.ended) return {Verdict::pass, "it gives up"};
    if (link.closed && link.events.size() == 1) return {Verdict::non_strict, "it gives up: " + shown(link.events)};
    return {each.opening->not_strict_if_taken ? Verdict::non_strict : Verdict::fail, "taken: " + shown(link.events)};
}

}  // namespace conformance
