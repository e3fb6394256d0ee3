// Which of two values of a metric is better.
#pragma once

#include <string>

namespace plan {

/// Whether more is better, as the metric's definition says; a loss goes down. `metric` is the text that the user wrote,
/// with the name of an output or "val" before it where there is one: "accuracy", "left_accuracy", "val_top_5_accuracy",
/// "TopKCategoricalAccuracy(k=3)".
bool GoesUp(const std::string& metric);

/// Whether value a of a metric is better than b. NaN is worse than all.
bool BetterMetric(const std::string& metric, double a, double b);

}  // namespace plan
