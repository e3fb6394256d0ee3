// Means of errors over the elements.
#include <algorithm>
#include <cmath>

#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

template <typename T, bool kSquared>
void Update(const MetricConfig&, const MetricBatch<T>& batch, double* sums) {
  double sum = 0;
  int64_t count = 0;
  ForElements(batch, [&](T output, T target) {
    const double error = static_cast<double>(output) - static_cast<double>(target);
    sum += kSquared ? error * error : std::abs(error);
    count++;
  });
  sums[0] += sum;
  sums[1] += static_cast<double>(count);
}

double RootOfMean(const MetricConfig& metric, int64_t classes, const double* sums) { return std::sqrt(Mean(metric, classes, sums)); }

template <typename T>
void UpdatePercentage(const MetricConfig&, const MetricBatch<T>& batch, double* sums) {
  constexpr double kEpsilon = 1e-7;  // keras.backend.epsilon()
  double sum = 0;
  int64_t count = 0;
  ForElements(batch, [&](T output, T target) {
    const double y = static_cast<double>(target);
    sum += std::abs(static_cast<double>(output) - y) / std::max(std::abs(y), kEpsilon);
    count++;
  });
  sums[0] += 100 * sum;
  sums[1] += static_cast<double>(count);
}

}  // namespace

const MetricRule kMeanAbsoluteErrorSums{TwoSums, Update<float, false>, Update<double, false>, Mean};
const MetricRule kMeanSquaredErrorSums{TwoSums, Update<float, true>, Update<double, true>, Mean};
const MetricRule kRootMeanSquaredErrorSums{TwoSums, Update<float, true>, Update<double, true>, RootOfMean};
const MetricRule kMeanAbsolutePercentageErrorSums{TwoSums, UpdatePercentage<float>, UpdatePercentage<double>, Mean};

}  // namespace engine::math
