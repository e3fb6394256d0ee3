// Metrics as sums that add up over batches, buffers and partitions. Formulas: Keras 2.15 (keras.metrics). Counts and
// sums are doubles (whole numbers stay exact up to 2^53). No LibTorch here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/config.hpp"
#include "base/tensor.hpp"

namespace engine::math {

/// What "accuracy" means for an output, as Keras decides: binary when the last dimension is 1, sparse when the target
/// is a class index, else categorical. Any other kind is returned as it is.
base::MetricKind ResolveMetric(base::MetricKind kind, base::LossKind loss, const base::Shape& output_shape);

/// One output of a mini-batch with its targets, row-major. A position is a prediction: positions = rows * all
/// dimensions but the last, each of `classes` values (1 for a scalar output).
template <typename T>
struct MetricBatch {
  const T* output = nullptr;       // positions * classes: probabilities or predicted values
  const T* target = nullptr;       // positions * classes, or nullptr when ...
  const int64_t* index = nullptr;  // ... targets are class indexes: positions
  const bool* mask = nullptr;      // positions; false = not counted. nullptr = all count
  int64_t positions = 0;
  int64_t classes = 1;
};

/// The values of a position of an output: MetricBatch::classes.
int64_t ClassesOf(const base::Shape& output_shape);

/// Doubles that a metric needs for an output. kAccuracy must have been resolved; kLoss is the trainer's own sum: both
/// throw kInternal.
size_t MetricSums(const base::MetricConfig& metric, int64_t classes);

/// Adds a mini-batch to sums[0 .. MetricSums(metric, batch.classes)).
/// Every metric takes dense and class-index targets alike (an index stands for its one-hot
/// row; with classes == 1 for its value):
///   accuracies  categorical and sparse: the first largest output is the first largest target. binary: output > threshold equals the
///               target, element-wise.
///   top-k       the target class's output is finite and fewer than k outputs are larger (tf.math.in_top_k: ties count as in; a position
///               with any output that is not finite does not).
///   mae, mse, rmse, mape  element-wise.
///   auc         ROC (trapezoids) or precision over recall (Keras's interpolation), thresholds evenly spread over [0, 1], all elements
///               flattened (multi_label = False); outputs are clamped to [0, 1] (Keras refuses others), NaN counts as 0.
///   precision, recall  element-wise; a target that is not 0 is positive.
///   f1_score, matthews_correlation, cohen_kappa, r2  as their files in metrics/ say.
template <typename T>
void UpdateMetric(const base::MetricConfig& metric, const MetricBatch<T>& batch, double* sums);

/// The metric's value from its sums; 0 where nothing was counted, as Keras's divide_no_nan.
double FinishMetric(const base::MetricConfig& metric, int64_t classes, const double* sums);

}  // namespace engine::math
