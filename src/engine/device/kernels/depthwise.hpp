// Depthwise convolutions: `outer` channels of the results, of which each `outer / inner` neighbours come from one
// channel of the input. The kernel is (window, outer).
#pragma once

#include "engine/device/kernels/convolution.hpp"

namespace engine::device {

/// Element i of the results, before the activation.
CEREBRO_KERNEL float DepthwiseElement(const Stage& stage, const float* state, const float* x, int32_t i) {
  const int32_t channel = i % stage.outer, position = i / stage.outer, each = stage.rows.out * stage.columns.out,
                image = position / each, at = position % each;
  const float* w = state + stage.weight + channel;
  const int32_t from = channel / (stage.outer / stage.inner);
  float sum = 0;
  for (int32_t r = 0; r < stage.rows.window; ++r) {
    const int32_t row = WindowElement(stage.rows, at / stage.columns.out, r);
    if (row < 0) continue;
    for (int32_t c = 0; c < stage.columns.window; ++c) {
      const int32_t column = WindowElement(stage.columns, at % stage.columns.out, c);
      if (column < 0) continue;
      sum = MultiplyAdd(x[static_cast<int64_t>(image) * stage.in +
                          (static_cast<int64_t>(row) * stage.columns.in + column) * stage.inner + from],
                        w[static_cast<int64_t>(r * stage.columns.window + c) * stage.outer], sum);
    }
  }
  return stage.bias < 0 ? sum : sum + state[stage.bias + channel];
}

/// The gradient of element i of the input.
CEREBRO_KERNEL float DepthwiseInputGradient(const Stage& stage, const float* state, const float* g, int32_t i) {
  const int32_t from = i % stage.inner, position = i / stage.inner, each = stage.rows.in * stage.columns.in,
                image = position / each, at = position % each, multiplier = stage.outer / stage.inner;
  float sum = 0;
  for (int32_t r = 0; r < stage.rows.window; ++r) {
    const int32_t row = WindowAt(stage.rows, at / stage.columns.in, r);
    if (row < 0) continue;
    for (int32_t c = 0; c < stage.columns.window; ++c) {
      const int32_t column = WindowAt(stage.columns, at % stage.columns.in, c);
      if (column < 0) continue;
      const float* of = g + static_cast<int64_t>(image) * stage.out +
                        (static_cast<int64_t>(row) * stage.columns.out + column) * stage.outer + from * multiplier;
      const float* w =
          state + stage.weight + static_cast<int64_t>(r * stage.columns.window + c) * stage.outer + from * multiplier;
      for (int32_t k = 0; k < multiplier; ++k) sum = MultiplyAdd(of[k], w[k], sum);
    }
  }
  return sum;
}

/// Weights' gradients: a thread makes an element of the kernel, or of the bias, from a part's positions, in their
/// order. Grid: parts of kThreads elements, parts, models.
struct DepthwiseGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 128;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), part = block.y(), rows = BackwardRows(group, m);
    if (rows == 0) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.sources[0].x;
    const float* g = work + stage.g;
    const int32_t taps = stage.rows.window * stage.columns.window, kernel = taps * stage.outer,
                  all = kernel + (stage.bias < 0 ? 0 : stage.outer), first = block.x() * kThreads;
    const int64_t positions = rows * OutputPositions(stage), begin = static_cast<int64_t>(part) * kPartRows,
                  end = begin + kPartRows < positions ? begin + kPartRows : positions;
    if (first >= all) return;
    block.ForEach(all - first < kThreads ? all - first : kThreads, [&](int32_t offset) {
      const int32_t element = first + offset, channel = element % stage.outer, tap = element / stage.outer;
      const bool is_bias = element >= kernel;
      float sum = 0;
      for (int64_t p = begin; p < end; ++p) {
        const float factor = is_bias ? 1.0f : Under(stage, x, p, tap, channel / (stage.outer / stage.inner));
        sum = MultiplyAdd(factor, g[p * stage.outer + channel], sum);
      }
      const int index = is_bias ? stage.bias_tensor : stage.weight_tensor;
      if (index < 0) return;
      const Tensor& tensor = group.tensors[index];
      work[tensor.gradient + (stage.first_part + part) * tensor.count + (is_bias ? channel : element)] = sum;
    });
  }

 private:
  // The element of the input that a tap of the kernel has at a position, which is counted over the mini-batch.
  static CEREBRO_KERNEL float Under(const Stage& stage, const float* x, int64_t position, int32_t tap,
                                    int32_t channel) {
    const int64_t each = OutputPositions(stage), image = position / each;
    const auto at = static_cast<int32_t>(position % each);
    const int32_t row = WindowElement(stage.rows, at / stage.columns.out, tap / stage.columns.window);
    const int32_t column = WindowElement(stage.columns, at % stage.columns.out, tap % stage.columns.window);
    if (row < 0 || column < 0) return 0;
    return x[image * stage.in + (static_cast<int64_t>(row) * stage.columns.in + column) * stage.inner + channel];
  }
};

}  // namespace engine::device
