#include "plan/metric_order.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

namespace plan {

bool GoesUp(const std::string& metric) {
  const auto ends = [&metric](std::string_view word) {
    return metric.size() >= word.size() &&
           std::equal(word.rbegin(), word.rend(), metric.rbegin(), [](char x, char y) { return x == std::tolower(y); });
  };
  return ends("accuracy") || ends("acc") || ends("auc") || ends("precision") || ends("recall");
}

bool BetterMetric(const std::string& metric, double a, double b) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return GoesUp(metric) ? a > b : a < b;
}

}  // namespace plan
