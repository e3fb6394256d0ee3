// keras.optimizers.Adamax (Keras 2.15). At step t = 1, 2, ...
//   m = beta_1 m + (1 - beta_1) g,  u = max(beta_2 u, |g|),  w -= rate / (1 - beta_1^t) m / (u + epsilon)
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::adamax {

// rate: with the bias correction
enum { kRate, kOneMinusFirst, kSecond, kEpsilon };

template <typename T>
CEREBRO_INLINE void Adamax(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict u,
                           int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T mi = m[i] + (g[i] - m[i]) * k[kOneMinusFirst];
    const T size = g[i] < 0 ? -g[i] : g[i], faded = k[kSecond] * u[i];
    const T ui = size <= faded ? faded : size;  // a NaN goes on
    m[i] = mi;
    u[i] = ui;
    w[i] -= mi * k[kRate] / (ui + k[kEpsilon]);
  }
}

}  // namespace engine::math::adamax
