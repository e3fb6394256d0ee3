// One definition a metric: what everybody but its sums needs to know of it.
//
// Adding a metric: a line in base/kinds.inc, a definition definitions::k<name>Metric in a file of this room, and the
// engine's half (engine/math/metrics).
#pragma once

#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "definitions/argument.hpp"

namespace definitions {

enum class Direction {
  kUnstated,  // no definition may leave it so
  kUp,        // more is better: accuracies
  kDown,      // less is better: errors
};

struct MetricDefinition {
  base::MetricKind kind = base::MetricKind::kAccuracy;
  const char* name = "";
  std::vector<const char*> aliases;  // folded
  Direction direction = Direction::kUnstated;
  std::vector<Argument<base::MetricConfig>> arguments;
  /// Names with a number in them, such as "top_<k>_accuracy": lower case, "<k>" stands for the number, which is the
  /// config's k.
  std::vector<const char*> numbered;
};

#define CEREBRO_METRIC(name, number) extern const MetricDefinition k##name##Metric;
#include "base/kinds.inc"

constexpr int kMaxTopK = 1000000;

/// All of them, in the order of base/kinds.inc.
const std::vector<const MetricDefinition*>& Metrics();

/// By its name or an alias in any spelling; nullptr when there is none.
const MetricDefinition* FindMetric(std::string_view name);

/// By a name with a number in it, from 1 to kMaxTopK, in upper or lower case; sets *k. nullptr when there is none.
const MetricDefinition* FindNumberedMetric(std::string_view name, int* k);

/// A configuration with the definition's kind and defaults, without a name.
base::MetricConfig DefaultConfig(const MetricDefinition& definition);

}  // namespace definitions
