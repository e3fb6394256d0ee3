#include "layers/argument.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/literal.hpp"
#include "layers/objects.hpp"

namespace layers {
namespace {

using base::ErrorCode;
using base::List;
using base::Value;

[[noreturn]] void Wrong(const Where& where, const char* must, const Value& value) {
  Refuse(ErrorCode::kInvalidParameter, where, std::string("must be ") + must + Got(value));
}

bool IsDimension(const Value& value, int64_t* integer) {
  return AsInteger(value, integer) && *integer >= 1 && *integer <= kLargestDimension;
}

Value ReadNumber(const Value& value, double low, double high, bool open, const char* must, const Where& where) {
  if (!value.is_number()) Wrong(where, must, value);
  const double number = value.number();
  const bool inside = std::isfinite(number) && number >= low && (open ? number < high : number <= high);
  if (!inside) Wrong(where, must, value);
  return Value(number);
}

Value ReadPair(const Value& value, const Where& where) {
  constexpr const char* kMust = "a positive integer or a list of two";
  int64_t first = 0, second = 0;
  if (IsDimension(value, &first)) return Value(List{first, first});
  if (!value.is_list() || value.list().size() != 2) Wrong(where, kMust, value);
  if (!IsDimension(value.list()[0], &first) || !IsDimension(value.list()[1], &second)) Wrong(where, kMust, value);
  return Value(List{first, second});
}

Value ReadChoice(const Value& value, const char* choices, const Where& where) {
  std::istringstream words(choices);
  std::string word, list;
  while (words >> word) {
    if (value.is_string() && value.string() == word) return value;
    list += (list.empty() ? "\"" : ", \"") + word + "\"";
  }
  Refuse(value.is_string() ? ErrorCode::kFeatureNotSupported : ErrorCode::kInvalidParameter, where, "must be one of " + list + Got(value));
}

Value ReadDataFormat(const Value& value, const Where& where) {
  if (value.is_null() || (value.is_string() && value.string() == "channels_last")) return Value("channels_last");
  if (value.is_string() && value.string() == "channels_first") {
    Refuse(ErrorCode::kFeatureNotSupported, where, "\"channels_first\" is not supported",
           "Build the model with data_format = \"channels_last\" and inputs of shape (height, width, channels).");
  }
  Wrong(where, "\"channels_last\"", value);
}

// Integers in [-kMostDimensions, kMostDimensions], none twice.
Value ReadAxes(const Value& value, const char* must, const Where& where) {
  constexpr int64_t kMostDimensions = 8;
  const List given = value.is_list() ? value.list() : List{value};
  if (given.empty()) Wrong(where, must, value);
  List axes;
  for (const Value& entry : given) {
    int64_t axis = 0;
    if (!AsInteger(entry, &axis) || axis < -kMostDimensions || axis > kMostDimensions) Wrong(where, must, value);
    if (std::find(axes.begin(), axes.end(), Value(axis)) != axes.end()) Wrong(where, must, value);
    axes.emplace_back(axis);
  }
  return Value(std::move(axes));
}

Value ReadAxis(const Value& value, const Where& where) {
  if (value.is_list() && value.list().size() > 1) {
    Refuse(ErrorCode::kFeatureNotSupported, where, "must be one axis" + Got(value));
  }
  return ReadAxes(value, "an integer", where).list()[0];
}

Value ReadSeed(const Value& value, const Where& where) {
  int64_t seed = 0;
  if (value.is_null()) return value;
  if (!AsInteger(value, &seed)) Wrong(where, "an integer or null", value);
  return Value(seed);
}

Value ReadInputShape(const Value& value, const Where& where) {
  constexpr const char* kMust = "a list of positive integers";
  if (!value.is_list()) Wrong(where, kMust, value);
  List shape;
  for (const Value& entry : value.list()) {
    int64_t size = 0;
    if (!IsDimension(entry, &size)) Wrong(where, kMust, value);
    shape.emplace_back(size);
  }
  return Value(std::move(shape));
}

Value ReadTargetShape(const Value& value, const Where& where) {
  constexpr const char* kMust = "a list of positive integers, at most one of them -1";
  if (!value.is_list()) Wrong(where, kMust, value);
  List shape;
  bool open = false;
  for (const Value& entry : value.list()) {
    int64_t size = 0;
    if (!AsInteger(entry, &size) || size > kLargestDimension || (size < 1 && (size != -1 || open))) Wrong(where, kMust, value);
    open = open || size == -1;
    shape.emplace_back(size);
  }
  return Value(std::move(shape));
}

// Keras: an integer, (rows, columns), or ((top, bottom), (left, right)).
Value ReadPadding(const Value& value, const Where& where) {
  constexpr const char* kMust = "an integer, a list of two, or a list of two lists of two, none of them negative";
  const List sides = value.is_list() ? value.list() : List{value, value};
  if (sides.size() != 2) Wrong(where, kMust, value);
  List padding;
  for (const Value& side : sides) {
    const List ends = side.is_list() ? side.list() : List{side, side};
    if (ends.size() != 2) Wrong(where, kMust, value);
    List pair;
    for (const Value& end : ends) {
      int64_t size = 0;
      if (!AsInteger(end, &size) || size < 0 || size > kLargestDimension) Wrong(where, kMust, value);
      pair.emplace_back(size);
    }
    padding.emplace_back(std::move(pair));
  }
  return Value(std::move(padding));
}

Value ReadNoiseShape(const Value& value, const Where& where) {
  constexpr const char* kMust = "null or a list of positive integers and nulls";
  if (value.is_null()) return value;
  if (!value.is_list() || value.list().empty()) Wrong(where, kMust, value);
  List shape;
  for (const Value& entry : value.list()) {
    int64_t size = 0;
    if (entry.is_null()) {
      shape.emplace_back();
    } else if (IsDimension(entry, &size)) {
      shape.emplace_back(size);
    } else {
      Wrong(where, kMust, value);
    }
  }
  return Value(std::move(shape));
}

Value ReadInputLength(const Value& value, const Where& where) {
  if (value.is_null()) return value;
  return ReadInputShape(value.is_list() ? value : Value(List{value}), where);
}

const Value* Find(const base::Dict& dict, const char* key) {
  for (const auto& entry : dict) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

bool Contains(const std::vector<const char*>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const char* known) { return name == known; });
}

}  // namespace

