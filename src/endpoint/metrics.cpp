// Counters in the Prometheus text format, version 0.0.4. Lesson 11.
// The names and their units are an interface: people who watch a server build graphs and alarms on
// them.
#include "endpoint/metrics.hpp"

#include <string_view>

namespace endpoint {

namespace {

void begin(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void add(std::string& text, std::string_view name, std::string_view type, std::uint64_t value,
         std::string_view help) {
    begin(text, name, type, help);
    text.append(name).append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace

std::string metrics_text(const Counters& counters) {
    std::string text;
    add(text, "websocket_connections_open", "gauge", counters.connections_open,
        "Sockets of clients, whatever their state.");
    add(text, "websocket_connections_accepted_total", "counter", counters.connections_accepted,
        "Connections accepted.");
    add(text, "websocket_connections_refused_total", "counter", counters.connections_refused,
        "Connections over a limit.");
    add(text, "websocket_handshakes_total", "counter", counters.handshakes,
        "Handshakes that succeeded.");
    add(text, "websocket_http_requests_total", "counter", counters.http_requests,
        "Requests that were no handshake and got an answer.");
    add(text, "websocket_messages_received_total", "counter", counters.messages_received,
        "Messages received.");
    add(text, "websocket_messages_sent_total", "counter", counters.messages_sent, "Messages sent.");
    add(text, "websocket_bytes_received_total", "counter", counters.bytes_received,
        "Bytes read from sockets.");
    add(text, "websocket_bytes_sent_total", "counter", counters.bytes_sent,
        "Bytes written to sockets.");
    add(text, "websocket_pings_sent_total", "counter", counters.pings_sent, "Pings sent.");
    add(text, "websocket_timeouts_total", "counter", counters.timeouts,
        "Connections that were given up for silence.");
    begin(text, "websocket_errors_total", "counter", "Rules that peers broke.");
    for (std::size_t i = 1; i < counters.errors.size(); ++i)
        if (counters.errors[i] != 0)
            text.append("websocket_errors_total{rule=\"")
                .append(ws::rule(static_cast<ws::Errc>(i)).name)
                .append("\"} ")
                .append(std::to_string(counters.errors[i]))
                .append("\n");
    return text;
}

}  // namespace endpoint
