// Numbers as people write them. Anybody may call it.
#pragma once

#include <cstdint>
#include <string>

namespace base {

/// `digits` significant digits and never an exponent; digits before the point are all shown: "190", "12000", "0.0021".
/// NaN and infinities as C prints them.
std::string PlainNumber(double value, int digits);

/// "1,234,567". REQUIRES a number of 0 or more.
std::string Thousands(int64_t number);

}  // namespace base
