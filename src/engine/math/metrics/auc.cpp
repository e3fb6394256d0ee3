// Areas under the ROC curve and under the curve of precision over recall.
//
// Two histograms of as many bins as there are thresholds are kept, positives and negatives by output. With n thresholds
// bin b counts the outputs in (b / (n - 1), (b + 1) / (n - 1)], bin 0 also those at 0; the last stays empty. The true
// positives of threshold i (just below 0, then i / (n - 1)) are the positives in bins i and up. As
// keras.utils.metrics_utils does for evenly spread thresholds.
#include <algorithm>
#include <cmath>

#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

size_t Count(const MetricConfig& metric, int64_t /*classes*/) { return 2 * static_cast<size_t>(metric.num_thresholds); }

template <typename T>
void Update(const MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  const int thresholds = metric.num_thresholds;
  ForElements(batch, [&](T output, T target) {
    const T clamped = output > T(0) ? std::min(output, T(1)) : T(0);
    const int bin = std::max(0, static_cast<int>(std::ceil(clamped * T(thresholds - 1))) - 1);
    sums[target != T(0) ? bin : thresholds + bin] += 1;
  });
}

/// Trapezoids, from the highest threshold down: rates only grow.
double RocArea(int thresholds, double positives, double negatives, const double* sums) {
  double area = 0, true_positives = 0, false_positives = 0, last_x = 0, last_y = 0;
  for (int b = thresholds - 1; b >= 0; b--) {
    true_positives += sums[b];
    false_positives += sums[thresholds + b];
    const double x = false_positives / negatives, y = true_positives / positives;
    if (b < thresholds - 1) area += (x - last_x) * (y + last_y) / 2;
    last_x = x;
    last_y = y;
  }
  return area;
}

/// Between two thresholds true positives are taken for linear in the predicted positives (Davis & Goadrich, 2006), as
/// Keras's interpolate_pr_auc does.
double PrecisionRecallArea(int thresholds, double positives, const double* sums) {
  double area = 0, true_positives = 0, predicted = 0;  // of the threshold above
  for (int b = thresholds - 2; b >= 0; b--) {
    const double more = sums[b], more_predicted = sums[b] + sums[thresholds + b];
    const double slope = Ratio(more, more_predicted), intercept = true_positives - slope * predicted;
    const double growth = predicted > 0 ? (predicted + more_predicted) / predicted : 1;
    area += slope * (more + intercept * std::log(growth));
    true_positives += more;
    predicted += more_predicted;
  }
  return area / positives;
}

double Area(const MetricConfig& metric, int64_t /*classes*/, const double* sums) {
  const int thresholds = metric.num_thresholds;
  double positives = 0, negatives = 0;
  for (int b = 0; b < thresholds; b++) {
    positives += sums[b];
    negatives += sums[thresholds + b];
  }
  if (metric.curve == static_cast<int>(base::Curve::kPrecisionRecall)) {
    return positives == 0 ? 0 : PrecisionRecallArea(thresholds, positives, sums);
  }
  return positives == 0 || negatives == 0 ? 0 : RocArea(thresholds, positives, negatives, sums);
}

}  // namespace

const MetricRule kAUCSums{Count, Update<float>, Update<double>, Area};

}  // namespace engine::math
