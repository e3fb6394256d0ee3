// Readers of the parts of compile_params. Inside of src/plan only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.hpp"
#include "base/error.hpp"
#include "base/value.hpp"
#include "definitions/argument.hpp"

namespace plan {

/// Name(...) of an optimizer, with the arguments of its definition and those of a learning rate.
base::OptimizerConfig ReadOptimizer(std::string_view text);
/// The optimizer's name as Keras writes it, or empty when it is unknown.
std::string OptimizerName(std::string_view name);

base::LossConfig ReadLoss(std::string_view text);
/// The loss's long name, or empty when it is unknown.
std::string LossName(std::string_view name);

base::MetricConfig ReadMetric(const std::string& text);

/// A parameter of some owner ("optimizer Adam", "fit_params"), checked for type and range. Errors: kInvalidParameter
/// naming both.
class Parameter {
 public:
  Parameter(std::string owner, std::string name, const base::Value& value)
      : owner_(std::move(owner)), name_(std::move(name)), value_(value) {}

  bool Boolean() const;
  /// A finite number in [low, high]; `open_low` leaves out low itself, `open_high` high.
  double Number(double low, double high, bool open_low = false, bool open_high = false) const;
  /// The same for a number that models compute with, in float32: refused where that makes infinity or 0 of it.
  double Float(double low, double high, bool open_low = false, bool open_high = false) const;
  int64_t Integer(int64_t low, int64_t high) const;
  const std::string& Text() const;
  /// The position of the text among words that blanks part, in upper or lower case; None is the first one.
  int Choice(const char* words) const;
  /// A list of texts; one text is a list of itself, None is empty.
  std::vector<std::string> Texts() const;
  [[noreturn]] void Refuse(const std::string& expected) const;

 private:
  std::string owner_;
  std::string name_;
  const base::Value& value_;  // outlives this object
};

/// Reads a value into the field of the argument of this name. False when none of the arguments has it.
template <class Config>
bool ReadArgument(const std::vector<definitions::Argument<Config>>& arguments, const std::string& owner, const std::string& name,
                  const base::Value& value, Config* config) {
  for (const definitions::Argument<Config>& argument : arguments) {
    if (name != argument.name) continue;
    if (argument.none_is_default && value.is_null()) return true;
    const Parameter given(owner, name, value);
    const definitions::Range& range = argument.range;
    if (argument.flag != nullptr) config->*argument.flag = given.Boolean();
    if (argument.choice != nullptr) config->*argument.choice = given.Choice(argument.words);
    if (argument.texts != nullptr) config->*argument.texts = given.Texts();
    if (argument.number != nullptr) config->*argument.number = given.Float(range.low, range.high, range.open_low, range.open_high);
    if (argument.count != nullptr) {
      config->*argument.count = static_cast<int>(given.Integer(static_cast<int64_t>(range.low), static_cast<int64_t>(range.high)));
    }
    return true;
  }
  return false;
}

template <class Config>
std::vector<std::string> ArgumentNames(const std::vector<definitions::Argument<Config>>& arguments) {
  std::vector<std::string> names;
  for (const definitions::Argument<Config>& argument : arguments) names.emplace_back(argument.name);
  return names;
}

}  // namespace plan
