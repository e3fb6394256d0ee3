// TensorFlow's ApplyAdam and ApplyAdamWithAmsgrad. AdamW is the same with a weight decay, which is not the rule's.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::adam {

// rate: with the bias correction
enum { kRate, kOneMinusFirst, kOneMinusSecond, kEpsilon };

template <typename T>
CEREBRO_INLINE void Adam(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict v,
                         int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T mi = m[i] + (g[i] - m[i]) * k[kOneMinusFirst];
    const T vi = v[i] + (g[i] * g[i] - v[i]) * k[kOneMinusSecond];
    m[i] = mi;
    v[i] = vi;
    w[i] -= mi * k[kRate] / (std::sqrt(vi) + k[kEpsilon]);
  }
}

template <typename T>
CEREBRO_INLINE void AdamAmsgrad(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m,
                                T* __restrict v, T* __restrict vhat, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T mi = m[i] + (g[i] - m[i]) * k[kOneMinusFirst];
    const T vi = v[i] + (g[i] * g[i] - v[i]) * k[kOneMinusSecond];
    const T hi = vi <= vhat[i] ? vhat[i] : vi;  // a NaN goes on
    m[i] = mi;
    v[i] = vi;
    vhat[i] = hi;
    w[i] -= mi * k[kRate] / (std::sqrt(hi) + k[kEpsilon]);
  }
}

}  // namespace engine::math::adam
