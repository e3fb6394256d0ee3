#include "definitions/names.hpp"

#include <algorithm>

namespace definitions {

std::string Folded(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c != '_') out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

bool IsNamed(std::string_view given, const char* name, const std::vector<const char*>& aliases) {
  const std::string folded = Folded(given);
  return folded == Folded(name) || std::any_of(aliases.begin(), aliases.end(), [&](const char* alias) { return folded == alias; });
}

}  // namespace definitions
