// Means of errors over the elements.
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

double RootOfMean(int64_t classes, const double* sums) { return std::sqrt(Mean(classes, sums)); }

}  // namespace

const MetricRule kMeanAbsoluteErrorSums{TwoSums, Update<float, false>, Update<double, false>, Mean};
const MetricRule kMeanSquaredErrorSums{TwoSums, Update<float, true>, Update<double, true>, Mean};
const MetricRule kRootMeanSquaredErrorSums{TwoSums, Update<float, true>, Update<double, true>, RootOfMean};

}  // namespace engine::math
