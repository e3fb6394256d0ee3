// keras.optimizers.Ftrl (Keras 2.15). With a = accumulator, z = linear, p = -learning_rate_power:
//   a' = a + g^2
//   z += g + 2 l2_shrinkage w - (a'^p - a^p) / rate w
//   w = (clip(z, -l1, l1) - z) / (a'^p / rate + 2 (l2 + beta / (2 rate)))
// A rate of 0, as the end of a schedule may have it, moves nothing; Keras divides by it.
// Without any gradient yet and an accumulator that begins at 0, a weight is 0; Keras divides 0 by 0.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/log.hpp"

namespace engine::math::ftrl {

// twice: 2 l2_shrinkage; l1; l2: 2 l2 + beta / rate; power: p
enum { kRate, kTwice, kL1, kL2, kPower };

/// a^power, for a >= 0.
template <typename T, bool kRoot>
CEREBRO_INLINE T Power(T a, T power) {
  if (kRoot) return std::sqrt(a);
  return power == 0 ? T(1) : Exp(power * Log(a));
}

template <typename T, bool kRoot>
CEREBRO_INLINE void Ftrl(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accumulator,
                         T* __restrict linear, int64_t n) {
  if (k[kRate] == 0) return;
  for (int64_t i = 0; i < n; i++) {
    const T a = accumulator[i] + g[i] * g[i];
    const T power = Power<T, kRoot>(a, k[kPower]);
    const T z =
        linear[i] + (g[i] + k[kTwice] * w[i] - (power - Power<T, kRoot>(accumulator[i], k[kPower])) / k[kRate] * w[i]);
    const T low = z < -k[kL1] ? -k[kL1] : z;
    accumulator[i] = a;
    linear[i] = z;
    const T curve = power / k[kRate] + k[kL2];
    w[i] = curve == 0 ? T(0) : ((low > k[kL1] ? k[kL1] : low) - z) / curve;
  }
}

}  // namespace engine::math::ftrl
