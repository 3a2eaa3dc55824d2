// What most files include from the standard library. PRECOMPILE=1 compiles it once, and puts it before
// each file, which takes a fifth to a third of the time away. Nothing includes it: without PRECOMPILE every
// file has to name what it needs, and CI builds the programs that way.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// The compiler would write the code of these into every file that names them; standard.cpp has it, once.
extern template class std::basic_string<char>;
extern template class std::vector<std::string>;
extern template class std::vector<unsigned char>;
extern template class std::span<const unsigned char>;
extern template class std::function<void()>;
