// The four parameters of permessage-deflate and what they oblige to, RFC 7692 §7.1. Lesson 14.
// An offer or answer is read as a whole first (a name it does not have, twice the same one, a value
// that is none: refused), and then compared with what this end wants.
#include "ws/deflate/permessage.hpp"

#include <algorithm>
#include <utility>

#include "ws/http.hpp"

namespace ws::deflate {

namespace {

constexpr std::string_view extension_name = "permessage-deflate";

// The parameters as they were written. A window of 0 bits: the parameter is there, without a value.
struct Parameters {
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    std::optional<unsigned> server_max_window_bits{};
    std::optional<unsigned> client_max_window_bits{};
};

// RFC 7692 §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
std::optional<unsigned> window_bits(std::string_view text) {
    // RFC 6455 §9.1: a value may also stand between quotation marks; its escapes were checked by
    // ws/handshake, and a digit needs none.
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    if (text.size() == 1 && (text == "8" || text == "9")) return text[0] - '0';
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
        return 10 + (text[1] - '0');
    return std::nullopt;
}

// Reads one parameter. False: it has no such name, was there before, or its value is invalid.
bool read(std::string_view text, Parameters& parameters) {
    const std::size_t equals = text.find('=');
    const std::string_view name = trim(text.substr(0, equals));
    const bool has_value = equals != std::string_view::npos;
    const std::string_view value = has_value ? trim(text.substr(equals + 1)) : std::string_view{};

    const auto set_flag = [has_value](bool& flag) {
        return !has_value && !std::exchange(flag, true);
    };
    const auto set_window = [&](std::optional<unsigned>& window) {
        if (window) return false;
        window = has_value ? window_bits(value) : 0;
        return window.has_value();
    };
    if (name == "server_no_context_takeover")
        return set_flag(parameters.server_no_context_takeover);
    if (name == "client_no_context_takeover")
        return set_flag(parameters.client_no_context_takeover);
    // Only the client's window may come without a value (§7.1.2.2), and only in an offer.
    if (name == "server_max_window_bits")
        return has_value && set_window(parameters.server_max_window_bits);
    if (name == "client_max_window_bits") return set_window(parameters.client_max_window_bits);
    return false;
}

bool is_ours(std::string_view extension) {
    return trim(extension.substr(0, extension.find(';'))) == extension_name;
}

std::optional<Parameters> parse(std::string_view extension) {
    const std::vector<std::string_view> parts = split(extension, ';');
    Parameters parameters;
    for (const std::string_view part : std::span{parts}.subspan(1))
        if (!read(part, parameters)) return std::nullopt;
    return parameters;
}

// §7.1.2: what a server makes of an offer that is well-formed.
std::optional<Terms> agree(const Parameters& offered, const Terms& allowed) {
    Terms agreed = allowed;
    agreed.server_no_context_takeover |= offered.server_no_context_takeover;
    // A hint: the client will not use it in any case (§7.1.1.2).
    agreed.client_no_context_takeover |= offered.client_no_context_takeover;
    if (offered.server_max_window_bits)
        agreed.server_max_window_bits =
            std::min(agreed.server_max_window_bits, *offered.server_max_window_bits);
    // RFC 7692 §7.1.2.2: "If a received extension negotiation offer doesn't have the
    // "client_max_window_bits" extension parameter, the corresponding extension negotiation
    // response to the offer MUST NOT include the "client_max_window_bits" extension parameter."
    if (!offered.client_max_window_bits) {
        // Then its window may be 32 KiB, and a server that grants less cannot keep the offer.
        if (allowed.client_max_window_bits < max_window_bits) return std::nullopt;
    } else if (*offered.client_max_window_bits != 0) {
        agreed.client_max_window_bits =
            std::min(agreed.client_max_window_bits, *offered.client_max_window_bits);
    }
    return agreed;
}

void add_window(std::string& text, std::string_view name, unsigned bits) {
    text.append("; ").append(name).append("=").append(std::to_string(bits));
}

// `names_server_window`: also when it is the largest there is.
std::string begin(const Terms& terms, bool names_server_window) {
    std::string text{extension_name};
    if (terms.server_no_context_takeover) text += "; server_no_context_takeover";
    if (terms.client_no_context_takeover) text += "; client_no_context_takeover";
    if (names_server_window || terms.server_max_window_bits < max_window_bits)
        add_window(text, "server_max_window_bits", terms.server_max_window_bits);
    return text;
}

std::string answer(const Terms& agreed, const Parameters& offered) {
    // RFC 7692 §7.1.2.1: "A server accepts an extension negotiation offer with this parameter by
    // including the "server_max_window_bits" extension parameter in the extension negotiation
    // response to send back to the client with the same or smaller value as the offer."
    std::string text = begin(agreed, offered.server_max_window_bits.has_value());
    if (agreed.client_max_window_bits < max_window_bits)
        add_window(text, "client_max_window_bits", agreed.client_max_window_bits);
    return text;
}

}  // namespace

std::string offer(const Terms& wanted) {
    std::string text = begin(wanted, false);
    // Without a value it says that a server may ask for less.
    if (wanted.client_max_window_bits == max_window_bits) return text + "; client_max_window_bits";
    add_window(text, "client_max_window_bits", wanted.client_max_window_bits);
    return text;
}

std::optional<Choice> choose(std::span<const std::string_view> extensions, const Terms& allowed) {
    // RFC 7692 §7: "A server MUST decline an extension negotiation offer for this extension if
    // any of the following conditions are met: The negotiation offer contains an extension
    // parameter not defined for use in an offer. [...] with an invalid value. [...] multiple
    // extension parameters with the same name. The server doesn't support the offered
    // configuration."
    for (const std::string_view extension : extensions) {
        if (!is_ours(extension)) continue;
        if (const auto offered = parse(extension))
            if (const auto agreed = agree(*offered, allowed))
                return Choice{*agreed, answer(*agreed, *offered)};
    }
    return std::nullopt;
}

std::optional<Terms> accept(std::span<const std::string_view> extensions, const Terms& offered) {
    // One extension was offered, so one may be named in the answer, and once.
    if (extensions.size() != 1 || !is_ours(extensions[0])) return std::nullopt;
    const std::optional<Parameters> answered = parse(extensions[0]);
    if (!answered) return std::nullopt;
    Terms agreed{answered->server_no_context_takeover,
                 offered.client_no_context_takeover || answered->client_no_context_takeover,
                 answered->server_max_window_bits.value_or(max_window_bits),
                 answered->client_max_window_bits.value_or(offered.client_max_window_bits)};
    // §7.1.1.1, §7.1.2.1: a server accepts these by naming them, with a window no larger.
    if (offered.server_no_context_takeover && !agreed.server_no_context_takeover)
        return std::nullopt;
    if (agreed.server_max_window_bits > offered.server_max_window_bits) return std::nullopt;
    // §7.1.2.2: in an answer, the client's window has a value. What it may be was offered.
    if (agreed.client_max_window_bits == 0) return std::nullopt;
    agreed.client_max_window_bits =
        std::min(agreed.client_max_window_bits, offered.client_max_window_bits);
    return agreed;
}

}  // namespace ws::deflate
