// What EXPLAIN says of a run's frozen layers, from the planner's types alone.
#pragma once

#include <string>
#include <vector>

#include "plan/frozen.hpp"

namespace explain {

/// A layer at which models could be cut.
struct ExplainedCut {
  std::string layer, column;  // column: its name where it is stored
  std::string use;            // "store", "share", "recompute"
  bool there = false;         // stored by an earlier run
  int models = 0;             // that read it
  double bytes = 0;           // stored, or in memory where it is shared; what storing it would take where it is computed again
  double saved_seconds = 0;
  std::string reason;
};

struct ExplainedFeatures {
  bool applied = false;
  std::string reason;
  bool exact = true;           // all combinations were compared
  int models = 0;              // that read features
  double seconds_plain = 0, seconds_planned = 0, store_seconds = 0;  // of frozen layers
  double disk = 0, disk_budget = 0;      // bytes
  double memory = 0, memory_budget = 0;  // likewise, of all processes
  std::vector<ExplainedCut> cuts;
};

/// off_reason: why nothing was planned, or "".
ExplainedFeatures ExplainFeatures(const std::vector<plan::FrozenNode>& nodes, const plan::FrozenRates& rates, const plan::FrozenDecision& decision,
                                  const std::string& off_reason);

}  // namespace explain
