// Where a text in UTF-8 may be cut.
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

/// The leading part of the text that has at most so many bytes, and whole characters.
inline std::string_view WholeCharacters(std::string_view text, size_t most_bytes) {
  size_t end = most_bytes < text.size() ? most_bytes : text.size();
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace base
