#include "engine/math/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"

namespace engine::math {

namespace {

using base::MetricKind;

constexpr int kThresholds = 200;  // of the ROC curve: Keras's default
constexpr double kDecisionThreshold = 0.5;

/// Value that a position's target has for one class.
template <typename T>
T TargetAt(const MetricBatch<T>& batch, int64_t position, int64_t c) {
  if (batch.target != nullptr) return batch.target[position * batch.classes + c];
  if (batch.classes == 1) return static_cast<T>(batch.index[position]);
  return batch.index[position] == c ? T(1) : T(0);
}

/// First largest of n values.
template <typename T>
int64_t ArgMax(const T* values, int64_t n) {
  return std::max_element(values, values + n) - values;
}

template <typename T>
int64_t TargetClass(const MetricBatch<T>& batch, int64_t position) {
  return batch.target == nullptr ? batch.index[position] : ArgMax(batch.target + position * batch.classes, batch.classes);
}

/// Calls fn(position) for every position that counts.
template <typename T, typename Fn>
void ForPositions(const MetricBatch<T>& batch, Fn fn) {
  for (int64_t position = 0; position < batch.positions; position++) {
    if (batch.mask == nullptr || batch.mask[position]) fn(position);
  }
}

/// Calls fn(output, target) for every element that counts.
template <typename T, typename Fn>
void ForElements(const MetricBatch<T>& batch, Fn fn) {
  ForPositions(batch, [&](int64_t position) {
    for (int64_t c = 0; c < batch.classes; c++) fn(batch.output[position * batch.classes + c], TargetAt(batch, position, c));
  });
}

// Means keep (sum, count).

template <typename T>
void UpdateCategoricalAccuracy(const MetricBatch<T>& batch, double* sums) {
  int64_t right = 0, count = 0;
  ForPositions(batch, [&](int64_t position) {
    right += ArgMax(batch.output + position * batch.classes, batch.classes) == TargetClass(batch, position);
    count++;
  });
  sums[0] += static_cast<double>(right);
  sums[1] += static_cast<double>(count);
}

template <typename T>
void UpdateBinaryAccuracy(const MetricBatch<T>& batch, double* sums) {
  int64_t right = 0, count = 0;
  ForElements(batch, [&](T output, T target) {
    right += (output > T(kDecisionThreshold) ? T(1) : T(0)) == target;
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
void UpdateTopK(int k, const MetricBatch<T>& batch, double* sums) {
  int64_t right = 0, count = 0;
  ForPositions(batch, [&](int64_t position) {
    right += InTopK(batch.output + position * batch.classes, batch.classes, TargetClass(batch, position), k);
    count++;
  });
  sums[0] += static_cast<double>(right);
  sums[1] += static_cast<double>(count);
}

template <typename T>
void UpdateError(bool squared, const MetricBatch<T>& batch, double* sums) {
  double sum = 0;
  int64_t count = 0;
  ForElements(batch, [&](T output, T target) {
    const double error = static_cast<double>(output) - static_cast<double>(target);
    sum += squared ? error * error : std::abs(error);
    count++;
  });
  sums[0] += sum;
  sums[1] += static_cast<double>(count);
}

// The ROC curve keeps two histograms of 200 bins, positives and negatives by output. Bin b counts the outputs in
// (b / 199, (b + 1) / 199], bin 0 also those at 0; the last stays empty. The true positives of threshold i (just below 0, then i / 199) are
// the positives in bins i and up. As keras.utils.metrics_utils does for evenly spread thresholds.
template <typename T>
void UpdateRoc(const MetricBatch<T>& batch, double* sums) {
  ForElements(batch, [&](T output, T target) {
    const T clamped = output > T(0) ? std::min(output, T(1)) : T(0);
    const int bin = std::max(0, static_cast<int>(std::ceil(clamped * T(kThresholds - 1))) - 1);
    sums[target != T(0) ? bin : kThresholds + bin] += 1;
  });
}

double FinishRoc(const double* sums) {
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

/// sums: (true positives, the elements that they are divided by).
template <typename T>
void UpdatePrecisionRecall(bool precision, const MetricBatch<T>& batch, double* sums) {
  int64_t hits = 0, all = 0;
  ForElements(batch, [&](T output, T target) {
    const bool predicted = output > T(kDecisionThreshold), actual = target != T(0);
    hits += predicted && actual;
    all += precision ? predicted : actual;
  });
  sums[0] += static_cast<double>(hits);
  sums[1] += static_cast<double>(all);
}

[[noreturn]] void ThrowUnknown(const base::MetricConfig& metric) {
  throw base::Error(base::ErrorCode::kInternal,
                    "metric \"" + metric.name + "\" (kind " + std::to_string(static_cast<int>(metric.kind)) + ") cannot be summed");
}

}  // namespace

MetricKind ResolveMetric(MetricKind kind, base::LossKind loss, const base::Shape& output_shape) {
  if (kind != MetricKind::kAccuracy) return kind;
  if (output_shape.empty() || output_shape.back() == 1) return MetricKind::kBinaryAccuracy;
  return loss == base::LossKind::kSparseCategoricalCrossentropy ? MetricKind::kSparseCategoricalAccuracy : MetricKind::kCategoricalAccuracy;
}

size_t MetricSums(const base::MetricConfig& metric) {
  switch (metric.kind) {
    case MetricKind::kAUC:
      return 2 * kThresholds;
    case MetricKind::kCategoricalAccuracy:
    case MetricKind::kSparseCategoricalAccuracy:
    case MetricKind::kBinaryAccuracy:
    case MetricKind::kTopKCategoricalAccuracy:
    case MetricKind::kSparseTopKCategoricalAccuracy:
    case MetricKind::kMeanAbsoluteError:
    case MetricKind::kMeanSquaredError:
    case MetricKind::kRootMeanSquaredError:
    case MetricKind::kPrecision:
    case MetricKind::kRecall:
      return 2;
    case MetricKind::kAccuracy:
    case MetricKind::kLoss:
      break;
  }
  ThrowUnknown(metric);
}

template <typename T>
void UpdateMetric(const base::MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  switch (metric.kind) {
    case MetricKind::kCategoricalAccuracy:
    case MetricKind::kSparseCategoricalAccuracy:
      return UpdateCategoricalAccuracy(batch, sums);
    case MetricKind::kBinaryAccuracy:
      return UpdateBinaryAccuracy(batch, sums);
    case MetricKind::kTopKCategoricalAccuracy:
    case MetricKind::kSparseTopKCategoricalAccuracy:
      return UpdateTopK(metric.k, batch, sums);
    case MetricKind::kMeanAbsoluteError:
      return UpdateError(false, batch, sums);
    case MetricKind::kMeanSquaredError:
    case MetricKind::kRootMeanSquaredError:
      return UpdateError(true, batch, sums);
    case MetricKind::kAUC:
      return UpdateRoc(batch, sums);
    case MetricKind::kPrecision:
    case MetricKind::kRecall:
      return UpdatePrecisionRecall(metric.kind == MetricKind::kPrecision, batch, sums);
    case MetricKind::kAccuracy:
    case MetricKind::kLoss:
      break;
  }
  ThrowUnknown(metric);
}

double FinishMetric(const base::MetricConfig& metric, const double* sums) {
  if (metric.kind == MetricKind::kAUC) return FinishRoc(sums);
  if (metric.kind == MetricKind::kAccuracy || metric.kind == MetricKind::kLoss) ThrowUnknown(metric);
  const double mean = sums[1] == 0 ? 0 : sums[0] / sums[1];
  return metric.kind == MetricKind::kRootMeanSquaredError ? std::sqrt(mean) : mean;
}

template void UpdateMetric(const base::MetricConfig&, const MetricBatch<float>&, double*);
template void UpdateMetric(const base::MetricConfig&, const MetricBatch<double>&, double*);

}  // namespace engine::math
