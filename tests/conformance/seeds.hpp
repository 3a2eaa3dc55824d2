// What the cases send, as inputs for the fuzzers of tests/fuzz, each in the form that its first lines say.
// So a fuzzer begins behind what the suite has reached. Leaves out: cases of more than some thousand bytes.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/cases.hpp"

namespace conformance {

// Into FOLDER/NAME-seeds, for the targets connection, session, http, permessage and inflate.
void write_seeds(const std::string& folder, const std::vector<Group>& groups);

}  // namespace conformance
