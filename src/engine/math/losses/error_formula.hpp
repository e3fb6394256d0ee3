// Losses of regression.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cstdint>

#include "engine/math/losses.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::error {

template <typename T>
CEREBRO_INLINE void Squared(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                            T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      row[j] -= y[j];
      sum += row[j] * row[j];
    }
    losses[i] = sum * mean;
    const T factor = 2 * (factors[i] * mean);
    for (int64_t j = 0; j < classes; j++) row[j] *= factor;
  }
}

template <typename T>
CEREBRO_INLINE void Absolute(const T* __restrict target, const T* __restrict factors, int64_t positions,
                             int64_t classes, T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T e = row[j] - y[j];
      sum += e < 0 ? -e : e;
      row[j] = e > 0 ? factor : (e < 0 ? -factor : T(0));
    }
    losses[i] = sum * mean;
  }
}

template <typename T>
CEREBRO_INLINE void Huber(T delta, const T* __restrict target, const T* __restrict factors, int64_t positions,
                          int64_t classes, T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T e = row[j] - y[j];
      const T size = e < 0 ? -e : e;
      sum += size <= delta ? e * e * T(0.5) : size * delta - delta * delta / 2;
      row[j] = factor * (size <= delta ? e : (e < 0 ? -delta : delta));
    }
    losses[i] = sum * mean;
  }
}

}  // namespace engine::math::error
