// Precision and recall, element-wise.
#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

/// sums: (true positives, the elements that they are divided by).
template <typename T, bool kPrecision>
void Update(const MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  const T threshold = static_cast<T>(metric.threshold);
  int64_t hits = 0, all = 0;
  ForElements(batch, [&](T output, T target) {
    const bool predicted = output > threshold, actual = target != T(0);
    hits += predicted && actual;
    all += kPrecision ? predicted : actual;
  });
  sums[0] += static_cast<double>(hits);
  sums[1] += static_cast<double>(all);
}

}  // namespace

const MetricRule kPrecisionSums{TwoSums, Update<float, true>, Update<double, true>, Mean};
const MetricRule kRecallSums{TwoSums, Update<float, false>, Update<double, false>, Mean};

}  // namespace engine::math
