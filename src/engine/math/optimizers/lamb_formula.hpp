// keras.optimizers.Lamb (Keras 3); optimizers/lamb.cpp has its two passes.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::lamb {

// first, second: 1 / (1 - beta^t)
enum { kRate, kOneMinusFirst, kOneMinusSecond, kFirst, kSecond, kEpsilon };

template <typename T>
CEREBRO_INLINE T Direction(const Coefficients<T>& k, T m, T v) {
  return m * k[kFirst] / (std::sqrt(v * k[kSecond]) + k[kEpsilon]);
}

}  // namespace engine::math::lamb
