// An argument of an optimizer, a loss or a metric: the field that it sets, its default and the values that it may have.
// The readers of compile_params (src/plan) check by it and write the messages.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace definitions {

/// Numbers from low to high; `open_low` leaves out low itself, `open_high` high.
struct Range {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  bool open_low = false;
  bool open_high = false;
};

constexpr Range kNotNegative{};
constexpr Range kAnyNumber{-std::numeric_limits<double>::infinity()};
constexpr Range kPositive{0, std::numeric_limits<double>::infinity(), true};
constexpr Range kNotPositive{-std::numeric_limits<double>::infinity(), 0};
constexpr Range kZeroToOne{0, 1};
constexpr Range kBelowOne{0, 1, false, true};

/// One of the fields is set, with its default.
template <class Config>
struct Argument {
  const char* name;
  bool Config::*flag = nullptr;
  double Config::*number = nullptr;
  int Config::*count = nullptr;
  double initial = 0;            // of a number or a count; a flag's is false
  Range range;                   // of a number or a count
  bool none_is_default = false;  // None may be written for the default
  int Config::*choice = nullptr;
  const char* words = nullptr;  // of a choice: parted by blanks, the first is the default; the field becomes the position
  std::vector<std::string> Config::*texts = nullptr;  // a list of texts; the default is none
};

template <class Config>
constexpr Argument<Config> Flag(const char* name, bool Config::*field) {
  return {name, field};
}

template <class Config>
constexpr Argument<Config> Number(const char* name, double Config::*field, double initial, Range range, bool none_is_default = false) {
  return {name, nullptr, field, nullptr, initial, range, none_is_default};
}

template <class Config>
constexpr Argument<Config> Count(const char* name, int Config::*field, int initial, int low, int high) {
  return {name, nullptr, nullptr, field, static_cast<double>(initial), {static_cast<double>(low), static_cast<double>(high)}};
}

/// One of `words` in upper or lower case; None is the first one.
template <class Config>
constexpr Argument<Config> Choice(const char* name, int Config::*field, const char* words) {
  return {name, nullptr, nullptr, nullptr, 0, {}, true, field, words};
}

template <class Config>
constexpr Argument<Config> Texts(const char* name, std::vector<std::string> Config::*field) {
  return {name, nullptr, nullptr, nullptr, 0, {}, true, nullptr, nullptr, field};
}

/// Gives the argument's field its default.
template <class Config>
void SetDefault(const Argument<Config>& argument, Config* config) {
  if (argument.flag != nullptr) config->*argument.flag = false;
  if (argument.number != nullptr) config->*argument.number = argument.initial;
  if (argument.count != nullptr) config->*argument.count = static_cast<int>(argument.initial);
  if (argument.choice != nullptr) config->*argument.choice = 0;
  if (argument.texts != nullptr) (config->*argument.texts).clear();
}

}  // namespace definitions
