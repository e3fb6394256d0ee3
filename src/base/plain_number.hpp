// Numbers as people write them. Anybody may call it.
#pragma once

#include <string>

namespace base {

/// `digits` significant digits and never an exponent; digits before the point are all shown: "190", "12000", "0.0021".
/// NaN and infinities as C prints them.
std::string PlainNumber(double value, int digits);

}  // namespace base
