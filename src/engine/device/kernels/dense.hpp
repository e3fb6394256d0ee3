// Dense layers.
#pragma once

#include "engine/device/kernels/gradient.hpp"
#include "engine/device/kernels/product.hpp"
#include "engine/device/kernels/update.hpp"

namespace engine::device {

/// y = f(x W + b). Grid: tiles of rows, tiles of columns, models; a grid is longest in its first dimension.
struct DenseForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t rows = static_cast<int64_t>(ForwardRows(group, m)) * stage.positions;
    if (static_cast<int64_t>(block.x()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* w = group.entries[m].state + stage.weight;
    const float* bias = stage.bias < 0 ? nullptr : group.entries[m].state + stage.bias;
    Product<false>(
        block, {rows, stage.outer, 0, stage.inner}, group.precision, block.x(), block.y(),
        [&](int64_t row, int64_t k) { return x[row * stage.inner + k]; },
        [&](int64_t k, int64_t column) { return w[k * stage.outer + column]; },
        [&](int64_t row, int64_t column, float sum) {
          work[stage.y + row * stage.outer + column] =
              Activated(stage.activation, bias == nullptr ? sum : sum + bias[column]);
        });
  }
};

/// dx = g W^T. Grid: as above, for dx.
struct DenseInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t rows = static_cast<int64_t>(BackwardRows(group, m)) * stage.positions;
    if (static_cast<int64_t>(block.x()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* g = work + stage.g;
    const float* w = group.entries[m].state + stage.weight;
    Product<false>(
        block, {rows, stage.inner, 0, stage.outer}, group.precision, block.x(), block.y(),
        [&](int64_t row, int64_t k) { return g[row * stage.outer + k]; },
        [&](int64_t k, int64_t column) { return w[column * stage.outer + k]; },
        [&](int64_t row, int64_t column, float sum) {
          StoreGradient(stage.sources[0], work, row * stage.inner + column, sum);
        });
  }
};

/// The gradient of a dense layer's kernel, with that of the bias as a row more, by a function that takes what a tile
/// has.
template <class Block, class Store>
CEREBRO_KERNEL void DenseWeightGradient(const Block& block, const GroupView& group, int stage_index, int model,
                                        int part, int tile_row, int tile_column, const Store& store) {
  const Stage& stage = group.stages[stage_index];
  const int64_t rows = static_cast<int64_t>(BackwardRows(group, model)) * stage.positions;
  const float* work = WorkOf(group, model);
  const float* x = work + stage.sources[0].x;
  const float* g = work + stage.g;
  const int64_t first = static_cast<int64_t>(part) * kPartRows, last = first + kPartRows;
  Product<true>(
      block, {stage.inner + (stage.bias < 0 ? 0 : 1), stage.outer, first, last < rows ? last : rows}, group.precision,
      tile_row, tile_column,
      [&](int64_t row, int64_t k) { return row < stage.inner ? x[k * stage.inner + row] : 1.0f; },
      [&](int64_t k, int64_t column) { return g[k * stage.outer + column]; }, store);
}

/// Gradient and optimizer step in one, where no norm of the gradient is wanted and it has one part. Grid: tiles of
/// columns, tiles of the kernel's rows and the bias, models.
struct DenseUpdateKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    if (BackwardRows(group, m) == 0) return;
    const ModelEntry& model = group.entries[m];
    const StepEntry& entry = model.entries[group.progress[m].current];
    DenseWeightGradient(block, group, a.stage, m, 0, block.y(), block.x(), [&](int64_t row, int64_t column, float g) {
      const int index = row < stage.inner ? stage.weight_tensor : stage.bias_tensor;
      if (index < 0) return;
      const Tensor& tensor = group.tensors[index];
      const int64_t i = row < stage.inner ? row * stage.outer + column : column;
      const float prepared = PreparedGradient(tensor, model.clip_value, model.state[tensor.weight + i], g);
      UpdateElement(model, entry, tensor, index, i, prepared, model.state, model.state);
    });
  }
};

/// Element (row, column) of a part of a weight gradient goes to the workspace; the row behind the kernel's is the
/// bias's.
CEREBRO_KERNEL void StoreWeightGradient(const GroupView& group, const Stage& stage, float* work, int part,
                                        int64_t kernel_rows, int64_t row, int64_t column, float g) {
  const int index = row < kernel_rows ? stage.weight_tensor : stage.bias_tensor;
  if (index < 0) return;
  const Tensor& tensor = group.tensors[index];
  work[tensor.gradient + (stage.first_part + part) * tensor.count +
       (row < kernel_rows ? row * stage.outer + column : column)] = g;
}

struct PartArguments {
  const GroupView* group = nullptr;
  int32_t stage = 0;
  int32_t tiles_across = 1;  // tiles of columns
};

/// Grid: tiles of columns and rows, parts, models.
struct DenseGradientKernel {
  using Arguments = PartArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), part = block.y();
    if (BackwardRows(group, m) == 0) return;
    float* work = WorkOf(group, m);
    DenseWeightGradient(block, group, a.stage, m, part, block.x() / a.tiles_across, block.x() % a.tiles_across,
                        [&](int64_t row, int64_t column, float g) {
                          StoreWeightGradient(group, stage, work, part, stage.inner, row, column, g);
                        });
  }
};

}  // namespace engine::device
