// Losses of margins. A maximum passes a NaN on.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cstdint>

#include "engine/math/losses.hpp"
#include "engine/math/losses/elements.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::hinge {

/// A target of 0 is a no like -1. Keras converts targets only where all of a mini-batch are 0 or 1.
template <typename T>
CEREBRO_INLINE T Sign(T y) {
  return y == 0 ? T(-1) : y;
}

struct Hinge {
  template <typename T>
  static CEREBRO_INLINE T Loss(T p, T y, T* slope) {
    const T sign = Sign(y), missing = 1 - sign * p;
    *slope = missing < 0 ? T(0) : -sign;
    return missing < 0 ? T(0) : missing;
  }
};

struct SquaredHinge {
  template <typename T>
  static CEREBRO_INLINE T Loss(T p, T y, T* slope) {
    const T sign = Sign(y), missing = 1 - sign * p, kept = missing < 0 ? T(0) : missing;
    *slope = -2 * kept * sign;
    return kept * kept;
  }
};

// max(0, 1 + max over j of (1 - y) p - sum y p). Elements that share the largest (1 - y) p share its slope.
template <typename T>
CEREBRO_INLINE void Categorical(const T* __restrict target, const T* __restrict factors, int64_t positions,
                                int64_t classes, T* __restrict p, T* __restrict losses) {
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    T right = 0, wrong = (1 - y[0]) * row[0];
    for (int64_t j = 0; j < classes; j++) {
      const T other = (1 - y[j]) * row[j];
      right += y[j] * row[j];
      wrong = other > wrong ? other : wrong;
    }
    T largest = 0;
    for (int64_t j = 0; j < classes; j++) largest += (1 - y[j]) * row[j] == wrong ? T(1) : T(0);
    const T missing = wrong - right + 1;
    losses[i] = missing < 0 ? T(0) : missing;
    const T factor = missing < 0 ? T(0) : factors[i], share = factor / largest;
    for (int64_t j = 0; j < classes; j++) {
      const T other = (1 - y[j]) * row[j];
      row[j] = (other == wrong ? (1 - y[j]) * share : T(0)) - y[j] * factor;
    }
  }
}

}  // namespace engine::math::hinge
