// TensorFlow's ApplyAdagradV2.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::adagrad {

enum { kRate, kEpsilon };

template <typename T>
CEREBRO_INLINE void Adagrad(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accumulator,
                            int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T a = accumulator[i] + g[i] * g[i];
    accumulator[i] = a;
    w[i] -= g[i] * k[kRate] / (std::sqrt(a) + k[kEpsilon]);
  }
}

}  // namespace engine::math::adagrad
