#include "report/text.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace report {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr const char* kEnDash = "\xE2\x80\x93";
constexpr const char* kInfinity = "\xE2\x88\x9E";
constexpr const char* kMinus = "\xE2\x88\x92";
constexpr const char* kEllipsis = "\xE2\x80\xA6";
constexpr const char* kNarrowSpace = "\xE2\x80\xAF";

// of the font's size; system fonts are about 0.55 on average, capital letters about 0.68
constexpr double kNarrowWidth = 0.58;
constexpr double kWideWidth = 1.05;

// Bytes of the sequence that begins here, 0 where none does; and its code point.
size_t ReadSequence(std::string_view text, char32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  size_t length = 0;
  char32_t value = 0, least = 0;
  if (first < 0x80) {
    *code = first;
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, value = first & 0x1F, least = 0x80;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, value = first & 0x0F, least = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, value = first & 0x07, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    value = (value << 6) | (byte(i) & 0x3F);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
  *code = value;
  return length;
}

// XML 1.0 has no other control characters; HTML forbids those from 0x7F to 0x9F and the non-characters as references.
bool MayStand(char32_t c) {
  if (c == '\t' || c == '\n') return true;
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return false;
  return !(c >= 0xFDD0 && c <= 0xFDEF) && (c & 0xFFFE) != 0xFFFE;
}

std::string Encode(char32_t c) {
  std::string text;
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6)), add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12)), add(0x80 | ((c >> 6) & 0x3F)), add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18)), add(0x80 | ((c >> 12) & 0x3F)), add(0x80 | ((c >> 6) & 0x3F)), add(0x80 | (c & 0x3F));
  }
  return text;
}

double WidthOf(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? 0.72 : kNarrowWidth;
  if (c == 0x202F || c == 0x2026) return kWideWidth;
  return c < 0x500 ? 0.72 : kWideWidth;
}

std::string Printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

// A minus sign is longer than a hyphen.
std::string WithMinus(std::string text) {
  if (!text.empty() && text[0] == '-') text.replace(0, 1, kMinus);
  return text;
}

}  // namespace

std::vector<char32_t> Decode(std::string_view utf8) {
  std::vector<char32_t> out;
  for (size_t i = 0; i < utf8.size();) {
    char32_t code = kReplacement;
    const size_t length = ReadSequence(utf8.substr(i), &code);
    out.push_back(length > 0 && MayStand(code) ? code : kReplacement);
    i += length > 0 ? length : 1;
  }
  return out;
}

std::string Escape(std::string_view utf8) {
  std::string out;
  for (const char32_t c : Decode(utf8)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      char text[16];
      std::snprintf(text, sizeof(text), "&#x%X;", static_cast<unsigned>(c));
      out += text;
    }
  }
  return out;
}

double TextWidth(std::string_view utf8, double size) {
  double width = 0;
  for (const char32_t c : Decode(utf8)) width += WidthOf(c);
  return width * size;
}

std::string Fit(std::string_view utf8, double width, double size) {
  std::string text;
  double used = 0;
  const double ellipsis = kWideWidth * size;
  size_t kept = 0;  // bytes that leave room for the ellipsis
  for (const char32_t c : Decode(utf8)) {
    used += WidthOf(c) * size;
    text += c == '\n' || c == '\t' ? " " : Encode(c);
    if (used + ellipsis <= width) kept = text.size();
  }
  if (used <= width) return text;
  if (ellipsis > width) return "";
  return text.substr(0, kept) + kEllipsis;
}

std::string Number(double value) {
  if (std::isnan(value)) return kEnDash;
  if (std::isinf(value)) return value > 0 ? kInfinity : std::string(kMinus) + kInfinity;
  if (value == 0) return "0";
  const double size = std::fabs(value);
  if (size >= 1e6 || size < 1e-4) return WithMinus(Printed("%.3g", value));
  if (size >= 1000) return WithMinus(Printed("%.0f", value));
  const int decimals = size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 4 : 5;
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return WithMinus(text);
}

std::string Count(int64_t n) {
  const auto bits = static_cast<uint64_t>(n);
  const std::string digits = std::to_string(n < 0 ? 0 - bits : bits);  // of the least number, too, which has no opposite
  std::string out = n < 0 ? kMinus : "";
  for (size_t i = 0; i < digits.size(); i++) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += kNarrowSpace;
    out += digits[i];
  }
  return out;
}

std::string Counted(int64_t n, const std::string& noun, const std::string& plural) {
  return Count(n) + " " + (n == 1 ? noun : plural.empty() ? noun + "s" : plural);
}

std::string Percent(double share) {
  if (std::isnan(share)) return kEnDash;
  const double percent = 100 * share;
  return WithMinus(Printed(std::fabs(percent) >= 99.95 || percent == 0 ? "%.0f" : "%.1f", percent)) + " %";
}

std::string Seconds(double seconds) {
  if (!std::isfinite(seconds)) return kEnDash;
  if (seconds < 0.9995) return Printed("%.0f ms", 1000 * seconds);
  if (seconds < 9.995) return Printed("%.2f s", seconds);
  if (seconds < 119.5) return Printed("%.0f s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 7200) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return Count(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

}  // namespace report
