#include "plan/ranking.hpp"

#include "plan/metric_order.hpp"

namespace plan {
namespace {

/// -1: a is better, 1: b is, 0: neither.
int Compare(const std::string& metric, const Standing& a, const Standing& b) {
  if (a.diverged != b.diverged) return a.diverged ? 1 : -1;
  if (!metric.empty() && !a.diverged) {
    if (BetterMetric(metric, a.metric, b.metric)) return -1;
    if (BetterMetric(metric, b.metric, a.metric)) return 1;
  }
  if (BetterMetric("loss", a.loss, b.loss)) return -1;
  if (BetterMetric("loss", b.loss, a.loss)) return 1;
  return 0;
}

}  // namespace

std::string CommonMetric(const std::vector<const std::vector<std::string>*>& metric_names) {
  std::string common;
  for (const std::vector<std::string>* names : metric_names) {
    if (names->size() < 2 || (*names)[1].empty() || (!common.empty() && (*names)[1] != common)) return "";
    common = (*names)[1];
  }
  return common;
}

Standing StandingOf(const std::vector<double>& values, bool by_metric) {
  Standing standing;
  if (!values.empty()) standing.loss = values[0];
  if (by_metric && values.size() > 1) standing.metric = values[1];
  return standing;
}

bool StandsBefore(const std::string& metric, const Standing& a, const Standing& b) {
  const int order = Compare(metric, a, b);
  return order != 0 ? order < 0 : a.mst_key < b.mst_key;
}

bool IsBetter(const std::string& metric, const Standing& a, const Standing& b) { return Compare(metric, a, b) < 0; }

}  // namespace plan
