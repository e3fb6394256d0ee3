// Many optimizer steps of a small MLP in one launch, a buffer's or a portion of them: one block a model, weights in the
// block's shared memory from the first mini-batch to the last.
//
// For stages that are dense layers with one position, activations of elements, and dropout. Sums are made in the order
// of the other kernels (engine/device/kernels/product.hpp), so the bits are theirs.
//
// Shared memory, in floats: weights | optimizer slots, where they fit | for each value (x, and every stage's results)
// its rows | two gradients | targets | losses | room of sums. A row begins at an odd multiple of a bank, so that
// threads that work on neighbouring rows do not wait for each other.
#pragma once

#include "engine/device/kernels/loss.hpp"

namespace engine::device {

/// Grid: models.
struct PersistentKernel {
  using Arguments = PersistentArguments;
  static constexpr int kThreads = kPersistentThreads;
  static constexpr int kRows = 4;  // of a product that a thread makes at once

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.x();
    const ModelEntry& model = group.entries[m];
    ModelProgress* progress = group.progress + m;
    float* shared = reinterpret_cast<float*>(block.shared());
    const int64_t kept = a.weight_floats + a.slot_floats;
    float* state = model.state + kCountersFloats;
    const int32_t end = model.entry_count < a.entry_end ? model.entry_count : a.entry_end;
    if (progress->live == 0 || end <= a.first_entry) return;
    block.ForEach(kept, [&](int64_t i) { shared[i] = state[i]; });
    block.Sync();
    float* weights = shared - kCountersFloats;  // Tensor's and Stage's offsets count from the state's start
    float* slots = a.slot_floats > 0 ? weights : model.state;
    for (int32_t e = a.first_entry; e < end; ++e) {
      if (!Train(block, a, model, model.entries[e], e, progress, weights, slots)) break;
    }
    block.ForEach(kept, [&](int64_t i) { state[i] = shared[i]; });
  }

 private:
  template <class Block>
  static CEREBRO_KERNEL bool Train(const Block& block, const Arguments& a, const ModelEntry& model,
                                   const StepEntry& entry, int index, ModelProgress* progress, float* weights,
                                   float* slots) {
    const GroupView& group = *a.group;
    const int m = block.x(), rows = entry.rows;
    float* shared = reinterpret_cast<float*>(block.shared());
    auto* room = reinterpret_cast<double*>(shared + a.room);
    if (entry.kind == EntryKind::kCarry) {
      block.ForEach(rows, [&](int64_t i) { CarryRows(group, model, entry, i); });
      block.ForEach(1, [&](int64_t) { ++progress->cursor; });
      block.Sync();
      return true;
    }
    GatherRows(block, group, model, entry, 0, rows, shared + a.values[0], group.columns[0].input,
               static_cast<int>(RowStride(group.stages[0].in)), shared + a.target);
    block.Sync();
    for (int32_t i = 0; i < group.stage_count; ++i) {
      const Stage& stage = group.stages[i];
      const float* x = shared + a.values[i];
      float* y = shared + a.values[i + 1];
      if (stage.kind == StageKind::kDense) {
        Forward(block, stage, weights, x, rows, y);
      } else {
        const uint32_t* keys = stage.kind == StageKind::kDropout ? DropoutKeys(group, m, index, stage) : nullptr;
        Elements(block, stage, rows, [&](int64_t at, int64_t element) {
          if (keys == nullptr) {
            y[at] = Activated(stage.activation, PointwiseElement(stage.function, x[at]));
          } else {
            y[at] = x[at] * DropoutFactor(keys, stage.rate, element);
          }
        });
      }
      block.Sync();
    }
    const int last = group.stage_count - 1;
    const Stage& stage = group.stages[last];
    const int64_t stride = RowStride(stage.out);
    const float* y = shared + a.values[last + 1];
    float* g = shared + a.gradients[last & 1];
    block.ForEach(rows * stride, [&](int64_t i) { g[i] = y[i]; });
    block.Sync();
    double loss = BatchLoss<kThreads>(block, group, model, entry, rows, shared + a.target, g, stride, y,
                                      stage.activation, shared + a.losses, room);
    loss += static_cast<double>(rows) * RegularizerLoss<kThreads>(block, group, weights, room);
    block.ForEach(1, [&](int64_t) { room[0] = CountBatch(progress, rows, loss) ? 1 : 0; });
    block.Sync();
    const bool trains = room[0] != 0;
    block.Sync();
    if (!trains) return false;
    Backward(block, a, model, entry, index, rows, weights, slots);
    return true;
  }

  template <class Block>
  static CEREBRO_KERNEL void Backward(const Block& block, const Arguments& a, const ModelEntry& model,
                                      const StepEntry& entry, int index, int rows, float* weights, float* slots) {
    const GroupView& group = *a.group;
    float* shared = reinterpret_cast<float*>(block.shared());
    for (int32_t i = group.stage_count - 1; i >= 0; --i) {
      const Stage& stage = group.stages[i];
      const float* x = shared + a.values[i];
      const float* g = shared + a.gradients[i & 1];
      float* dx = shared + a.gradients[(i - 1) & 1];
      const math::FusedActivation activation = stage.sources[0].activation;
      if (stage.sources[0].wants_gradient != 0) {
        if (stage.kind == StageKind::kDense) {
          InputGradient(block, stage, weights, g, rows, x, activation, dx);
        } else {
          const uint32_t* keys =
              stage.kind == StageKind::kDropout ? DropoutKeys(group, block.x(), index, stage) : nullptr;
          Elements(block, stage, rows, [&](int64_t at, int64_t element) {
            float of_x = 0;
            if (keys == nullptr) {
              of_x = PointwiseSlope(stage.function, x[at], g[at]);
            } else {
              of_x = g[at] * DropoutFactor(keys, stage.rate, element);
            }
            dx[at] = ActivationSlope(activation, x[at], of_x);
          });
        }
        block.Sync();
      }
      if (stage.weight_tensor < 0 && stage.bias_tensor < 0) continue;
      Update(block, group, model, entry, stage, x, g, rows, weights, slots);
      block.Sync();
      if (stage.sources[0].wants_gradient == 0) break;  // nothing below is trained
    }
  }

