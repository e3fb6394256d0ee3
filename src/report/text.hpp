// Texts of a page: escaped, shortened, and numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace report {

/// Code points of a UTF-8 text. What is no UTF-8, and what no XML text may hold, comes out as U+FFFD.
std::vector<char32_t> Decode(std::string_view utf8);

/// The text for HTML and for attributes in double quotes: plain ASCII, markup and all other characters as numeric
/// references. The page then reads the same in every encoding of server and client.
std::string Escape(std::string_view utf8);

/// An estimate of a text's width in a system font of this size; on the safe side.
double TextWidth(std::string_view utf8, double size);
/// The text, or as much of it as fits with an ellipsis.
std::string Fit(std::string_view utf8, double width, double size);

/// Four significant digits; an en dash for NaN, the sign of infinity for infinities.
std::string Number(double value);
/// 1 234 567, with narrow spaces.
std::string Count(int64_t n);
/// "3 rows", "1 row", "2 classes": the plural is the noun with an s, or `plural`.
std::string Counted(int64_t n, const std::string& noun, const std::string& plural = {});
/// 0.123 -> "12.3 %"
std::string Percent(double share);
/// "45 ms", "1.2 s", "3 min 20 s", "2 h 5 min"
std::string Seconds(double seconds);

}  // namespace report
