// TensorFlow's ResourceApplyGradientDescent and ResourceApplyKerasMomentum.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::sgd {

enum { kRate, kMomentum };

template <typename T>
CEREBRO_INLINE void Sgd(Coefficients<T> k, T* __restrict w, const T* __restrict g, int64_t n) {
  for (int64_t i = 0; i < n; i++) w[i] -= k[kRate] * g[i];
}

template <typename T, bool kNesterov>
CEREBRO_INLINE void Momentum(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accum,
                             int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T move = k[kRate] * g[i];
    const T a = accum[i] * k[kMomentum] - move;
    accum[i] = a;
    w[i] += kNesterov ? a * k[kMomentum] - move : a;
  }
}

}  // namespace engine::math::sgd