bool AsInteger(const Value& value, int64_t* integer) {
  if (value.is_int()) {
    *integer = value.integer();
    return true;
  }
  if (!value.is_double()) return false;
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double no longer names one integer
  const double number = value.number();
  if (!(std::fabs(number) <= kExact) || number != std::floor(number)) return false;
  *integer = static_cast<int64_t>(number);
  return true;
}

Value ReadArgument(const Argument& argument, const Value& value, const base::Dict& siblings, const Where& where) {
  constexpr double kHuge = 1e300;
  int64_t integer = 0;
  switch (argument.type) {
    case ArgumentType::kBool:
      if (!value.is_bool()) Wrong(where, "true or false", value);
      return value;
    case ArgumentType::kPositive:
      if (!IsDimension(value, &integer)) Wrong(where, "a positive integer", value);
      return Value(integer);
    case ArgumentType::kNumber: return ReadNumber(value, -kHuge, kHuge, false, "a finite number", where);
    case ArgumentType::kNonNegative: return ReadNumber(value, 0, kHuge, false, "a number that is not negative", where);
    case ArgumentType::kNonNegativeOrNull:
      return value.is_null() ? value : ReadNumber(value, 0, kHuge, false, "null or a number that is not negative", where);
    case ArgumentType::kFraction: return ReadNumber(value, 0, 1, false, "a number from 0 to 1", where);
    case ArgumentType::kRate: return ReadNumber(value, 0, 1, true, "a number of at least 0 and less than 1", where);
    case ArgumentType::kPair: return ReadPair(value, where);
    case ArgumentType::kPairOr: {
      const Value* other = value.is_null() ? Find(siblings, argument.choices) : nullptr;
      return other != nullptr ? *other : ReadPair(value, where);
    }
    case ArgumentType::kChoice: return ReadChoice(value, argument.choices, where);
    case ArgumentType::kDataFormat: return ReadDataFormat(value, where);
    case ArgumentType::kActivation: return ReadActivation(value, where);
    case ArgumentType::kInitializer: return ReadInitializer(value, where);
    case ArgumentType::kRegularizer: return ReadRegularizer(value, where);
    case ArgumentType::kConstraint: return ReadConstraint(value, where);
    case ArgumentType::kAxis: return ReadAxis(value, where);
    case ArgumentType::kAxes:
    case ArgumentType::kWeightAxes: return ReadAxes(value, "an integer or a list of different integers", where);
    case ArgumentType::kSeed: return ReadSeed(value, where);
    case ArgumentType::kInputShape: return ReadInputShape(value, where);
    case ArgumentType::kTargetShape: return ReadTargetShape(value, where);
    case ArgumentType::kPadding: return ReadPadding(value, where);
    case ArgumentType::kNoiseShape: return ReadNoiseShape(value, where);
    case ArgumentType::kInputLength: return ReadInputLength(value, where);
    case ArgumentType::kAbsent: break;
  }
  if (!value.is_null() && !(value.is_bool() && !value.boolean())) {
    Refuse(ErrorCode::kFeatureNotSupported, where, "is not supported" + Got(value));
  }
  return Value();
}

