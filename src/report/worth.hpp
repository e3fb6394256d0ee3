// What each parameter is worth: how much of the differences between models the choice of its value explains.
//
// A one-way analysis of variance for each parameter by itself. Models are put together by the parameter's value, and its
// share is the adjusted R squared (Ezekiel's, also called epsilon squared):
//
//     1 - (sum of squares within values / (n - values)) / (sum of squares in all / (n - 1))
//
// The adjustment takes off what as many arbitrary values would explain by chance, so that many values are no advantage.
// Limits, which the page states: an effect of two parameters together belongs to neither; parameters that were changed
// together share theirs; shares need not add up to one; few models give rough figures. Diverged models have no score
// and are left out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/run.hpp"

namespace report {

struct Level {
  std::string value;   // or "0.001 to 0.003" where numbers were cut into ranges
  size_t models = 0;   // with a score
  size_t diverged = 0;
  double mean = kNoNumber;  // score of its models; a geometric mean where logarithms are compared
};

struct Worth {
  std::string setting;
  std::vector<Level> levels;  // numbers ascending, texts by name
  bool ranges = false;        // numbers of too many values, cut into ranges of equally many models
  double share = kNoNumber;   // of the variance, 0 to 1; NaN: as many values as models
};

struct Worths {
  std::string absent;  // why nothing can be said: a sentence
  size_t models = 0;   // with a score
  bool logarithm = false;  // scores were compared by their logarithms
  std::vector<Worth> settings;  // those that vary, the greatest share first; without a share last
};

Worths MeasureWorths(const Run& run);

/// The names of settings that differ between models, in the order in which models name them.
std::vector<std::string> VaryingSettings(const Run& run);
/// A model's value of a setting; "" where it has none.
std::string ValueOf(const Model& model, const std::string& setting);
/// Whether all of the text is a finite number.
bool ReadNumber(const std::string& text, double* value);
/// How a missing value is called.
constexpr const char* kDefaultValue = "default";

}  // namespace report