  // Calls item(where it lies in a value, its number in the mini-batch).
  template <class Block, class Item>
  static CEREBRO_KERNEL void Elements(const Block& block, const Stage& stage, int rows, const Item& item) {
    const int64_t stride = RowStride(stage.out);
    block.ForEach(rows * stage.out, [&](int32_t i) { item(i / stage.out * stride + i % stage.out, i); });
  }

  // A thread makes kRows rows of one column; neighbouring threads, neighbouring columns.
  template <class Block>
  static CEREBRO_KERNEL void Forward(const Block& block, const Stage& stage, const float* weights, const float* x,
                                     int rows, float* y) {
    const int32_t in = stage.inner, out = stage.outer;
    const int64_t x_stride = RowStride(in), y_stride = RowStride(out);
    const float* w = weights + stage.weight;
    block.ForEach((rows + kRows - 1) / kRows * out, [&](int32_t i) {
      const auto column = static_cast<int32_t>(i % out), row = static_cast<int32_t>(i / out) * kRows;
      const float* from[kRows];
      float sums[kRows] = {};
      for (int r = 0; r < kRows; ++r) from[r] = x + (row + r < rows ? row + r : row) * x_stride;
      for (int32_t k = 0; k < in; ++k) {
        const float factor = w[static_cast<int64_t>(k) * out + column];
        for (int r = 0; r < kRows; ++r) sums[r] = MultiplyAdd(from[r][k], factor, sums[r]);
      }
      for (int r = 0; r < kRows && row + r < rows; ++r) {
        const float sum = stage.bias < 0 ? sums[r] : sums[r] + weights[stage.bias + column];
        y[(row + r) * y_stride + column] = Activated(stage.activation, sum);
      }
    });
  }

  // kRows columns of one row; neighbouring threads, neighbouring rows.
  template <class Block>
  static CEREBRO_KERNEL void InputGradient(const Block& block, const Stage& stage, const float* weights, const float* g,
                                           int rows, const float* x, math::FusedActivation activation, float* dx) {
    const int32_t in = stage.inner, out = stage.outer;
    const int64_t g_stride = RowStride(out), x_stride = RowStride(in);
    const float* w = weights + stage.weight;
    block.ForEach((in + kRows - 1) / kRows * rows, [&](int32_t i) {
      const auto row = static_cast<int32_t>(i % rows), column = static_cast<int32_t>(i / rows) * kRows;
      float sums[kRows] = {};
      for (int32_t k = 0; k < out; ++k) {
        const float factor = g[row * g_stride + k];
        for (int c = 0; c < kRows; ++c) {
          const int32_t of = column + c < in ? column + c : column;
          sums[c] = MultiplyAdd(factor, w[static_cast<int64_t>(of) * out + k], sums[c]);
        }
      }
      for (int c = 0; c < kRows && column + c < in; ++c) {
        const int64_t at = row * x_stride + column + c;
        dx[at] = ActivationSlope(activation, x[at], sums[c]);
      }
    });
  }

  // kRows rows of the kernel in one column; the row behind the kernel's is the bias's.
  template <class Block>
  static CEREBRO_KERNEL void Update(const Block& block, const GroupView& group, const ModelEntry& model,
                                    const StepEntry& entry, const Stage& stage, const float* x, const float* g,
                                    int rows, float* weights, float* slots) {
    const int32_t in = stage.inner, out = stage.outer, all = in + (stage.bias < 0 ? 0 : 1);
    const int64_t g_stride = RowStride(out), x_stride = RowStride(in);
    block.ForEach((all + kRows - 1) / kRows * out, [&](int32_t i) {
      const auto column = static_cast<int32_t>(i % out), first = static_cast<int32_t>(i / out) * kRows;
      float sums[kRows] = {};
      for (int32_t row = 0; row < rows; ++row) {
        const float factor = g[row * g_stride + column];
        for (int r = 0; r < kRows; ++r) {
          const float of_x = first + r < in ? x[row * x_stride + first + r] : 1.0f;
          sums[r] = MultiplyAdd(of_x, factor, sums[r]);
        }
      }
      for (int r = 0; r < kRows && first + r < all; ++r) {
        const bool is_bias = first + r == in;
        const int index = is_bias ? stage.bias_tensor : stage.weight_tensor;
        if (index < 0) continue;
        const Tensor& tensor = group.tensors[index];
        const int64_t element = is_bias ? column : static_cast<int64_t>(first + r) * out + column;
        const float prepared = PreparedGradient(tensor, model.clip_value, weights[tensor.weight + element], sums[r]);
        UpdateElement(model, entry, tensor, index, element, prepared, weights, slots);
      }
    });
  }
};

}  // namespace engine::device
