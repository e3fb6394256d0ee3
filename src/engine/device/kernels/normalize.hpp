// Batch, layer and group normalisation.
//
// Both sum over elements: batch normalisation over a channel's elements of the whole mini-batch, layer and group
// normalisation over an item, a part of one row. Sums are made in double, in an order that depends on the shape only.
//
// A stage's results are rows * in / outer lines of `outer` elements: a line is a position of an image, or what layer
// normalisation takes together. An item of layer and group normalisation is `inner` neighbouring elements of
// `positions` lines that follow each other.
//
// Scratch of kBatchNormalization, in floats: mean | variance | a | b, `outer` each; two doubles a channel and part
// (kNormLines lines). Of kRowNormalization: mean | inverse deviation, a float an item; two doubles an element of a line
// and part.
#pragma once

#include <cmath>

#include "engine/device/kernels/gradient.hpp"

namespace engine::device {

constexpr int kNormLines = 512;   // that make one part of a sum over lines
constexpr int kNormColumns = 32;  // of a block
constexpr int kNormThreads = 256;
constexpr size_t kNormBytes = 2 * kNormThreads * sizeof(double);

/// Where a stage's scratch has what.
struct NormScratch {
  CEREBRO_KERNEL NormScratch(const Stage& stage, float* work, int64_t items_most)
      : first(work + stage.scratch),
        second(first + AlignedFloats(items_most)),
        third(second + AlignedFloats(items_most)),
        fourth(third + AlignedFloats(items_most)),
        sums(reinterpret_cast<double*>(stage.kind == StageKind::kBatchNormalization ? fourth + AlignedFloats(items_most)
                                                                                    : third)) {}
  float* first;
  float* second;
  float* third;
  float* fourth;
  double* sums;
};

/// Items of a whole mini-batch: what NormScratch is laid out for.
CEREBRO_KERNEL int64_t NormItems(const Stage& stage, int64_t rows) {
  if (stage.kind == StageKind::kBatchNormalization) return stage.outer;
  return rows * stage.in / stage.positions / stage.inner;
}

CEREBRO_KERNEL int64_t NormLinesOf(const Stage& stage, int64_t rows) { return rows * stage.in / stage.outer; }
CEREBRO_KERNEL int64_t NormPartsOf(const Stage& stage, int64_t rows) {
  return (NormLinesOf(stage, rows) + kNormLines - 1) / kNormLines;
}

CEREBRO_KERNEL NormScratch ScratchOf(const GroupView& group, const Stage& stage, float* work) {
  return NormScratch(stage, work, NormItems(stage, group.batch_rows));
}

/// Whether a model's mini-batch is normalised by its own statistics.
CEREBRO_KERNEL bool NormalisesByBatch(const GroupView& group, const Stage& stage, int model) {
  return stage.frozen == 0 && group.entries[model].entries[group.progress[model].cursor].kind != EntryKind::kScore;
}

/// Two sums a column over the lines of a part: first(line, column), second(line, column). Threads are kNormColumns
/// columns by lanes of lines; the lanes are added in their order.
template <class Block, class First, class Second>
CEREBRO_KERNEL void ColumnSums(const Block& block, int64_t lines, int32_t columns, double* sums, const First& first,
                               const Second& second) {
  constexpr int kLanes = kNormThreads / kNormColumns;
  auto* room = reinterpret_cast<double*>(block.shared());
  const int part = block.y();
  const int64_t begin = static_cast<int64_t>(part) * kNormLines;
  const int64_t end = begin + kNormLines < lines ? begin + kNormLines : lines;
  block.template Threads<kNormThreads>([&](int t) {
    const int32_t column = block.x() * kNormColumns + t % kNormColumns;
    double a = 0, b = 0;
    if (column < columns) {
      for (int64_t line = begin + t / kNormColumns; line < end; line += kLanes) {
        a += first(line, column);
        b += second(line, column);
      }
    }
    room[t] = a;
    room[kNormThreads + t] = b;
  });
  block.Sync();
  block.ForEach(2 * kNormColumns, [&](int32_t i) {
    const int32_t which = i / kNormColumns, of = i % kNormColumns, column = block.x() * kNormColumns + of;
    if (column >= columns) return;
    double sum = 0;
    for (int lane = 0; lane < kLanes; ++lane) sum += room[which * kNormThreads + lane * kNormColumns + of];
    sums[(static_cast<int64_t>(part) * columns + column) * 2 + which] = sum;
  });
}

/// The parts of a column's sum.
CEREBRO_KERNEL double SumOfParts(const double* sums, int64_t parts, int32_t columns, int32_t column, int which) {
  double sum = 0;
  for (int64_t p = 0; p < parts; ++p) sum += sums[(p * columns + column) * 2 + which];
  return sum;
}

/// Sums of a batch normalisation's inputs and their squares. Grid: tiles of channels, parts, models.
struct BatchSumsKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kNormThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = ForwardRows(group, m);
    if (block.y() >= NormPartsOf(stage, rows) || !NormalisesByBatch(group, stage, m)) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const auto at = [&](int64_t line, int32_t column) { return static_cast<double>(x[line * stage.outer + column]); };
    ColumnSums(block, NormLinesOf(stage, rows), stage.outer, ScratchOf(group, stage, work).sums, at,
               [&](int64_t line, int32_t column) { return at(line, column) * at(line, column); });
  }
};

