#include "layers/argument.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "base/literal.hpp"
#include "layers/objects.hpp"

namespace layers {
namespace {

using base::ErrorCode;
using base::List;
using base::Value;

constexpr size_t kMostDimensions = 8;  // of an input

[[noreturn]] void Wrong(const Where& where, const char* must, const Value& value) {
  Refuse(ErrorCode::kInvalidParameter, where, std::string("must be ") + must + Got(value));
}

bool IsDimension(const Value& value, int64_t* integer) {
  return AsInteger(value, integer) && *integer >= 1 && *integer <= kLargestDimension;
}

// Whether a list of integers has this one.
bool Holds(const List& integers, int64_t integer) {
  return std::any_of(integers.begin(), integers.end(), [integer](const Value& entry) { return entry.integer() == integer; });
}

Value ReadNumber(const Value& value, double low, double high, bool open, const char* must, const Where& where) {
  if (!value.is_number()) Wrong(where, must, value);
  const double number = value.number();
  const bool inside = std::isfinite(number) && number >= low && (open ? number < high : number <= high);
  if (!inside) Wrong(where, must, value);
  const double size = std::fabs(number);
  if (size > static_cast<double>(std::numeric_limits<float>::max()) ||
      (number != 0 && size < static_cast<double>(std::numeric_limits<float>::min()))) {
    Wrong(where, "0 or from 1.2e-38 to 3.4e+38 in size, as float32 holds it", value);
  }
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

Value ReadSingle(const Value& value, const Where& where) {
  int64_t size = 0;
  const bool list = value.is_list() && value.list().size() == 1;
  if (!IsDimension(list ? value.list()[0] : value, &size)) Wrong(where, "a positive integer or a list of one", value);
  return Value(List{size});
}

// `whole`: the argument, of which `value` may be a part.
Value ReadSizePair(const Value& value, const Value& whole, const char* must, const Where& where) {
  const List sizes = value.is_list() ? value.list() : List{value, value};
  if (sizes.size() != 2) Wrong(where, must, whole);
  List pair;
  for (const Value& entry : sizes) {
    int64_t size = 0;
    if (!AsInteger(entry, &size) || size < 0 || size > kLargestDimension) Wrong(where, must, whole);
    pair.emplace_back(size);
  }
  return Value(std::move(pair));
}

// The numbers 1 to n, each once.
Value ReadPermutation(const Value& value, const Where& where) {
  constexpr const char* kMust = "a list of the integers from 1 to its length, each once";
  if (value.is_list() && value.list().size() > kMostDimensions) Wrong(where, "a list of at most 8 integers", value);
  if (!value.is_list() || value.list().empty()) Wrong(where, kMust, value);
  List dimensions;
  for (const Value& entry : value.list()) {
    int64_t dimension = 0;
    const bool fits = AsInteger(entry, &dimension) && dimension >= 1 && dimension <= static_cast<int64_t>(value.list().size()) &&
                      !Holds(dimensions, dimension);
    if (!fits) Wrong(where, kMust, value);
    dimensions.emplace_back(dimension);
  }
  return Value(std::move(dimensions));
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
           "Build the model with data_format = \"channels_last\" and inputs whose last dimension is the channels: (height, width, channels) "
           "or (time, channels).");
  }
  Wrong(where, "\"channels_last\"", value);
}

// Integers in [-kMostDimensions, kMostDimensions], none twice.
Value ReadAxes(const Value& value, const char* must, const Where& where) {
  constexpr auto kMost = static_cast<int64_t>(kMostDimensions);
  const List given = value.is_list() ? value.list() : List{value};
  if (given.empty()) Wrong(where, must, value);
  List axes;
  for (const Value& entry : given) {
    int64_t axis = 0;
    if (!AsInteger(entry, &axis) || axis < -kMost || axis > kMost) Wrong(where, must, value);
    if (Holds(axes, axis)) Wrong(where, must, value);
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

Value ReadTwoAxes(const Value& value, const Where& where) {
  constexpr const char* kMust = "an integer or a list of two";
  const List given = value.is_list() ? value.list() : List{value, value};
  if (given.size() != 2) Wrong(where, kMust, value);
  return Value(List{ReadAxes(given[0], kMust, where).list()[0], ReadAxes(given[1], kMust, where).list()[0]});
}

// Keras 3 writes some sizes as a list of one.
Value ReadPositiveOrNull(const Value& value, const Where& where) {
  const Value& size = value.is_list() && value.list().size() == 1 ? value.list()[0] : value;
  int64_t integer = 0;
  if (value.is_null()) return value;
  if (!IsDimension(size, &integer)) Wrong(where, "null or a positive integer", value);
  return Value(integer);
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
  for (const Value& side : sides) padding.push_back(ReadSizePair(side, value, kMust, where));
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

// A number, or a list of lists of one shape. An array of NumPy's is written as {"class_name": "__numpy__", "config":
// {"value": [..]}} by Keras 3.
Value ReadNumbers(const Value& value, const Where& where) {
  constexpr const char* kMust = "a finite number, or regularly nested lists of finite numbers";
  constexpr size_t kMostNumbers = 1 << 20;
  const Value* class_name = value.Find("class_name");
  const Value* config = value.Find("config");
  const bool array = class_name != nullptr && class_name->is_string() && config != nullptr && config->Find("value") != nullptr &&
                     (class_name->string() == "__numpy__" || class_name->string() == "__tensor__");
  const Value& given = array ? *config->Find("value") : value;
  if (given.is_number()) {
    if (!std::isfinite(given.number())) Wrong(where, kMust, value);
    return Value(given.number());
  }
  if (!given.is_list() || given.list().empty() || given.list().size() > kMostNumbers) Wrong(where, kMust, value);
  List numbers;
  for (const Value& entry : given.list()) {
    numbers.push_back(ReadNumbers(entry, where));
    const Value *a = &numbers.front(), *b = &numbers.back();
    while (a->is_list() && b->is_list() && a->list().size() == b->list().size()) {
      a = &a->list()[0];
      b = &b->list()[0];
    }
    if (a->is_list() || b->is_list()) Wrong(where, kMust, value);
  }
  return Value(std::move(numbers));
}

Value ReadBoundaries(const Value& value, const Where& where) {
  constexpr const char* kMust = "a list of ascending numbers";
  if (value.is_null()) {
    Refuse(ErrorCode::kInvalidParameter, where, "is null: the boundaries are not in the text",
           "A layer that was adapted keeps them elsewhere: write them into the config, layer.bin_boundaries in Keras.");
  }
  if (!value.is_list() || value.list().empty()) Wrong(where, kMust, value);
  List boundaries;
  for (const Value& entry : value.list()) {
    const bool fits = entry.is_number() && std::isfinite(entry.number()) &&
                      (boundaries.empty() || entry.number() > boundaries.back().number());
    if (!fits) Wrong(where, kMust, value);
    boundaries.emplace_back(entry.number());
  }
  return Value(std::move(boundaries));
}

// low: what a single number stands for on the lower side, times the number.
Value ReadInterval(const Value& value, double low, const char* must, const Where& where) {
  double ends[2] = {};
  if (value.is_number()) {
    ends[0] = low * value.number();
    ends[1] = value.number();
  } else {
    const bool two = value.is_list() && value.list().size() == 2 && value.list()[0].is_number() && value.list()[1].is_number();
    if (!two) Wrong(where, must, value);
    for (size_t i = 0; i < 2; ++i) ends[i] = value.list()[i].number();
  }
  const bool fits = std::isfinite(ends[0]) && std::isfinite(ends[1]) && (low < 0 ? ends[0] <= ends[1] : ends[0] >= 0 && ends[1] >= 0);
  if (!fits) Wrong(where, must, value);
  return Value(List{Value(ends[0]), Value(ends[1])});
}

Value ReadSpan(const Value& value, const Where& where) {
  return ReadInterval(value, -1, "a number that is not negative, or a list of two ascending numbers", where);
}

Value ReadOpenShape(const Value& value, const Where& where) {
  constexpr const char* kMust = "a positive integer, or a list of positive integers and nulls";
  List shape;
  for (const Value& entry : value.is_list() ? value.list() : List{value}) {
    int64_t size = 0;
    if (entry.is_null() && value.is_list()) {
      shape.emplace_back();
    } else if (IsDimension(entry, &size)) {
      shape.emplace_back(size);
    } else {
      Wrong(where, kMust, value);
    }
  }
  if (shape.empty()) Wrong(where, kMust, value);
  return Value(std::move(shape));
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
    case ArgumentType::kPositiveOrNull: return ReadPositiveOrNull(value, where);
    case ArgumentType::kCount:
      if (!AsInteger(value, &integer) || integer < 0 || integer > kLargestDimension) Wrong(where, "an integer that is not negative", value);
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
    case ArgumentType::kSingle: return ReadSingle(value, where);
    case ArgumentType::kSingleOr: {
      const Value* other = value.is_null() ? Find(siblings, argument.choices) : nullptr;
      return other != nullptr ? *other : ReadSingle(value, where);
    }
    case ArgumentType::kChoice: return ReadChoice(value, argument.choices, where);
    case ArgumentType::kDataFormat: return ReadDataFormat(value, where);
    case ArgumentType::kActivation: return ReadActivation(value, where);
    case ArgumentType::kInitializer: return ReadInitializer(value, where);
    case ArgumentType::kRegularizer: return ReadRegularizer(value, where);
    case ArgumentType::kConstraint: return ReadConstraint(value, where);
    case ArgumentType::kAxis: return ReadAxis(value, where);
    case ArgumentType::kTwoAxes: return ReadTwoAxes(value, where);
    case ArgumentType::kAxes:
    case ArgumentType::kWeightAxes: return ReadAxes(value, "an integer or a list of different integers", where);
    case ArgumentType::kSeed: return ReadSeed(value, where);
    case ArgumentType::kInputShape: return ReadInputShape(value, where);
    case ArgumentType::kTargetShape: return ReadTargetShape(value, where);
    case ArgumentType::kPadding: return ReadPadding(value, where);
    case ArgumentType::kEnds: return ReadSizePair(value, value, "an integer or a list of two, none of them negative", where);
    case ArgumentType::kSizePairOrNull:
      return value.is_null() ? value : ReadSizePair(value, value, "null, an integer or a list of two, none of them negative", where);
    case ArgumentType::kPermutation: return ReadPermutation(value, where);
    case ArgumentType::kNoiseShape: return ReadNoiseShape(value, where);
    case ArgumentType::kInputLength: return ReadInputLength(value, where);
    case ArgumentType::kAxesOrNone:
      if (value.is_null() || (value.is_list() && value.list().empty())) return Value(List{});
      return ReadAxes(value, "null, an integer or a list of different integers", where);
    case ArgumentType::kNumbersOrNull:
    case ArgumentType::kNumbers: return value.is_null() && argument.type == ArgumentType::kNumbersOrNull ? value : ReadNumbers(value, where);
    case ArgumentType::kBoundaries: return ReadBoundaries(value, where);
    case ArgumentType::kSpanOrNull:
    case ArgumentType::kSpan: return value.is_null() && argument.type == ArgumentType::kSpanOrNull ? value : ReadSpan(value, where);
    case ArgumentType::kInterval:
      if (!value.is_list()) Wrong(where, "a list of two ascending numbers", value);
      return ReadInterval(value, -1, "a list of two ascending numbers", where);
    case ArgumentType::kSpread: return ReadInterval(value, 1, "a number that is not negative, or a list of two", where);
    case ArgumentType::kGroups:
      if (!IsDimension(value, &integer) && !(AsInteger(value, &integer) && integer == -1)) Wrong(where, "a positive integer or -1", value);
      return Value(integer);
    case ArgumentType::kOpenShape: return ReadOpenShape(value, where);
    case ArgumentType::kTextOrNull:
    case ArgumentType::kText:
      if (value.is_null() && argument.type == ArgumentType::kTextOrNull) return value;
      if (!value.is_string()) Wrong(where, "a string", value);
      return value;
    case ArgumentType::kAbsent: break;
  }
  const bool neutral = argument.initial != nullptr && value == base::ParseLiteral(argument.initial);
  if (!value.is_null() && !(value.is_bool() && !value.boolean()) && !neutral) {
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
    case ArgumentType::kPositiveOrNull:
    case ArgumentType::kNonNegativeOrNull:
    case ArgumentType::kPairOr:
    case ArgumentType::kSingleOr:
    case ArgumentType::kSizePairOrNull:
    case ArgumentType::kAxesOrNone:
    case ArgumentType::kNumbersOrNull:
    case ArgumentType::kBoundaries:
    case ArgumentType::kSpanOrNull:
    case ArgumentType::kTextOrNull:
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

bool IsLaterDefault(const Argument& argument, const Value& value, const base::Dict& siblings) {
  return argument.later && value == ReadArgument(argument, base::ParseLiteral(argument.initial), siblings, {});
}

}  // namespace layers
