// keras.optimizers.optimizer_v2.nadam (tf.keras 2.10).
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::nadam {

// of_g and of_m: the parts of the gradient and of m in a move; scale: 1 / (1 - beta_2^t)
enum { kRate, kOneMinusFirst, kOneMinusSecond, kEpsilon, kOfG, kOfM, kScale };

template <typename T>
CEREBRO_INLINE void Nadam(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict v,
                          int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T mi = m[i] + (g[i] - m[i]) * k[kOneMinusFirst];
    const T vi = v[i] + (g[i] * g[i] - v[i]) * k[kOneMinusSecond];
    m[i] = mi;
    v[i] = vi;
    w[i] -= (g[i] * k[kOfG] + mi * k[kOfM]) * k[kRate] / (std::sqrt(vi * k[kScale]) + k[kEpsilon]);
  }
}

}  // namespace engine::math::nadam
