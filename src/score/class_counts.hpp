// How a model does on rows that have one class: which class it takes for which, and how sure it is. One pass over a
// packed table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "score/scored_table.hpp"

namespace score {

constexpr size_t kConfidenceBins = 10;

/// Rows whose most probable class has a probability within a tenth.
struct ConfidenceBin {
  int64_t rows = 0;
  double confidence = 0;  // sum of the probabilities
  int64_t right = 0;
};

/// Of an output.
struct ClassCounts {
  std::map<std::pair<int64_t, int64_t>, int64_t> confusions;  // (actual, predicted) -> rows; pairs that occur
  std::array<ConfidenceBin, kConfidenceBins> bins;            // rows of NaN are in none
};

/// One class a row, actual and predicted: what a confusion matrix counts.
bool HasOneClass(const OutputInfo& output);

/// An entry an output; empty where it has not one class a row.
std::vector<ClassCounts> CountClasses(const ScoredTable& scored);

}  // namespace score
