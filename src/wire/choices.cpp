#include "wire/choices.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.hpp"
#include "base/literal.hpp"

namespace wire {
namespace {

using base::Error;
using base::ErrorCode;
using base::List;
using base::Value;

constexpr int64_t kLargestCount = int64_t{1} << 24;  // units of a layer
constexpr size_t kMostLayersNamed = 100;             // of one list of units

std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 60;
  return "\"" + std::string(text.substr(0, kLongest)) + (text.size() > kLongest ? "..." : "") + "\"";
}

[[noreturn]] void Refuse(const char* argument, const std::string& problem, const std::string& hint) {
  throw Error(ErrorCode::kInvalidParameter, std::string(argument) + " " + problem, "", hint);
}

// A literal of this text: braces of SQL's arrays become brackets, bare words strings.
std::string AsLiteral(std::string_view text) {
  std::string literal;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const size_t begin = i++;
      while (i < text.size() && text[i] != c) i += text[i] == '\\' ? 2 : 1;
      i = std::min(i + 1, text.size());
      literal.append(text.substr(begin, i - begin));
    } else if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
      const size_t begin = i;
      while (i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_')) ++i;
      literal += "'" + std::string(text.substr(begin, i - begin)) + "'";
    } else if (std::isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '+') {
      const size_t begin = i++;  // a number with its exponent
      while (i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '.' ||
                                 ((text[i] == '-' || text[i] == '+') && (text[i - 1] == 'e' || text[i - 1] == 'E')))) {
        ++i;
      }
      literal.append(text.substr(begin, i - begin));
    } else {
      literal += c == '{' ? '[' : c == '}' ? ']' : c;
      ++i;
    }
  }
  return literal;
}

Value Parse(const char* argument, std::string_view text) {
  try {
    return base::ParseLiteral(AsLiteral(text));
  } catch (const Error& error) {
    throw Error(ErrorCode::kSyntax,
                std::string(argument) + " " + Quoted(text) + " is neither a value nor a list of values", error.what(),
                "Write one value, or several as an array: '{..., ...}' or [..., ...].");
  }
}

/// One value, or the elements of a list.
List Elements(const char* argument, std::string_view text, const char* example) {
  Value value = Parse(argument, text);
  if (!value.is_list()) return {std::move(value)};
  if (value.list().empty())
    Refuse(argument, "is an empty list", std::string("Give a value, or several: ") + example + ".");
  return std::move(value.list());
}

template <typename T>
void RefuseRepetition(const char* argument, const std::vector<T>& values, const List& given) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) ==
        values.begin() + static_cast<std::ptrdiff_t>(i))
      continue;
    Refuse(argument, "has the value " + base::FormatJson(given[i]) + " twice", "Name each alternative once.");
  }
}

int64_t Count(const char* argument, const Value& value) {
  const bool whole = value.is_int() || (value.is_double() && std::fabs(value.number()) < 1e15 &&
                                        value.number() == std::floor(value.number()));
  const int64_t count = whole ? value.integer() : 0;
  if (count >= 1 && count <= kLargestCount) return count;
  Refuse(argument, "has the value " + base::FormatJson(value),
         "Give whole numbers from 1 to " + std::to_string(kLargestCount) + ".");
}

}  // namespace

std::vector<std::vector<int64_t>> ReadLayerChoices(const char* argument, std::string_view text, bool may_be_empty) {
  Value value = Parse(argument, text);
  const bool nested = value.is_list() && std::any_of(value.list().begin(), value.list().end(),
                                                     [](const Value& entry) { return entry.is_list(); });
  const List given = nested ? value.list() : List{std::move(value)};
  std::vector<std::vector<int64_t>> choices;
  for (const Value& entry : given) {
    std::vector<int64_t> layers;
    for (const Value& units : entry.is_list() ? entry.list() : List{entry}) layers.push_back(Count(argument, units));
    if (layers.empty() && !may_be_empty)
      Refuse(argument, "has a list without a layer", "Give the units of one layer at least: '{64}'.");
    if (layers.size() > kMostLayersNamed) {
      Refuse(argument, "has a list of " + std::to_string(layers.size()) + " layers", "Give 100 layers at most.");
    }
    choices.push_back(std::move(layers));
  }
  RefuseRepetition(argument, choices, given);
  return choices;
}

std::vector<int64_t> ReadCountChoices(const char* argument, std::string_view text) {
  const List given = Elements(argument, text, "'{8,16}'");
  std::vector<int64_t> choices;
  for (const Value& value : given) choices.push_back(Count(argument, value));
  RefuseRepetition(argument, choices, given);
  return choices;
}

std::vector<double> ReadNumberChoices(const char* argument, std::string_view text, double limit) {
  const List given = Elements(argument, text, "'{0,0.1}'");
  std::vector<double> choices;
  for (const Value& value : given) {
    const double number = value.is_number() ? value.number() : -1;
    if (!(number >= 0 && number < limit)) {
      Refuse(argument, "has the value " + base::FormatJson(value),
             "Give numbers of at least 0 and less than " + base::FormatNumber(limit, true) + ".");
    }
    choices.push_back(number);
  }
  RefuseRepetition(argument, choices, given);
  return choices;
}

std::vector<std::string> ReadWordChoices(const char* argument, std::string_view text,
                                         const std::vector<std::string>& known) {
  const List given = Elements(argument, text, "'{relu,tanh}'");
  std::vector<std::string> choices;
  for (const Value& value : given) {
    std::string word = value.is_string() ? value.string() : std::string();
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      std::string list;
      for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
      Refuse(argument, "has the value " + base::FormatJson(value), "Known are " + list + ".");
    }
    choices.push_back(std::move(word));
  }
  RefuseRepetition(argument, choices, given);
  return choices;
}

std::vector<bool> ReadFlagChoices(const char* argument, std::string_view text) {
  const List given = Elements(argument, text, "'{false,true}'");
  std::vector<bool> choices;
  for (const Value& value : given) {
    const std::string word = value.is_string() ? value.string() : std::string();
    const bool yes = word == "t" || word == "true" || word == "True",
               no = word == "f" || word == "false" || word == "False";
    if (!yes && !no) Refuse(argument, "has the value " + base::FormatJson(value), "Give true or false.");
    choices.push_back(yes);
  }
  RefuseRepetition(argument, choices, given);
  return choices;
}

std::vector<int64_t> ReadSizes(const char* argument, std::string_view text) {
  std::vector<int64_t> sizes;
  for (const Value& value : Elements(argument, text, "'{8,8,1}'")) sizes.push_back(Count(argument, value));
  return sizes;
}

std::vector<std::string> ReadWords(const char* argument, std::string_view text) {
  std::vector<std::string> words;
  for (const Value& value : Elements(argument, text, "'{softmax,linear}'")) {
    if (!value.is_string()) Refuse(argument, "has the value " + base::FormatJson(value), "Give words.");
    words.push_back(value.string());
  }
  return words;
}

}  // namespace wire
