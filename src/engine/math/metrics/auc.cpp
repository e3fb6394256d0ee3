// The area under the ROC curve.
#include <cmath>

#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

constexpr int kThresholds = 200;  // Keras's default

size_t Count(int64_t /*classes*/) { return 2 * kThresholds; }

// The ROC curve keeps two histograms of 200 bins, positives and negatives by output. Bin b counts the outputs in (b /
// 199, (b + 1) / 199], bin 0 also those at 0; the last stays empty. The true positives of threshold i (just below 0,
// then i / 199) are the positives in bins i and up. As keras.utils.metrics_utils does for evenly spread thresholds.
template <typename T>
void Update(const MetricConfig&, const MetricBatch<T>& batch, double* sums) {
  ForElements(batch, [&](T output, T target) {
    const T clamped = output > T(0) ? std::min(output, T(1)) : T(0);
    const int bin = std::max(0, static_cast<int>(std::ceil(clamped * T(kThresholds - 1))) - 1);
    sums[target != T(0) ? bin : kThresholds + bin] += 1;
  });
}

double Area(int64_t /*classes*/, const double* sums) {
  double positives = 0, negatives = 0;
  for (int b = 0; b < kThresholds; b++) {
    positives += sums[b];
    negatives += sums[kThresholds + b];
  }
  if (positives == 0 || negatives == 0) return 0;
  // from the highest threshold down: rates only grow
  double area = 0, true_positives = 0, false_positives = 0, last_x = 0, last_y = 0;
  for (int b = kThresholds - 1; b >= 0; b--) {
    true_positives += sums[b];
    false_positives += sums[kThresholds + b];
    const double x = false_positives / negatives, y = true_positives / positives;
    if (b < kThresholds - 1) area += (x - last_x) * (y + last_y) / 2;
    last_x = x;
    last_y = y;
  }
  return area;
}

}  // namespace

const MetricRule kAUCSums{Count, Update<float>, Update<double>, Area};

}  // namespace engine::math
