// Rows of tables by index, and the gradient of a table.
#pragma once

#include "engine/device/kernels/common.hpp"

namespace engine::device {

/// An index as native::Embedding reads it: -1 for what is none, a NaN included.
CEREBRO_KERNEL int32_t IndexOf(float value) {
  return value > -2147483648.0f && value < 2147483648.0f ? static_cast<int32_t>(value) : -1;
}

/// Stops a model that is given an index which its table does not have: the host refuses it. `inner` of a stage is the
/// table's width, `positions` the number of its rows. Grid: 1, 1, models.
struct CheckIndexesKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 256;
  static constexpr size_t kBytes = 2 * kThreads * sizeof(float);

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t count = static_cast<int64_t>(ForwardRows(group, m)) * stage.in;
    if (count == 0) return;
    const float* x = WorkOf(group, m) + stage.sources[0].x;
    float* low = reinterpret_cast<float*>(block.shared());
    float* high = low + kThreads;
    block.template Threads<kThreads>([&](int t) {
      float least = static_cast<float>(stage.positions), most = -1;
      for (int64_t i = t; i < count; i += kThreads) {
        const auto index = static_cast<float>(IndexOf(x[i]));
        least = index < least ? index : least;
        most = index > most ? index : most;
      }
      low[t] = least;
      high[t] = most;
    });
    block.Sync();
    block.ForEach(1, [&](int32_t) {
      float least = low[0], most = high[0];
      for (int t = 1; t < kThreads; ++t) {
        least = low[t] < least ? low[t] : least;
        most = high[t] > most ? high[t] : most;
      }
      if (least >= 0 && most < static_cast<float>(stage.positions)) return;
      ModelProgress* progress = group.progress + m;
      progress->live = 0;
      progress->refused = a.stage;
      progress->smallest = least;
      progress->largest = most;
    });
  }
};

/// The gradient of a table: each of its elements is the sum of its uses in the order of the indexes, made by one
/// thread. Thread (s, j) has column j of the rows whose number is s modulo `slices`. Grid: parts of slices * width, 1,
/// models.
struct TableGradientKernel {
  struct Arguments {
    const GroupView* group = nullptr;
    int32_t stage = 0;
    int32_t slices = 1;  // a power of two
  };
  static constexpr int kThreads = 256;
  static constexpr int kIndexes = 2048;  // in shared memory at a time
  static constexpr size_t kBytes = kIndexes * sizeof(int32_t);

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = BackwardRows(group, m);
    if (rows == 0) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* g = work + stage.g;
    const Tensor& tensor = group.tensors[stage.weight_tensor];
    float* sums = work + tensor.gradient + stage.first_part * tensor.count;
    const int32_t width = stage.inner, all = a.slices * width;
    auto* indexes = reinterpret_cast<int32_t*>(block.shared());
    const auto own = [&](int t, int32_t* slice, int32_t* column) {
      const int32_t id = block.x() * kThreads + t;
      *slice = id / width;
      *column = id % width;
      return id < all;
    };
    block.template Threads<kThreads>([&](int t) {
      int32_t slice, column;
      if (!own(t, &slice, &column)) return;
      for (int64_t row = slice; row < stage.positions; row += a.slices) sums[row * width + column] = 0;
    });
    const int64_t count = static_cast<int64_t>(rows) * stage.in;
    for (int64_t begin = 0; begin < count; begin += kIndexes) {
      const auto n = static_cast<int32_t>(count - begin < kIndexes ? count - begin : kIndexes);
      block.Sync();
      block.ForEach(n, [&](int32_t i) { indexes[i] = IndexOf(x[begin + i]); });
      block.Sync();
      block.template Threads<kThreads>([&](int t) {
        int32_t slice, column;
        if (!own(t, &slice, &column)) return;
        for (int32_t i = 0; i < n; ++i) {
          const int32_t row = indexes[i];
          if ((row & (a.slices - 1)) == slice) {
            sums[static_cast<int64_t>(row) * width + column] += g[(begin + i) * width + column];
          }
        }
      });
    }
  }
};

}  // namespace engine::device
