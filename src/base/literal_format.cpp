#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/literal.hpp"

namespace base {
namespace {

void AppendHex(unsigned char c, const char* prefix, std::string* out) {
  static const char kDigits[] = "0123456789abcdef";
  *out += prefix;
  out->push_back(kDigits[c >> 4]);
  out->push_back(kDigits[c & 15]);
}

void AppendQuoted(const std::string& text, char quote, const char* control_prefix, std::string* out) {
  out->push_back(quote);
  for (char c : text) {
    if (c == quote || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      *out += "\\n";
    } else if (c == '\r') {
      *out += "\\r";
    } else if (c == '\t') {
      *out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      AppendHex(static_cast<unsigned char>(c), control_prefix, out);
    } else {
      out->push_back(c);
    }
  }
  out->push_back(quote);
}

struct Notation {
  const char* null;
  const char* yes;
  const char* no;
  char quote;
  const char* control_prefix;
  const char* comma;
  const char* colon;
  bool finite_only;
  bool integer_keys;
};

constexpr Notation kPython = {"None", "True", "False", '\'', "\\x", ", ", ": ", false, true};
constexpr Notation kJson = {"null", "true", "false", '"', "\\u00", ",", ":", true, false};

void Append(const Value& value, const Notation& n, std::string* out) {
  if (value.is_null()) {
    *out += n.null;
  } else if (value.is_bool()) {
    *out += value.boolean() ? n.yes : n.no;
  } else if (value.is_int()) {
    *out += std::to_string(value.integer());
  } else if (value.is_double()) {
    const double v = value.number();
    *out += n.finite_only && !std::isfinite(v) ? std::string(n.null) : FormatNumber(v);
  } else if (value.is_string()) {
    AppendQuoted(value.string(), n.quote, n.control_prefix, out);
  } else if (value.is_list()) {
    out->push_back('[');
    bool first = true;
    for (const Value& item : value.list()) {
      if (!first) *out += n.comma;
      first = false;
      Append(item, n, out);
    }
    out->push_back(']');
  } else {
    out->push_back('{');
    bool first = true;
    for (const auto& entry : value.dict()) {
      if (!first) *out += n.comma;
      first = false;
      if (entry.first.is_integer && n.integer_keys) {
        *out += entry.first;
      } else {
        AppendQuoted(entry.first, n.quote, n.control_prefix, out);
      }
      *out += n.colon;
      Append(entry.second, n, out);
    }
    out->push_back('}');
  }
}

}  // namespace

std::string FormatPython(const Value& value) {
  std::string out;
  Append(value, kPython, &out);
  return out;
}

std::string FormatJson(const Value& value) {
  std::string out;
  Append(value, kJson, &out);
  return out;
}

// Python's repr: shortest digits, scientific where the decimal exponent is below -4 or at least 16.
std::string FormatNumber(double value, bool bare_integer) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  const double magnitude = std::fabs(value);
  const bool fixed = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  const std::chars_format format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value, format);
  if (result.ec != std::errc()) throw Error(ErrorCode::kInternal, "a number does not fit its text");
  std::string text(buffer, result.ptr);
  const bool negative_zero = magnitude == 0 && std::signbit(value);
  if (fixed && text.find('.') == std::string::npos && (!bare_integer || negative_zero)) text += ".0";
  return text;
}

}  // namespace base
