#include "layers/refusal.hpp"

#include "base/literal.hpp"
#include "base/whole_characters.hpp"

namespace layers {
namespace {

constexpr size_t kLongestQuote = 80;  // bytes

// Never in the middle of a UTF-8 character: the server would refuse to send the message.
std::string Cut(const std::string& text) {
  if (text.size() <= kLongestQuote) return text;
  return std::string(base::WholeCharacters(text, kLongestQuote)) + "...";
}

}  // namespace

void Refuse(base::ErrorCode code, const Where& where, const std::string& problem, const std::string& hint) {
  std::string message = Quote(where.layer) + ": ";
  if (!where.class_name.empty()) message = "layer " + Quote(where.layer) + " (" + Cut(where.class_name) + "): ";
  if (!where.argument.empty()) message += "argument " + Quote(where.argument) + " ";
  throw base::Error(code, message + problem, {}, hint);
}

std::string Quote(const std::string& text) { return "\"" + Cut(text) + "\""; }

// JSON has no word for NaN
std::string Got(const base::Value& value) {
  return ", got " + (value.is_double() ? base::FormatNumber(value.number()) : Cut(base::FormatJson(value)));
}

}  // namespace layers
