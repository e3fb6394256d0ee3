// Parts of the positions, or of the elements, that are right.
#include <cmath>

#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

template <typename T>
void UpdateCategorical(const MetricConfig&, const MetricBatch<T>& batch, double* sums) {
  int64_t right = 0, count = 0;
  ForPositions(batch, [&](int64_t position) {
    right += ArgMax(batch.output + position * batch.classes, batch.classes) == TargetClass(batch, position);
    count++;
  });
  sums[0] += static_cast<double>(right);
  sums[1] += static_cast<double>(count);
}

template <typename T>
void UpdateBinary(const MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  const T threshold = static_cast<T>(metric.threshold);
  int64_t right = 0, count = 0;
  ForElements(batch, [&](T output, T target) {
    right += (output > threshold ? T(1) : T(0)) == target;
    count++;
  });
  sums[0] += static_cast<double>(right);
  sums[1] += static_cast<double>(count);
}

template <typename T>
bool InTopK(const T* outputs, int64_t classes, int64_t target, int k) {
  if (target < 0 || target >= classes || !std::isfinite(outputs[target])) return false;
  int64_t larger = 0;
  for (int64_t c = 0; c < classes; c++) {
    if (!std::isfinite(outputs[c])) return false;
    larger += outputs[c] > outputs[target];
  }
  return larger < k;
}

template <typename T>
void UpdateTopK(const MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  int64_t right = 0, count = 0;
  ForPositions(batch, [&](int64_t position) {
    right += InTopK(batch.output + position * batch.classes, batch.classes, TargetClass(batch, position), metric.k);
    count++;
  });
  sums[0] += static_cast<double>(right);
  sums[1] += static_cast<double>(count);
}

// Keras's choice.
base::MetricKind Resolve(base::LossKind loss, const base::Shape& output_shape) {
  using base::MetricKind;
  if (output_shape.empty() || output_shape.back() == 1) return MetricKind::kBinaryAccuracy;
  return loss == base::LossKind::kSparseCategoricalCrossentropy ? MetricKind::kSparseCategoricalAccuracy : MetricKind::kCategoricalAccuracy;
}

constexpr MetricRule kCategorical{TwoSums, UpdateCategorical<float>, UpdateCategorical<double>, Mean};
constexpr MetricRule kTopK{TwoSums, UpdateTopK<float>, UpdateTopK<double>, Mean};

}  // namespace

const MetricRule kAccuracySums{nullptr, nullptr, nullptr, nullptr, Resolve};
const MetricRule kCategoricalAccuracySums = kCategorical;
const MetricRule kSparseCategoricalAccuracySums = kCategorical;
const MetricRule kBinaryAccuracySums{TwoSums, UpdateBinary<float>, UpdateBinary<double>, Mean};
const MetricRule kTopKCategoricalAccuracySums = kTopK;
const MetricRule kSparseTopKCategoricalAccuracySums = kTopK;

}  // namespace engine::math
