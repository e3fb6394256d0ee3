#include "base/plain_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <system_error>

#include "base/error.hpp"

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

namespace {

int64_t WholeWithin(const std::string& text, int64_t least, int64_t most) {
  int64_t value = 0;
  const char* const first = text.data() + (!text.empty() && text[0] == '+' ? 1 : 0);
  const char* const end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(first, end, value);
  if (read.ec == std::errc() && read.ptr == end && value >= least && value <= most) return value;
  throw Error(ErrorCode::kDataCorrupted, "\"" + text + "\" is stored where a whole number from " + std::to_string(least) + " to " +
                                             std::to_string(most) + " is expected");
}

const std::string& There(const std::optional<std::string>& text) {
  if (!text) throw Error(ErrorCode::kDataCorrupted, "a NULL is stored where a whole number is expected");
  return *text;
}

}  // namespace

int64_t WholeNumber(const std::string& text) {
  return WholeWithin(text, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
}

int64_t WholeNumber(const std::optional<std::string>& text) { return WholeNumber(There(text)); }

int32_t WholeInt(const std::string& text) {
  return static_cast<int32_t>(WholeWithin(text, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

int32_t WholeInt(const std::optional<std::string>& text) { return WholeInt(There(text)); }

int64_t WholeOrZero(const std::optional<std::string>& text) { return text ? WholeNumber(*text) : 0; }

double RealOrNaN(const std::optional<std::string>& text) {
  if (!text) return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const char* const end = text->data() + text->size();
  const std::from_chars_result read = std::from_chars(text->data(), end, value);
  if (read.ec == std::errc() && read.ptr == end) return value;
  throw Error(ErrorCode::kDataCorrupted, "\"" + *text + "\" is stored where a number is expected");
}

}  // namespace base
