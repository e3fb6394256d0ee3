// Reductions of the row of a matrix, for the loops that are compiled in clones.
#pragma once

#include <cstdint>

#include "engine/math/simd/clones.hpp"

namespace engine::math {

constexpr int kRowSumLanes = 8;

/// Sum in an order that depends on n only: eight running sums (element i goes to sum i mod 8), added pairwise at the end; a short row
/// (classes) one by one.
template <typename T>
CEREBRO_INLINE T RowSum(const T* values, int64_t n) {
  T sum = 0;
  if (n < 2 * kRowSumLanes) {
    for (int64_t i = 0; i < n; i++) sum += values[i];
    return sum;
  }
  T lanes[kRowSumLanes] = {};
  int64_t i = 0;
  for (; i + kRowSumLanes <= n; i += kRowSumLanes) {
    for (int j = 0; j < kRowSumLanes; j++) lanes[j] += values[i + j];
  }
  for (int j = 0; i < n; i++, j++) lanes[j] += values[i];
  for (int width = kRowSumLanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  return lanes[0];
}

template <typename T>
CEREBRO_INLINE T RowMax(const T* values, int64_t n) {
  T max = values[0];
  for (int64_t i = 1; i < n; i++) max = values[i] > max ? values[i] : max;
  return max;
}

}  // namespace engine::math
