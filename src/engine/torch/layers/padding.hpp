// TensorFlow's 'same' and 'valid' padding of images, and the way between the user's (batch, height, width, channels) and LibTorch's
// logical (batch, channels, height, width): a permuted view whose strides LibTorch knows as channels-last, so no copy is made.
#pragma once

#include <cstdint>

#include "engine/torch/torch.hpp"

namespace engine::torch {

/// Padding of one axis. TensorFlow puts the odd element behind: before <= after <= before + 1.
struct Padding {
  int64_t before = 0;
  int64_t after = 0;
  bool symmetric() const { return before == after; }
};

/// 'same': the output has ceil(size / stride) elements
/// (https://www.tensorflow.org/api_docs/python/tf/nn, "Notes on padding"). `window` is dilation * (kernel - 1) + 1.
inline Padding SamePadding(int64_t size, int64_t window, int64_t stride) {
  const int64_t out = (size + stride - 1) / stride;
  const int64_t total = (out - 1) * stride + window - size;
  if (total <= 0) return {};
  return {total / 2, total - total / 2};
}

inline at::Tensor ToChannelsFirst(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }
inline at::Tensor ToChannelsLast(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }

}  // namespace engine::torch
