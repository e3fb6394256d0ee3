#include "plan/metric_order.hpp"

#include <cmath>
#include <string_view>

#include "definitions/metric.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

// The metric of this name, without the arguments of a call.
const definitions::MetricDefinition* FindWritten(std::string_view text) {
  const size_t dot = text.rfind('.');
  if (dot != std::string_view::npos) text.remove_prefix(dot + 1);
  int k = 0;
  const definitions::MetricDefinition* definition = definitions::FindMetric(text);
  return definition != nullptr ? definition : definitions::FindNumberedMetric(text, &k);
}

}  // namespace

bool GoesUp(const std::string& metric) {
  std::string_view text = Trim(std::string_view(metric).substr(0, metric.find('(')));
  while (true) {
    if (const definitions::MetricDefinition* definition = FindWritten(text)) return definition->direction == definitions::Direction::kUp;
    const size_t end = text.find('_');  // of an output's name, or of "val"
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
}

bool BetterMetric(const std::string& metric, double a, double b) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return GoesUp(metric) ? a > b : a < b;
}

}  // namespace plan
