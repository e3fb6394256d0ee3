// Pooling: the largest value or the mean of windows that slide over an image, channel by channel, and their gradients.
//
// Each channel of a window is worked on by itself in the order of the window's elements, row after row: the same bits on every
// instruction set.
#pragma once

#include <cstdint>

#include "engine/math/gemm_tiles.hpp"
#include "engine/math/sliding_window.hpp"

namespace engine::math {

struct PoolShape {
  Slide rows;
  Slide columns;
  int64_t channels = 1;

  /// Every element of the image lies in exactly one window.
  bool tiles() const {
    return rows.before == 0 && columns.before == 0 && rows.stride == rows.window && columns.stride == columns.window &&
           rows.out * rows.window == rows.in && columns.out * columns.window == columns.in;
  }
};

/// Of one image: x (rows.in, columns.in, channels), y and g (rows.out, columns.out, channels).
template <typename T>
struct PoolKernels {
  /// Padding counts as minus infinity; a NaN in a window is its largest value.
  void (*largest)(const PoolShape& shape, const T* x, T* y);
  /// dx: g at the first place of a window that has its largest value.
  void (*largest_gradient)(const PoolShape& shape, const T* x, const T* y, const T* g, T* dx);
  /// Divides by the number of elements that lie in the image.
  void (*mean)(const PoolShape& shape, const T* x, T* y);
  /// x and y are not read.
  void (*mean_gradient)(const PoolShape& shape, const T* x, const T* y, const T* g, T* dx);
  /// One window over the whole image: dx = g shared evenly by the positions that have the largest value, as TensorFlow's reduce_max does.
  void (*shared_gradient)(int64_t positions, int64_t channels, const T* x, const T* y, const T* g, T* dx);
};

/// Those of a set that the processor has (for tests; the engine takes ChosenInstructionSet()).
template <typename T>
const PoolKernels<T>& PoolKernelsOf(InstructionSet set);

template <typename T>
const PoolKernels<T>& ThePoolKernels();

}  // namespace engine::math
