// --json: a JSON text with each member on a line of its own. Numbers and strings stay exactly as
// they were sent, which is why the text is indented and not written anew from its value.
// RFC 8259. Leaves out: sorting, colors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wsc {

// Nothing when it is no JSON, or holds what json/parse refuses (such as a name that occurs twice).
std::optional<std::string> indented_json(std::string_view text);

}  // namespace wsc
