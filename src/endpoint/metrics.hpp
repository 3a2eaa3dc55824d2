// The counters of a server as text that Prometheus reads. Lesson 11.
// Leaves out: serving it over HTTP, histograms, labels for single clients, whose number has no
// bound.
#pragma once

#include <string>

#include "endpoint/server_options.hpp"

namespace endpoint {

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// One block a counter: what it is, its type, its value. Errors carry the rule as a label.
std::string metrics_text(const Counters& counters);

}  // namespace endpoint
