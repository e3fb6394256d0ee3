// The metric values of a model after an iteration: what curves are drawn from and what decides who stops and whose
// weights are kept.
#pragma once

#include <cstdint>
#include <vector>

namespace plan {

/// One evaluation of a model. Values are in the order of its metric names, the loss first; empty where they were not
/// computed; NaN of a model that has diverged.
struct Evaluation {
  int64_t iteration = 0;  // of the model, counted from 1 since its first training
  double elapsed = 0;     // seconds since its first run's start; time between runs does not count
  std::vector<double> training;
  std::vector<double> validation;

  /// The values that count for comparisons: of the validation table where there was one.
  const std::vector<double>& scores() const { return validation.empty() ? training : validation; }
};

}  // namespace plan