namespace {

// What Keras makes of an optional argument that is given as None: nothing was given, or a truth value that is false. Some
// arguments have a meaning of their own for it.
Value ValueOfNull(const Argument& argument) {
  switch (argument.type) {
    case ArgumentType::kBool: return argument.initial == nullptr ? Value() : Value(false);
    case ArgumentType::kNonNegativeOrNull:
    case ArgumentType::kPairOr:
    case ArgumentType::kDataFormat:
    case ArgumentType::kActivation:
    case ArgumentType::kRegularizer:
    case ArgumentType::kConstraint:
    case ArgumentType::kSeed:
    case ArgumentType::kNoiseShape:
    case ArgumentType::kInputLength:
    case ArgumentType::kAbsent: return Value();
    default: return argument.initial == nullptr ? Value() : base::ParseLiteral(argument.initial);
  }
}

}  // namespace

base::Dict ReadArguments(const std::vector<Argument>& arguments, const std::vector<const char*>& ignored, const Value& config,
                         const Where& where) {
  if (!config.is_dict() && !config.is_null()) {
    Refuse(ErrorCode::kInvalidParameter, where, std::string("the arguments must be a dictionary") + Got(config));
  }
  base::Dict read;
  for (const Argument& argument : arguments) {
    const Where here = where.Inside(argument.name);
    const Value* given = config.Find(argument.name);
    if (given == nullptr) {
      if (argument.type == ArgumentType::kAbsent) continue;
      if (argument.initial == nullptr) Refuse(ErrorCode::kInvalidParameter, here, "is missing");
      read.emplace_back(argument.name, ReadArgument(argument, base::ParseLiteral(argument.initial), read, here));
      continue;
    }
    const Value value_given = given->is_null() ? ValueOfNull(argument) : *given;
    Value value = ReadArgument(argument, value_given, read, here);
    if (argument.type != ArgumentType::kAbsent) read.emplace_back(argument.name, std::move(value));
  }
  if (config.is_null()) return read;
  for (const auto& entry : config.dict()) {
    const auto has_name = [&](const Argument& argument) { return entry.first == argument.name; };
    if (std::any_of(arguments.begin(), arguments.end(), has_name) || Contains(ignored, entry.first)) continue;
    std::string known;
    for (const Argument& argument : arguments) {
      if (argument.type != ArgumentType::kAbsent) known += (known.empty() ? "" : ", ") + std::string(argument.name);
    }
    Refuse(ErrorCode::kInvalidParameter, where.Inside(entry.first), "is unknown",
           known.empty() ? "There are no arguments here." : "The arguments known here are " + known + ".");
  }
  return read;
}

}  // namespace layers
