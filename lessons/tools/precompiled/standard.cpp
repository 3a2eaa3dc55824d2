// The code of what standard.hpp declares: linked with every program whose files had that header before
// them. (The C++ standard grants this for a program's own types only. libstdc++ does the same for its
// strings, until C++17.)
#include <functional>
#include <span>
#include <string>
#include <vector>

template class std::basic_string<char>;
template class std::vector<std::string>;
template class std::vector<unsigned char>;
template class std::span<const unsigned char>;
template class std::function<void()>;
