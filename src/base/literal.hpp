// Reads and writes literals in Python's and JSON's notation alike: None/null, True/true, False/false, numbers,
// strings in single or double quotes with escapes, lists [..], tuples (..) (read as lists), dictionaries {..}.
#pragma once

#include <string>
#include <string_view>

#include "base/value.hpp"

namespace base {

/// Reads one literal that makes up all of the text. Errors: kSyntax, with the position (1-based character) and what was
/// expected. Nesting deeper than 100 levels, a duplicate key in a dictionary and trailing text are errors.
Value ParseLiteral(std::string_view text);

/// Python's notation, as MADlib's tables have it: 'text' in single quotes, True, None, shortest number that reads back equal
/// (0.001, 1e-06, 10, 1.0). Integer keys stand without quotes, so that reading gives the same value again.
std::string FormatPython(const Value& value);

/// JSON, compact, keys in stored order. NaN and infinities are written as null.
std::string FormatJson(const Value& value);

/// The shortest decimal text that reads back as the same double; always with '.', 'e', "inf" or "nan" in it unless integral
/// and bare_integer is set.
std::string FormatNumber(double value, bool bare_integer = false);

}  // namespace base
