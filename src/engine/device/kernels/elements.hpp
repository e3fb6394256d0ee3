// Layers whose results are made element by element: pools, dropout, activations that are stages, merges, moves, rows of
// tables, and the last pass of a batch normalisation.
#pragma once

#include "engine/device/kernels/depthwise.hpp"
#include "engine/device/kernels/embedding.hpp"
#include "engine/device/kernels/normalize.hpp"
#include "engine/device/kernels/pool.hpp"
#include "engine/device/kernels/random.hpp"
#include "engine/math/pointwise_formula.hpp"

namespace engine::device {

CEREBRO_KERNEL_CALL float PointwiseElement(const math::PointwiseFunction& function, float x) {
  float y = 0;
  math::pointwise::Apply(function, &x, 1, &y);
  return y;
}

CEREBRO_KERNEL_CALL float PointwiseSlope(const math::PointwiseFunction& function, float x, float g) {
  float dx = 0;
  math::pointwise::Gradient(function, &x, &g, 1, &dx);
  return dx;
}

CEREBRO_KERNEL const uint32_t* DropoutKeys(const GroupView& group, int model, int entry, const Stage& stage) {
  return group.entries[model].dropout_keys +
         (static_cast<int64_t>(entry) * group.dropout_stages + stage.dropout) * kKeyWords;
}

/// Which element of the mask element i of a row's values has: with several positions a channel has one for all of them.
CEREBRO_KERNEL int64_t MaskElement(const Stage& stage, int64_t i) {
  return stage.positions == 1 ? i : i / stage.in * stage.inner + i % stage.inner;
}

/// Elements that a thread makes together.
CEREBRO_KERNEL int32_t ElementsTogether(const Stage& stage) {
  return stage.kind == StageKind::kSoftmax ? stage.outer : 1;
}

/// Where a source has what element i of the results is made of.
CEREBRO_KERNEL int64_t SourceElement(const Stage& stage, const Source& source, int64_t i) {
  if (source.positions.from == nullptr) return i;
  const int32_t from = source.positions.from[i % stage.out];
  return from < 0 ? -1 : i / stage.out * source.elements + from;
}

CEREBRO_KERNEL float Merged(math::MergeKind kind, float a, float b) {
  switch (kind) {
    case math::MergeKind::kSum:
      return a + b;
    case math::MergeKind::kDifference:
      return a - b;
    case math::MergeKind::kProduct:
      return a * b;
    case math::MergeKind::kLargest:
      return a >= b ? a : b;
    default:
      return a <= b ? a : b;
  }
}

/// What element i of the results, whose gradient is g, gives to source `side` of a merge or a move.
CEREBRO_KERNEL float MergeGradient(const Stage& stage, const float* work, int side, int64_t i, float g) {
  if (stage.kind == StageKind::kMove) return g;
  if (stage.divisor != 1) g /= stage.divisor;
  if (stage.merge == math::MergeKind::kSum) return g;
  if (stage.merge == math::MergeKind::kDifference) return side == 0 ? g : -g;
  const float a = work[stage.sources[0].x + SourceElement(stage, stage.sources[0], i)];
  const float b = work[stage.sources[1].x + SourceElement(stage, stage.sources[1], i)];
  if (stage.merge == math::MergeKind::kProduct) return g * (side == 0 ? b : a);
  const bool of_first = stage.merge == math::MergeKind::kLargest ? a >= b : a <= b;
  return of_first == (side == 0) ? g : 0.0f;
}

/// The gradient of element i of source `side`: from all results that read it, in their order.
CEREBRO_KERNEL float MergeInputGradient(const Stage& stage, const float* work, int side, int64_t i) {
  const Source& source = stage.sources[side];
  const float* g = work + stage.g;
  if (source.positions.from == nullptr) return MergeGradient(stage, work, side, i, g[i]);
  const int64_t row = i / source.elements * stage.out;
  const auto e = static_cast<int32_t>(i % source.elements);
  float sum = 0;
  for (int32_t k = source.positions.first[e]; k < source.positions.first[e + 1]; ++k) {
    const int64_t at = row + source.positions.to[k];
    sum += MergeGradient(stage, work, side, at, g[at]);
  }
  return sum;
}

/// Where element i of its source lies in the results of kConcatenate.
CEREBRO_KERNEL int64_t ConcatenatedElement(const Stage& stage, int64_t i) {
  return i / stage.inner * stage.outer + stage.offset + i % stage.inner;
}

/// Grid: parts of kElements elements of the results, 1, models.
struct ElementForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 256;
  static constexpr int kElements = 2048;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = ForwardRows(group, m);
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    float* y = work + stage.y;
    const int32_t unit = ElementsTogether(stage);
    const int64_t items = static_cast<int64_t>(rows) * stage.out / unit,
                  first = static_cast<int64_t>(block.x()) * kElements;
    if (first >= items) return;
    const float* state = group.entries[m].state;
    block.ForEach(static_cast<int32_t>(items - first < kElements ? items - first : kElements), [&](int32_t offset) {
      const auto i = static_cast<int32_t>(first + offset);
      if (stage.kind == StageKind::kSoftmax) {
        return Softmax(x + static_cast<int64_t>(i) * unit, unit, y + static_cast<int64_t>(i) * unit);
      }
      if (stage.kind == StageKind::kConcatenate) {
        y[ConcatenatedElement(stage, i)] = x[i];
        return;
      }
      y[i] = Activated(stage.activation, Element(group, stage, m, work, state, i));
    });
  }

  static CEREBRO_KERNEL void Softmax(const float* x, int64_t n, float* y) {
    const float largest = math::RowMax(x, n);
    for (int64_t j = 0; j < n; ++j) y[j] = math::Exp(x[j] - largest);
    const float sum = math::RowSum(y, n);
    for (int64_t j = 0; j < n; ++j) y[j] /= sum;
  }

 private:
  static CEREBRO_KERNEL float Element(const GroupView& group, const Stage& stage, int m, float* work,
                                      const float* state, int32_t i) {
    const float* x = work + stage.sources[0].x;
    switch (stage.kind) {
      case StageKind::kPointwise:
        return PointwiseElement(stage.function, x[i]);
      case StageKind::kDropout: {
        const int cursor = group.progress[m].cursor;
        if (group.entries[m].entries[cursor].kind == EntryKind::kScore) return x[i];
        return x[i] * DropoutFactor(DropoutKeys(group, m, cursor, stage), stage.rate, MaskElement(stage, i));
      }
      case StageKind::kMerge: {
        const float y = Merged(stage.merge, x[SourceElement(stage, stage.sources[0], i)],
                               work[stage.sources[1].x + SourceElement(stage, stage.sources[1], i)]);
        return stage.divisor == 1 ? y : y / stage.divisor;
      }
      case StageKind::kMove: {
        const int64_t from = SourceElement(stage, stage.sources[0], i);
        return from < 0 ? 0.0f : x[from];
      }
      case StageKind::kRescale:
        return x[i] * stage.scale + stage.shift;
      case StageKind::kEmbedding:
        return state[stage.weight + static_cast<int64_t>(IndexOf(x[i / stage.inner])) * stage.inner + i % stage.inner];
      case StageKind::kBatchNormalization:
        return BatchNormalised(stage, ScratchOf(group, stage, work), state, x, i);
      case StageKind::kDepthwise:
        return DepthwiseElement(stage, state, x, i);
      default: {
        int32_t count = 0;
        const int32_t channel = i % stage.inner, position = i / stage.inner, each = stage.rows.out * stage.columns.out,
                      at = position % each;
        return Pooled(stage, x, position / each, at / stage.columns.out, at % stage.columns.out, channel, &count);
      }
    }
  }
};