/// Mean and variance of each channel. Grid: tiles of channels, 1, models.
struct BatchMomentsKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 128;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = ForwardRows(group, m);
    if (rows == 0) return;
    const bool own = NormalisesByBatch(group, stage, m);
    const NormScratch scratch = ScratchOf(group, stage, WorkOf(group, m));
    const float* state = group.entries[m].state;
    const int64_t parts = NormPartsOf(stage, rows);
    const auto count = static_cast<double>(NormLinesOf(stage, rows));
    const int32_t first = block.x() * kThreads, left = stage.outer - first;
    block.ForEach(left < kThreads ? left : kThreads, [&](int32_t i) {
      const int32_t j = first + i;
      if (!own) {
        scratch.first[j] = state[stage.statistics[0] + j];
        scratch.second[j] = state[stage.statistics[1] + j];
        return;
      }
      const double mean = SumOfParts(scratch.sums, parts, stage.outer, j, 0) / count;
      const double variance = SumOfParts(scratch.sums, parts, stage.outer, j, 1) / count - mean * mean;
      scratch.first[j] = static_cast<float>(mean);
      scratch.second[j] = variance > 0 || variance != variance ? static_cast<float>(variance) : 0.0f;
    });
  }
};

CEREBRO_KERNEL float InverseDeviation(const Stage& stage, float variance) {
  return 1.0f / sqrtf(variance + stage.epsilon);
}

/// Element i of a batch normalisation's results, before the activation.
CEREBRO_KERNEL float BatchNormalised(const Stage& stage, const NormScratch& scratch, const float* state, const float* x,
                                     int64_t i) {
  const auto j = static_cast<int32_t>(i % stage.outer);
  const float inverse = InverseDeviation(stage, scratch.second[j]);
  const float scale = stage.weight < 0 ? inverse : inverse * state[stage.weight + j];
  const float y = (x[i] - scratch.first[j]) * scale;
  return stage.bias < 0 ? y : y + state[stage.bias + j];
}

/// Element i of the gradient of its input.
CEREBRO_KERNEL float BatchNormGradient(const Stage& stage, const NormScratch& scratch, const float* state,
                                       const float* x, const float* g, int64_t i) {
  const auto j = static_cast<int32_t>(i % stage.outer);
  const float inverse = InverseDeviation(stage, scratch.second[j]);
  const float scale = stage.weight < 0 ? inverse : inverse * state[stage.weight + j];
  if (stage.frozen != 0) return g[i] * scale;
  return (g[i] - scratch.third[j] - (x[i] - scratch.first[j]) * scratch.fourth[j]) * scale;
}

/// Sums that gradients of normalisations are made of. Grid: tiles of columns, parts, models.
struct NormGradientSumsKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kNormThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = BackwardRows(group, m);
    if (block.y() >= NormPartsOf(stage, rows)) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* g = work + stage.g;
    const NormScratch scratch = ScratchOf(group, stage, work);
    const bool batch = stage.kind == StageKind::kBatchNormalization;
    const int32_t columns = stage.outer, items_across = stage.outer / stage.inner;
    const auto of = [&](int64_t line, int32_t column) { return static_cast<double>(g[line * columns + column]); };
    ColumnSums(block, NormLinesOf(stage, rows), columns, scratch.sums, of, [&](int64_t line, int32_t column) {
      const float value = x[line * columns + column];
      if (batch) return of(line, column) * static_cast<double>(value - scratch.first[column]);
      const int64_t item = line / stage.positions * items_across + column / stage.inner;
      return of(line, column) * static_cast<double>((value - scratch.first[item]) * scratch.second[item]);
    });
  }
};

