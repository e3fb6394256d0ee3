// Losses with their gradients, by the formulas of engine/math/losses, and the sums of scoring. One block a model: sums
// are made in an order that depends on the mini-batch's rows only, without atomics.
#pragma once

#include <cmath>

#include "base/config.hpp"
#include "engine/device/kernels/gather.hpp"
#include "engine/device/kernels/elements.hpp"
#include "engine/math/losses/crossentropy_formula.hpp"
#include "engine/math/losses/error_formula.hpp"
#include "engine/math/losses/focal_formula.hpp"
#include "engine/math/losses/hinge_formula.hpp"
#include "engine/math/losses/relative_error_formula.hpp"

namespace engine::device {

/// Loss of one position; its `classes` values become the gradient of factor * loss. target: values, or for sparse
/// losses indexes in the same memory.
CEREBRO_KERNEL_CALL float PositionLoss(const LossNumbers& numbers, const float* target, float factor, int32_t classes,
                                  float* values) {
  float loss = 0;
  const float smoothing = numbers.smoothing;
  switch (static_cast<base::LossKind>(numbers.kind)) {
    case base::LossKind::kCategoricalCrossentropy:
      math::crossentropy::Categorical(smoothing, target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kSparseCategoricalCrossentropy: {
      const int64_t index = *reinterpret_cast<const int32_t*>(target);
      math::crossentropy::SparseCategorical(&index, &factor, 1, classes, values, &loss);
      break;
    }
    case base::LossKind::kBinaryCrossentropy:
      math::crossentropy::Binary(smoothing, target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kMeanSquaredError:
      math::error::Squared(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kMeanAbsoluteError:
      math::error::Absolute(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kHuber:
      math::error::Huber(numbers.delta, target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kHinge:
      math::MeanOfElements<math::hinge::Hinge>(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kSquaredHinge:
      math::MeanOfElements<math::hinge::SquaredHinge>(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kCategoricalHinge:
      math::hinge::Categorical(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kPoisson:
      math::MeanOfElements<math::relative_error::Poisson>(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kCosineSimilarity:
      math::relative_error::Cosine(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kLogCosh:
      math::MeanOfElements<math::relative_error::LogCosh>(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kMeanAbsolutePercentageError:
      math::MeanOfElements<math::relative_error::Percentage>(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kMeanSquaredLogarithmicError:
      math::MeanOfElements<math::relative_error::Logarithmic>(target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kBinaryFocalCrossentropy:
      math::focal::Binary(numbers.focal, target, &factor, 1, classes, values, &loss);
      break;
    case base::LossKind::kCategoricalFocalCrossentropy:
      math::focal::Categorical(numbers.focal, target, &factor, 1, classes, values, &loss);
      break;
    default:
      break;  // network.cpp refuses the others
  }
  return loss;
}

/// l1 |w| + l2 w^2 over all weights that have a regulariser. room: kThreads doubles.
template <int kThreads, class Block>
CEREBRO_KERNEL double RegularizerLoss(const Block& block, const GroupView& group, const float* weights, double* room) {
  double sum = 0;
  if (group.any_regularizer == 0) return sum;
  for (int32_t t = 0; t < group.tensor_count; ++t) {
    const Tensor& tensor = group.tensors[t];
    if (tensor.l1_exact == 0 && tensor.l2_exact == 0) continue;
    sum += BlockSum<kThreads>(block, room, tensor.count, [&](int64_t i) {
      const double w = weights[tensor.weight + i];
      return (tensor.l1_exact != 0 ? tensor.l1_exact * (w < 0 ? -w : w) : 0.0) +
             (tensor.l2_exact != 0 ? tensor.l2_exact * w * w : 0.0);
    });
  }
  return sum;
}

/// Losses of a mini-batch's rows, in double: native::Loss::Run. Position i's values are at values + i / positions *
/// row_stride + i % positions * classes; they become gradients. activation: whose slope they are multiplied with then,
/// from the results y, which lie likewise.
template <int kThreads, class Block>
CEREBRO_KERNEL double BatchLoss(const Block& block, const GroupView& group, const ModelEntry& model,
                                const StepEntry& entry, int rows, const float* target, float* values,
                                int64_t row_stride, const float* y, math::FusedActivation activation, float* losses,
                                double* room) {
  const int32_t positions = group.positions, classes = group.classes;
  const auto scale =
      static_cast<float>(group.loss.weight / (static_cast<double>(rows) * static_cast<double>(positions)));
  const bool weighted = group.has_row_weights != 0 || group.class_weight_count > 0;
  const int32_t target_each = group.loss.sparse != 0 ? 1 : classes;
  block.ForEach(static_cast<int64_t>(rows) * positions, [&](int64_t i) {
    const int64_t row = i / positions;
    const float* row_target = target + row * group.target_elements;
    const float factor = weighted ? RowWeight(group, model, entry, row, row_target) * scale : scale;
    const int64_t at = row * row_stride + i % positions * classes;
    losses[i] = PositionLoss(group.loss, row_target + i % positions * target_each, factor, classes, values + at);
    if (activation == math::FusedActivation::kLinear) return;
    for (int32_t j = 0; j < classes; ++j) values[at + j] = ActivationSlope(activation, y[at + j], values[at + j]);
  });
  block.Sync();
  return BlockSum<kThreads>(block, room, rows, [&](int64_t row) {
    float sum = 0;
    for (int32_t j = 0; j < positions; ++j) sum += losses[row * positions + j];
    if (positions > 1) sum /= static_cast<float>(positions);
    if (weighted) sum *= RowWeight(group, model, entry, row, target + row * group.target_elements);
    if (group.loss.weight != 1.0) sum *= static_cast<float>(group.loss.weight);
    return static_cast<double>(sum);
  });
}

/// Counts a mini-batch whose loss is known; whether it is to be trained.
CEREBRO_KERNEL bool CountBatch(ModelProgress* progress, int rows, double loss) {
  progress->current = progress->cursor++;
  progress->training = 0;
  if (!(loss <= 1.7976931348623157e308 && loss >= -1.7976931348623157e308)) {
    progress->live = 0;
    return false;
  }
  progress->loss_sum += loss;
  progress->rows += rows;
  progress->batches += 1;
  progress->training = rows;
  return true;
}

/// The loss and its gradient; goes on to the model's next entry. Grid: 1, 1, models.
struct LossKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 256;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.z();
    ModelProgress* progress = group.progress + m;
    const StepEntry* entry = CurrentEntry(group, m);
    const int rows = entry == nullptr || entry->kind == EntryKind::kCarry ? 0 : entry->rows;
    block.Sync();  // all threads have read where the model is
    if (rows == 0) {
      block.ForEach(1, [&](int64_t) {
        progress->training = 0;
        ++progress->cursor;
      });
      return;
    }
    auto* room = reinterpret_cast<double*>(block.shared());
    const ModelEntry& model = group.entries[m];
    const Stage& stage = group.stages[group.last];
    float* work = WorkOf(group, m);
    const float* y = work + stage.y;
    float* g = work + stage.g;
    const int64_t elements = static_cast<int64_t>(rows) * stage.out;
    block.ForEach(elements, [&](int64_t i) { g[i] = y[i]; });
    block.Sync();
    double loss = BatchLoss<kThreads>(block, group, model, *entry, rows, work + group.target, g, stage.out, y,
                                      stage.activation, work + group.losses, room);
    loss += static_cast<double>(rows) * RegularizerLoss<kThreads>(block, group, model.state, room);
    block.ForEach(1, [&](int64_t) { CountBatch(progress, rows, loss); });
  }
};

/// What a position adds to a metric's two sums: what is right, or an error.
CEREBRO_KERNEL_CALL double MetricPart(const MetricNumbers& metric, const GroupView& group, const float* target,
                                 const float* output) {
  const int32_t classes = group.classes;
  const bool sparse = group.loss.sparse != 0;
  const int64_t index = sparse ? *reinterpret_cast<const int32_t*>(target) : 0;
  const auto label = [&](int32_t c) {
    return !sparse ? target[c] : classes == 1 ? static_cast<float>(index) : index == c ? 1.0f : 0.0f;
  };
  const auto largest = [&](const float* values) {
    int32_t best = 0;
    for (int32_t c = 1; c < classes; ++c) best = values[c] > values[best] ? c : best;
    return best;
  };
  double sum = 0;
  switch (static_cast<base::MetricKind>(metric.kind)) {
    case base::MetricKind::kCategoricalAccuracy:
    case base::MetricKind::kSparseCategoricalAccuracy:
      return largest(output) == (sparse ? index : largest(target)) ? 1 : 0;
    case base::MetricKind::kTopKCategoricalAccuracy:
    case base::MetricKind::kSparseTopKCategoricalAccuracy: {
      const int64_t of = sparse ? index : largest(target);
      if (of < 0 || of >= classes || !(output[of] - output[of] == 0)) return 0;
      int32_t larger = 0;
      for (int32_t c = 0; c < classes; ++c) {
        if (!(output[c] - output[c] == 0)) return 0;  // infinite or NaN
        larger += output[c] > output[of] ? 1 : 0;
      }
      return larger < metric.k ? 1 : 0;
    }
    default:
      break;
  }
  for (int32_t c = 0; c < classes; ++c) {
    const double error = static_cast<double>(output[c]) - static_cast<double>(label(c));
    switch (static_cast<base::MetricKind>(metric.kind)) {
      case base::MetricKind::kBinaryAccuracy:
        sum += (output[c] > metric.threshold ? 1.0f : 0.0f) == label(c) ? 1 : 0;
        break;
      case base::MetricKind::kMeanAbsoluteError:
        sum += error < 0 ? -error : error;
        break;
      case base::MetricKind::kMeanAbsolutePercentageError: {
        const double y = label(c), size = y < 0 ? -y : y;
        sum += 100 * (error < 0 ? -error : error) / (size > 1e-7 ? size : 1e-7);
        break;
      }
      default:
        sum += error * error;  // squared errors
    }
  }
  return sum;
}

/// Whether a metric counts positions, not elements.
CEREBRO_KERNEL bool CountsPositions(const MetricNumbers& metric) {
  switch (static_cast<base::MetricKind>(metric.kind)) {
    case base::MetricKind::kCategoricalAccuracy:
    case base::MetricKind::kSparseCategoricalAccuracy:
    case base::MetricKind::kTopKCategoricalAccuracy:
    case base::MetricKind::kSparseTopKCategoricalAccuracy:
      return true;
    default:
      return false;
  }
}

/// Rows, loss, and two sums a metric; goes on to the next entry. Grid: 1, 1, models.
struct ScoreKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 256;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.z();
    ModelProgress* progress = group.progress + m;
    const StepEntry* entry = CurrentEntry(group, m);
    block.Sync();
    if (entry == nullptr) return;
    const int rows = entry->rows;
    auto* room = reinterpret_cast<double*>(block.shared());
    const ModelEntry& model = group.entries[m];
    const Stage& stage = group.stages[group.last];
    float* work = WorkOf(group, m);
    const float* y = work + stage.y;
    float* values = work + stage.g;
    const float* target = work + group.target;
    const int64_t elements = static_cast<int64_t>(rows) * stage.out,
                  positions = static_cast<int64_t>(rows) * group.positions;
    block.ForEach(elements, [&](int64_t i) { values[i] = y[i]; });
    block.Sync();
    double loss = BatchLoss<kThreads>(block, group, model, *entry, rows, target, values, stage.out, y,
                                      math::FusedActivation::kLinear, work + group.losses, room);
    loss += static_cast<double>(rows) * RegularizerLoss<kThreads>(block, group, model.state, room);
    // predictions, where the loss took what comes before the last activation
    const math::FusedActivation squash = group.loss.squash;
    block.ForEach(positions, [&](int64_t i) {
      const float* from = y + i * group.classes;
      float* to = values + i * group.classes;
      if (squash == math::FusedActivation::kSoftmax) return ElementForwardKernel::Softmax(from, group.classes, to);
      for (int32_t j = 0; j < group.classes; ++j) to[j] = Activated(squash, from[j]);
    });
    block.Sync();
    double* sums = group.sums + static_cast<int64_t>(m) * group.sums_stride;
    for (int32_t i = 0; i < group.metric_count; ++i) {
      const MetricNumbers& metric = group.metrics[i];
      const int32_t target_each = group.loss.sparse != 0 ? 1 : group.classes;
      const double sum = BlockSum<kThreads>(block, room, positions, [&](int64_t p) {
        return MetricPart(metric, group, target + p * target_each, values + p * group.classes);
      });
      block.ForEach(1, [&](int64_t) {
        sums[2 + 2 * i] += sum;
        sums[3 + 2 * i] += static_cast<double>(CountsPositions(metric) ? positions : positions * group.classes);
      });
    }
    block.ForEach(1, [&](int64_t) {
      sums[0] += rows;
      sums[1] += loss;
      ++progress->cursor;
    });
  }
};

}  // namespace engine::device
