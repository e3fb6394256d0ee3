// Which of two values of a metric is better.
#pragma once

#include <string>

namespace plan {

/// Accuracy-like metrics go up, loss-like ones down. Names end in the metric's own: "accuracy", "left_accuracy", "top_5_accuracy".
bool GoesUp(const std::string& metric);

/// Whether value a of a metric is better than b. NaN is worse than all.
bool BetterMetric(const std::string& metric, double a, double b);

}  // namespace plan
