// What a metric is in the engine: its sums over rows, and how its value follows from them. Its name and direction are
// in definitions/metric.hpp.
//
// Adding a metric: a line in base/kinds.inc, its definition, and a file in this folder that defines k<name>Sums.
// engine/math/metrics.hpp says what each computes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/config.hpp"
#include "base/error.hpp"
#include "engine/math/metrics.hpp"

namespace engine::math {

template <typename T>
using MetricUpdate = void (*)(const base::MetricConfig& metric, const MetricBatch<T>& batch, double* sums);

struct MetricRule {
  /// Doubles, for an output of `classes` values a position.
  size_t (*count)(const base::MetricConfig& metric, int64_t classes) = nullptr;
  MetricUpdate<float> update_float = nullptr;
  MetricUpdate<double> update_double = nullptr;
  double (*finish)(const base::MetricConfig& metric, int64_t classes, const double* sums) = nullptr;
  /// The metric that it stands for, for an output and its loss; such a one has no sums. nullptr = itself.
  base::MetricKind (*resolve)(base::LossKind loss, const base::Shape& output_shape) = nullptr;
};

#define CEREBRO_METRIC(name, number) extern const MetricRule k##name##Sums;
#include "base/kinds.inc"

// Means keep (sum, count).
inline size_t TwoSums(const base::MetricConfig&, int64_t /*classes*/) { return 2; }
inline double Ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }
inline double Mean(const base::MetricConfig&, int64_t /*classes*/, const double* sums) { return Ratio(sums[0], sums[1]); }

/// The sums of metrics that keep some for each class.
inline size_t SumsOfClasses(const base::MetricConfig& metric, int64_t classes, size_t each) {
  if (classes < 1) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported, "metric " + metric.name + " needs outputs of a fixed size");
  }
  return each * static_cast<size_t>(classes);
}

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

}  // namespace engine::math
