// Why something is done about a frozen layer, or not: the sentences of EXPLAIN. For plan/frozen.cpp alone; pure
// functions of the problem and its choice.
#pragma once

#include <cstddef>
#include <string>

#include "plan/frozen_problem.hpp"

namespace plan {

/// Says what is done at the points of a problem, and why. All arguments outlive it.
class FrozenReasons {
 public:
  FrozenReasons(FrozenProblem* problem, const FrozenRates& rates, const PointUses& choice,
                const FrozenProblem::Outcome& outcome)
      : problem_(*problem), rates_(rates), choice_(choice), outcome_(outcome) {}

  /// Fills use, bytes, saved_seconds and reason. REQUIRES that `candidates` is set.
  void Explain(size_t point, FrozenChoice* explained);

 private:
  std::string Why(size_t point, const FrozenChoice& explained) const;
  std::string WhyNot(size_t point);
  std::string Declined(size_t point, FeatureUse use);

  FrozenProblem& problem_;
  const FrozenRates& rates_;
  const PointUses& choice_;
  const FrozenProblem::Outcome& outcome_;
};

/// One sentence on a decision whose seconds are set.
std::string DecisionReason(const FrozenDecision& decision, const FrozenProblem& problem, const FrozenRates& rates);

}  // namespace plan