/// Grid: parts of kElements elements of the source, 1, models.
struct ElementInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 256;
  static constexpr int kElements = 2048;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const Source& source = stage.sources[a.source];
    const int m = block.z(), rows = BackwardRows(group, m);
    float* work = WorkOf(group, m);
    const int32_t unit = ElementsTogether(stage);
    const int64_t items = static_cast<int64_t>(rows) * source.elements / unit,
                  first = static_cast<int64_t>(block.x()) * kElements;
    if (first >= items) return;
    const float* state = group.entries[m].state;
    block.ForEach(static_cast<int32_t>(items - first < kElements ? items - first : kElements), [&](int32_t offset) {
      const auto i = static_cast<int32_t>(first + offset);
      if (stage.kind == StageKind::kSoftmax) return SoftmaxGradient(stage, work, static_cast<int64_t>(i) * unit, unit);
      StoreGradient(source, work, i, Element(group, stage, a.source, m, work, state, i));
    });
  }

 private:
  static CEREBRO_KERNEL void SoftmaxGradient(const Stage& stage, float* work, int64_t at, int32_t n) {
    const float* g = work + stage.g;
    const float* y = work + stage.y;
    float sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += g[at + j] * y[at + j];
    for (int64_t j = 0; j < n; ++j) StoreGradient(stage.sources[0], work, at + j, (g[at + j] - sum) * y[at + j]);
  }

  static CEREBRO_KERNEL float Element(const GroupView& group, const Stage& stage, int side, int m, float* work,
                                      const float* state, int32_t i) {
    const float* x = work + stage.sources[0].x;
    const float* g = work + stage.g;
    switch (stage.kind) {
      case StageKind::kPointwise:
        return PointwiseSlope(stage.function, x[i], g[i]);
      case StageKind::kDropout:
        return g[i] * DropoutFactor(DropoutKeys(group, m, group.progress[m].current, stage), stage.rate,
                                    MaskElement(stage, i));
      case StageKind::kMerge:
      case StageKind::kMove:
        return MergeInputGradient(stage, work, side, i);
      case StageKind::kRescale:
        return g[i] * stage.scale;
      case StageKind::kConcatenate:
        return g[ConcatenatedElement(stage, i)];
      case StageKind::kBatchNormalization:
        return BatchNormGradient(stage, ScratchOf(group, stage, work), state, x, g, i);
      case StageKind::kDepthwise:
        return DepthwiseInputGradient(stage, state, g, i);
      default: {
        const int32_t channel = i % stage.inner, position = i / stage.inner, each = stage.rows.in * stage.columns.in,
                      at = position % each;
        return PoolGradient(stage, x, work + stage.y, g, position / each, at / stage.columns.in, at % stage.columns.in,
                            channel);
      }
    }
  }
};

}  // namespace engine::device