/// The gradients of gamma and beta, and what the input's gradient of a batch normalisation takes off. Grid: tiles of
/// columns, 1, models.
struct NormGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 128;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = BackwardRows(group, m);
    if (rows == 0) return;
    float* work = WorkOf(group, m);
    const NormScratch scratch = ScratchOf(group, stage, work);
    const int64_t parts = NormPartsOf(stage, rows);
    const auto count = static_cast<double>(NormLinesOf(stage, rows));
    const bool batch = stage.kind == StageKind::kBatchNormalization;
    const int32_t first = block.x() * kThreads, left = stage.outer - first;
    block.ForEach(left < kThreads ? left : kThreads, [&](int32_t i) {
      const int32_t j = first + i;
      const double sum_g = SumOfParts(scratch.sums, parts, stage.outer, j, 0);
      const double sum_gx = SumOfParts(scratch.sums, parts, stage.outer, j, 1);
      const double inverse = batch ? static_cast<double>(InverseDeviation(stage, scratch.second[j])) : 1.0;
      const auto give = [&](int32_t index, double value) {
        if (index < 0) return;
        const Tensor& tensor = group.tensors[index];
        work[tensor.gradient + stage.first_part * tensor.count + j] = static_cast<float>(value);
      };
      give(stage.weight_tensor, sum_gx * inverse);
      give(stage.bias_tensor, sum_g);
      if (!batch) return;
      scratch.third[j] = static_cast<float>(sum_g / count);
      scratch.fourth[j] = static_cast<float>(sum_gx * inverse * inverse / count);
    });
  }
};

/// The moving statistics follow those of a mini-batch that was trained. Grid: tiles of channels, 1, models.
struct MoveStatisticsKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 128;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = BackwardRows(group, m);
    if (rows == 0) return;
    const NormScratch scratch = ScratchOf(group, stage, WorkOf(group, m));
    float* state = group.entries[m].state;
    const int64_t lines = NormLinesOf(stage, rows);
    float bessel = 1;
    if (lines < 2) {
      bessel = 0;
    } else if (stage.image != 0) {
      bessel = static_cast<float>(static_cast<double>(lines) / static_cast<double>(lines - 1));
    }
    const int32_t first = block.x() * kThreads, left = stage.outer - first;
    block.ForEach(left < kThreads ? left : kThreads, [&](int32_t i) {
      const int32_t j = first + i;
      float* mean = state + stage.statistics[0] + j;
      float* variance = state + stage.statistics[1] + j;
      *mean -= (*mean - scratch.first[j]) * stage.momentum;
      *variance -= (*variance - scratch.second[j] * bessel) * stage.momentum;
    });
  }
};

constexpr int kRowItems = 8;  // of a block; each has kRowLanes threads
constexpr int kRowLanes = 32;
constexpr size_t kRowNormBytes = 2 * kRowItems * kRowLanes * sizeof(double);

/// Two sums an item, over its elements: first(item, element), second(item, element). Every lane gets them by
/// room[item of the block] and room[kRowItems * kRowLanes + item of the block]. To be called by the whole block.
template <class Block, class First, class Second>
CEREBRO_KERNEL void ItemSums(const Block& block, int64_t first_item, int64_t items, int32_t elements, double* room,
                             const First& first, const Second& second) {
  constexpr int kAll = kRowItems * kRowLanes;
  block.template Threads<kAll>([&](int t) {
    const int64_t item = first_item + t / kRowLanes;
    double a = 0, b = 0;
    if (item < items) {
      for (int32_t e = t % kRowLanes; e < elements; e += kRowLanes) {
        a += first(item, e);
        b += second(item, e);
      }
    }
    room[t] = a;
    room[kAll + t] = b;
  });
  block.Sync();
  block.ForEach(2 * kRowItems, [&](int32_t i) {
    double* lanes = room + i / kRowItems * kAll + i % kRowItems * kRowLanes;
    double sum = 0;
    for (int lane = 0; lane < kRowLanes; ++lane) sum += lanes[lane];
    lanes[0] = sum;
  });
  block.Sync();
}

