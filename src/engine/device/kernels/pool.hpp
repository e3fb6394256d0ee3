// Pools, of images and of sequences, which are images of one row.
#pragma once

#include "engine/device/kernels/convolution.hpp"

namespace engine::device {

/// The largest value or the mean of a window: math::PoolKernels.
CEREBRO_KERNEL float Pooled(const Stage& stage, const float* x, int64_t image, int32_t row, int32_t column,
                            int32_t channel, int32_t* count) {
  const bool largest = stage.kind == StageKind::kMaxPool;
  float result = 0;
  *count = 0;
  for (int32_t i = 0; i < stage.rows.window; ++i) {
    for (int32_t j = 0; j < stage.columns.window; ++j) {
      const int32_t from_row = WindowElement(stage.rows, row, i), from_column = WindowElement(stage.columns, column, j);
      if (from_row < 0 || from_column < 0) continue;
      const float value = x[image * stage.in +
                            (static_cast<int64_t>(from_row) * stage.columns.in + from_column) * stage.inner + channel];
      if (largest) {
        if (*count == 0 || value > result || value != value) result = value;
      } else {
        result += value;
      }
      ++*count;
    }
  }
  return largest ? result : result / static_cast<float>(*count);
}

/// How many elements of a window have a value.
CEREBRO_KERNEL int32_t Equals(const Stage& stage, const float* x, int64_t image, int32_t row, int32_t column,
                              int32_t channel, float value) {
  int32_t equals = 0;
  for (int32_t i = 0; i < stage.rows.window; ++i) {
    for (int32_t j = 0; j < stage.columns.window; ++j) {
      const int32_t r = WindowElement(stage.rows, row, i), c = WindowElement(stage.columns, column, j);
      if (r < 0 || c < 0) continue;
      const int64_t at = (static_cast<int64_t>(r) * stage.columns.in + c) * stage.inner + channel;
      equals += x[image * stage.in + at] == value ? 1 : 0;
    }
  }
  return equals;
}

/// What an element of an image gets from the windows that it lies in.
CEREBRO_KERNEL float PoolGradient(const Stage& stage, const float* x, const float* y, const float* g, int64_t image,
                                  int32_t row, int32_t column, int32_t channel) {
  const int64_t from = image * stage.in, to = image * stage.out;
  const float value = x[from + (static_cast<int64_t>(row) * stage.columns.in + column) * stage.inner + channel];
  float sum = 0;
  for (int32_t i = 0; i < stage.rows.window; ++i) {
    for (int32_t j = 0; j < stage.columns.window; ++j) {
      const int32_t at_row = WindowAt(stage.rows, row, i), at_column = WindowAt(stage.columns, column, j);
      if (at_row < 0 || at_column < 0) continue;
      const int64_t at = to + (static_cast<int64_t>(at_row) * stage.columns.out + at_column) * stage.inner + channel;
      if (stage.kind == StageKind::kMeanPool) {
        int32_t count = 0;
        Pooled(stage, x, image, at_row, at_column, channel, &count);
        sum += g[at] / static_cast<float>(count);
        continue;
      }
      if (value != y[at]) continue;
      if (stage.shares != 0) {
        sum += g[at] / static_cast<float>(Equals(stage, x, image, at_row, at_column, channel, value));
        continue;
      }
      // the first element of the window that has the largest value takes all
      bool first = true;
      for (int32_t tap = 0; tap < i * stage.columns.window + j && first; ++tap) {
        const int32_t r = WindowElement(stage.rows, at_row, tap / stage.columns.window);
        const int32_t c = WindowElement(stage.columns, at_column, tap % stage.columns.window);
        first = r < 0 || c < 0 ||
                x[from + (static_cast<int64_t>(r) * stage.columns.in + c) * stage.inner + channel] != y[at];
      }
      if (first) sum += g[at];
    }
  }
  return sum;
}

}  // namespace engine::device
