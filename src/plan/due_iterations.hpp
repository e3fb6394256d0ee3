// The iterations of a run after which metrics are computed, by their rule: a run of two thousand million iterations has
// no list of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "plan/stopping.hpp"

namespace plan {

class DueIterations {
 public:
  /// None.
  DueIterations() = default;
  /// These, which ascend from 1.
  explicit DueIterations(std::vector<int64_t> iterations);
  /// Every `frequency`th (none given: every one for early stopping, else only the last one), those of the halving, and
  /// the last one.
  DueIterations(int64_t num_iterations, std::optional<int64_t> frequency, const StoppingPolicy& policy);

  /// The first one after `iteration`, or 0 when there is none.
  int64_t After(int64_t iteration) const;
  int64_t count() const;
  /// The first ones, at most `most`.
  std::vector<int64_t> First(size_t most) const;

 private:
  int64_t every_ = 0;          // 0: no multiples
  int64_t last_ = 0;           // 0: none at all
  std::vector<int64_t> more_;  // ascending, before last_; multiples of every_ are left out
};

}  // namespace plan
