// Which of two models is better: the only rule for it. The leaderboard, the best weights of a run, halving and the run's INFO lines ask here.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace plan {

/// What is compared of a model.
struct Standing {
  double metric = std::numeric_limits<double>::quiet_NaN();  // value of the metric that all are compared by; NaN: none
  double loss = std::numeric_limits<double>::quiet_NaN();
  int64_t mst_key = 0;
  bool diverged = false;
};

/// The metric by which models are compared: the first one after the loss, if all models have the same; else "", which means the loss.
/// metric_names: of each model that counts, the loss first.
std::string CommonMetric(const std::vector<const std::vector<std::string>*>& metric_names);

/// The standing of a model by its values (engine::Model::Finish: the loss first, then the metrics). by_metric: its second value counts.
Standing StandingOf(const std::vector<double>& values, bool by_metric);

/// Whether a stands before b: models that have not diverged first, then by the metric unless it is "", then by the loss, then by the smaller
/// mst_key. NaN is worst. A strict weak order.
bool StandsBefore(const std::string& metric, const Standing& a, const Standing& b);

/// The same without the key: whether a is really better, not just named first.
bool IsBetter(const std::string& metric, const Standing& a, const Standing& b);

}  // namespace plan
