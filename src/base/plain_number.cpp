#include "base/plain_number.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace base {

std::string PlainNumber(double value, int digits) {
  constexpr int kMostDecimals = 15;
  std::array<char, 400> text;  // the largest double has 309 digits
  if (value == 0 || !std::isfinite(value)) {
    std::snprintf(text.data(), text.size(), "%g", value);
    return text.data();
  }
  // the exponent of the rounded number: 9.999 to three digits is 10.0
  std::snprintf(text.data(), text.size(), "%.*e", std::max(0, digits - 1), value);
  const std::string rounded = text.data();
  const int exponent = std::atoi(rounded.c_str() + rounded.find('e') + 1);
  const int decimals = std::clamp(digits - 1 - exponent, 0, kMostDecimals);
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  std::string plain = text.data();
  if (decimals > 0) {
    plain.erase(plain.find_last_not_of('0') + 1);
    if (plain.back() == '.') plain.pop_back();
  }
  return plain;
}

std::string Thousands(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<size_t>(at), ",");
  return text;
}

}  // namespace base
