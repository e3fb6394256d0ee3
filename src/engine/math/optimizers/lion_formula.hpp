// keras.optimizers.Lion (Keras 3): w -= rate sign(beta_1 m + (1 - beta_1) g),  m = beta_2 m + (1 - beta_2) g
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::lion {

enum { kRate, kFirst, kOneMinusFirst, kSecond, kOneMinusSecond };

template <typename T>
CEREBRO_INLINE void Lion(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T direction = m[i] * k[kFirst] + g[i] * k[kOneMinusFirst];
    const T sign = direction > 0 ? T(1) : (direction < 0 ? T(-1) : direction);  // a NaN goes on
    m[i] = m[i] * k[kSecond] + g[i] * k[kOneMinusSecond];
    w[i] -= k[kRate] * sign;
  }
}

}  // namespace engine::math::lion
