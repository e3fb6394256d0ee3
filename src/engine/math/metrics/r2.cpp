// The coefficient of determination, as keras.metrics.R2Score with uniform_average: the mean over the elements of the
// last dimension of 1 - residuals / spread, with residuals = sum (y - output)^2 and spread = sum y^2 - (sum y)^2 / n
// over the positions. An element whose targets all are one value has no spread and counts 0 (in Keras too, but for
// residuals of 0). What doubles can't tell from that, a spread of less than 10^-12 of sum y^2, is taken for it.
//
// Sums: n, then (sum y, sum y^2, residuals) of each element.
#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

size_t Count(const MetricConfig& metric, int64_t classes) { return 1 + SumsOfClasses(metric, classes, 3); }

template <typename T>
void Update(const MetricConfig&, const MetricBatch<T>& batch, double* sums) {
  ForPositions(batch, [&](int64_t position) {
    sums[0] += 1;
    for (int64_t c = 0; c < batch.classes; c++) {
      const double y = static_cast<double>(TargetAt(batch, position, c));
      const double residual = y - static_cast<double>(batch.output[position * batch.classes + c]);
      double* element = sums + 1 + 3 * c;
      element[0] += y;
      element[1] += y * y;
      element[2] += residual * residual;
    }
  });
}

double Finish(const MetricConfig&, int64_t classes, const double* sums) {
  constexpr double kNoSpread = 1e-12;
  if (sums[0] == 0) return 0;
  double sum = 0;
  for (int64_t c = 0; c < classes; c++) {
    const double* element = sums + 1 + 3 * c;
    const double spread = element[1] - element[0] * element[0] / sums[0];
    if (spread > kNoSpread * element[1]) sum += 1 - element[2] / spread;
  }
  return sum / static_cast<double>(classes);
}

}  // namespace

const MetricRule kR2Sums{Count, Update<float>, Update<double>, Finish};

}  // namespace engine::math
