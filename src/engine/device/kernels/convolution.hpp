// Convolutions, of images and of sequences, which are images of one row.
#pragma once

#include "engine/device/kernels/dense.hpp"

namespace engine::device {

/// Where element `tap` of the window at `at` lies; -1: in the padding.
CEREBRO_KERNEL int32_t WindowElement(const Window& w, int32_t at, int32_t tap) {
  const int32_t i = at * w.stride + tap * w.dilation - w.before;
  return i >= 0 && i < w.in ? i : -1;
}

/// The window whose element `tap` is i; -1: none.
CEREBRO_KERNEL int32_t WindowAt(const Window& w, int32_t i, int32_t tap) {
  const int32_t distance = i + w.before - tap * w.dilation;
  if (distance < 0 || distance % w.stride != 0) return -1;
  const int32_t at = distance / w.stride;
  return at < w.out ? at : -1;
}

/// Element k of the patch of an image under a window at a position, both counted over the batch; k in the order of the
/// kernel: (row, column, channel).
CEREBRO_KERNEL float PatchElement(const Stage& stage, const float* x, int64_t of_position, int64_t of_k) {
  const int32_t across = stage.columns.out, each = stage.rows.out * across;
  const auto position = static_cast<int32_t>(of_position), k = static_cast<int32_t>(of_k);
  const int32_t image = position / each, at = position % each, channel = k % stage.inner, tap = k / stage.inner;
  const int32_t row = WindowElement(stage.rows, at / across, tap / stage.columns.window);
  const int32_t column = WindowElement(stage.columns, at % across, tap % stage.columns.window);
  if (row < 0 || column < 0) return 0;
  return x[static_cast<int64_t>(image) * stage.in +
           (static_cast<int64_t>(row) * stage.columns.in + column) * stage.inner + channel];
}

CEREBRO_KERNEL int64_t KernelRows(const Stage& stage) {
  return static_cast<int64_t>(stage.rows.window) * stage.columns.window * stage.inner;
}
CEREBRO_KERNEL int64_t OutputPositions(const Stage& stage) {
  return static_cast<int64_t>(stage.rows.out) * stage.columns.out;
}

/// Grid: tiles of positions, tiles of channels, models.
struct ConvolutionForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t rows = ForwardRows(group, m) * OutputPositions(stage);
    if (static_cast<int64_t>(block.x()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* w = group.entries[m].state + stage.weight;
    const float* bias = stage.bias < 0 ? nullptr : group.entries[m].state + stage.bias;
    Product<false>(
        block, {rows, stage.outer, 0, KernelRows(stage)}, group.precision, block.x(), block.y(),
        [&](int64_t row, int64_t k) { return PatchElement(stage, x, row, k); },
        [&](int64_t k, int64_t column) { return w[k * stage.outer + column]; },
        [&](int64_t row, int64_t column, float sum) {
          work[stage.y + row * stage.outer + column] =
              Activated(stage.activation, bias == nullptr ? sum : sum + bias[column]);
        });
  }
};

/// Each element of dx gathers from the windows that it lies in. Grid: tiles of the images' pixels, tiles of channels,
/// models.
struct ConvolutionInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int32_t across = stage.columns.in, pixels = stage.rows.in * across;
    const int64_t rows = static_cast<int64_t>(BackwardRows(group, m)) * pixels;
    if (static_cast<int64_t>(block.x()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* g = work + stage.g;
    const float* w = group.entries[m].state + stage.weight;
    const int64_t taps = static_cast<int64_t>(stage.rows.window) * stage.columns.window;
    Product<false>(
        block, {rows, stage.inner, 0, taps * stage.outer}, group.precision, block.x(), block.y(),
        [&](int64_t of_row, int64_t of_k) {
          const auto row = static_cast<int32_t>(of_row), k = static_cast<int32_t>(of_k);
          const int32_t pixel = row % pixels, tap = k / stage.outer;
          const int32_t at_row = WindowAt(stage.rows, pixel / across, tap / stage.columns.window);
          const int32_t at_column = WindowAt(stage.columns, pixel % across, tap % stage.columns.window);
          if (at_row < 0 || at_column < 0) return 0.0f;
          const int64_t position =
              row / pixels * OutputPositions(stage) + static_cast<int64_t>(at_row) * stage.columns.out + at_column;
          return g[position * stage.outer + k % stage.outer];
        },
        [&](int64_t of_k, int64_t column) {
          const auto k = static_cast<int32_t>(of_k);
          return w[(k / stage.outer * stage.inner + column) * stage.outer + k % stage.outer];
        },
        [&](int64_t row, int64_t column, float sum) {
          StoreGradient(stage.sources[0], work, row * stage.inner + column, sum);
        });
  }
};

/// Grid: tiles of columns and rows, parts, models.
struct ConvolutionGradientKernel {
  using Arguments = PartArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), part = block.y();
    if (BackwardRows(group, m) == 0) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* g = work + stage.g;
    const int64_t positions = BackwardRows(group, m) * OutputPositions(stage), kernel_rows = KernelRows(stage);
    const int64_t first = static_cast<int64_t>(part) * kPartRows, last = first + kPartRows;
    Product<true>(
        block, {kernel_rows + (stage.bias < 0 ? 0 : 1), stage.outer, first, last < positions ? last : positions},
        group.precision, block.x() / a.tiles_across, block.x() % a.tiles_across,
        [&](int64_t row, int64_t k) { return row < kernel_rows ? PatchElement(stage, x, k, row) : 1.0f; },
        [&](int64_t k, int64_t column) { return g[k * stage.outer + column]; },
        [&](int64_t row, int64_t column, float sum) {
          StoreWeightGradient(group, stage, work, part, kernel_rows, row, column, sum);
        });
  }
};

}  // namespace engine::device