/// Where element e of an item lies.
CEREBRO_KERNEL int64_t ItemElement(const Stage& stage, int64_t item, int32_t e) {
  const int32_t across = stage.outer / stage.inner;
  const int64_t line = item / across * stage.positions + e / stage.inner;
  return line * stage.outer + item % across * stage.inner + e % stage.inner;
}

/// Layer and group normalisation. Grid: kRowItems items, 1, models.
struct RowNormForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kRowItems * kRowLanes;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = ForwardRows(group, m);
    const int64_t items = NormItems(stage, rows), first_item = static_cast<int64_t>(block.x()) * kRowItems;
    if (first_item >= items) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    float* y = work + stage.y;
    const float* state = group.entries[m].state;
    const NormScratch scratch = ScratchOf(group, stage, work);
    auto* room = reinterpret_cast<double*>(block.shared());
    const int32_t elements = stage.positions * stage.inner;
    const auto value = [&](int64_t item, int32_t e) { return static_cast<double>(x[ItemElement(stage, item, e)]); };
    ItemSums(block, first_item, items, elements, room, value,
             [&](int64_t item, int32_t e) { return value(item, e) * value(item, e); });
    block.ForEach(kRowItems, [&](int32_t i) {
      if (first_item + i >= items) return;
      const double mean = room[i * kRowLanes] / elements;
      const double variance = room[kThreads + i * kRowLanes] / elements - mean * mean;
      scratch.first[first_item + i] = static_cast<float>(mean);
      scratch.second[first_item + i] =
          InverseDeviation(stage, variance > 0 || variance != variance ? static_cast<float>(variance) : 0.0f);
    });
    block.Sync();
    block.template Threads<kThreads>([&](int t) {
      const int64_t item = first_item + t / kRowLanes;
      if (item >= items) return;
      const float mean = scratch.first[item], inverse = scratch.second[item];
      for (int32_t e = t % kRowLanes; e < elements; e += kRowLanes) {
        const int64_t at = ItemElement(stage, item, e);
        const auto column = static_cast<int32_t>(at % stage.outer);
        float v = (x[at] - mean) * inverse;
        if (stage.weight >= 0) v *= state[stage.weight + column];
        if (stage.bias >= 0) v += state[stage.bias + column];
        y[at] = Activated(stage.activation, v);
      }
    });
  }
};

/// The gradient of their inputs. Grid: as above.
struct RowNormInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kRowItems * kRowLanes;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = BackwardRows(group, m);
    const int64_t items = NormItems(stage, rows), first_item = static_cast<int64_t>(block.x()) * kRowItems;
    if (first_item >= items) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* g = work + stage.g;
    const float* state = group.entries[m].state;
    const NormScratch scratch = ScratchOf(group, stage, work);
    auto* room = reinterpret_cast<double*>(block.shared());
    const int32_t elements = stage.positions * stage.inner;
    const auto scaled = [&](int64_t at) {
      return stage.weight < 0 ? g[at] : g[at] * state[stage.weight + at % stage.outer];
    };
    const auto normalised = [&](int64_t item, int64_t at) {
      return (x[at] - scratch.first[item]) * scratch.second[item];
    };
    ItemSums(
        block, first_item, items, elements, room,
        [&](int64_t item, int32_t e) { return static_cast<double>(scaled(ItemElement(stage, item, e))); },
        [&](int64_t item, int32_t e) {
          const int64_t at = ItemElement(stage, item, e);
          return static_cast<double>(scaled(at)) * static_cast<double>(normalised(item, at));
        });
    block.template Threads<kThreads>([&](int t) {
      const int64_t item = first_item + t / kRowLanes;
      if (item >= items) return;
      const int32_t of = t / kRowLanes * kRowLanes;
      const auto mean = static_cast<float>(room[of] / elements),
                 along = static_cast<float>(room[kThreads + of] / elements);
      for (int32_t e = t % kRowLanes; e < elements; e += kRowLanes) {
        const int64_t at = ItemElement(stage, item, e);
        StoreGradient(stage.sources[0], work, at,
                      (scaled(at) - mean - normalised(item, at) * along) * scratch.second[item]);
      }
    });
  }
};

}  // namespace engine::device
