// Numbers as people write them. Anybody may call it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace base {

/// `digits` significant digits and never an exponent; digits before the point are all shown: "190", "12000", "0.0021".
/// NaN and infinities as C prints them.
std::string PlainNumber(double value, int digits);

/// "1,234,567". REQUIRES a number of 0 or more.
std::string Thousands(int64_t number);

/// The whole number that a stored text says: decimal digits, a sign in front, nothing else. Errors: kDataCorrupted for any
/// other text, for a number that does not fit, and for what is not there (a NULL).
int64_t WholeNumber(const std::string& text);
int64_t WholeNumber(const std::optional<std::string>& text);
int32_t WholeInt(const std::string& text);
int32_t WholeInt(const std::optional<std::string>& text);

/// The same, and 0 for what is not there.
int64_t WholeOrZero(const std::optional<std::string>& text);

/// The number that a stored text says, as the server writes it ("NaN" and "Infinity", too); NaN for what is not there. Errors:
/// kDataCorrupted for any other text.
double RealOrNaN(const std::optional<std::string>& text);

}  // namespace base
