// TensorFlow's ApplyRMSProp and ApplyCenteredRMSProp; without momentum keras.optimizers.optimizer_v2.rmsprop.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::rmsprop {

enum { kRate, kMomentum, kRho, kOneMinusRho, kEpsilon };

template <typename T>
CEREBRO_INLINE void Rmsprop(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = k[kRho] * rms[i] + k[kOneMinusRho] * (g[i] * g[i]);
    rms[i] = r;
    w[i] -= k[kRate] * g[i] / (std::sqrt(r) + k[kEpsilon]);
  }
}

// The variance estimate rms - mg^2 is not negative but for rounding, where Keras would take the root of a negative
// number: 0 instead.
template <typename T>
CEREBRO_INLINE T Variance(T rms, T mg) {
  const T variance = rms - mg * mg;
  return variance < 0 ? T(0) : variance;
}

template <typename T>
CEREBRO_INLINE void RmspropCentered(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms,
                                    T* __restrict mg, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = k[kRho] * rms[i] + k[kOneMinusRho] * (g[i] * g[i]);
    const T a = k[kRho] * mg[i] + k[kOneMinusRho] * g[i];
    rms[i] = r;
    mg[i] = a;
    w[i] -= k[kRate] * g[i] / (std::sqrt(Variance(r, a)) + k[kEpsilon]);
  }
}

// With momentum, epsilon stands under the root.
template <typename T>
CEREBRO_INLINE void RmspropMomentum(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms,
                                    T* __restrict momentum, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = rms[i] + (g[i] * g[i] - rms[i]) * k[kOneMinusRho];
    const T a = momentum[i] * k[kMomentum] + g[i] * k[kRate] / std::sqrt(r + k[kEpsilon]);
    rms[i] = r;
    momentum[i] = a;
    w[i] -= a;
  }
}

template <typename T>
CEREBRO_INLINE void RmspropCenteredMomentum(Coefficients<T> k, T* __restrict w, const T* __restrict g,
                                            T* __restrict rms, T* __restrict momentum, T* __restrict mg, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = rms[i] + (g[i] * g[i] - rms[i]) * k[kOneMinusRho];
    const T a = mg[i] + (g[i] - mg[i]) * k[kOneMinusRho];
    const T b = momentum[i] * k[kMomentum] + g[i] * k[kRate] / std::sqrt(Variance(r, a) + k[kEpsilon]);
    rms[i] = r;
    mg[i] = a;
    momentum[i] = b;
    w[i] -= b;
  }
}

}  // namespace engine::math::rmsprop
