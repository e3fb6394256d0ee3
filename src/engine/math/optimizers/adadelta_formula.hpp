// keras.optimizers.Adadelta (Keras 2.15). With a = accumulated_grad and d = accumulated_delta_var:
//   a = rho a + (1 - rho) g^2,  move = sqrt(d + epsilon) g / sqrt(a + epsilon),  d = rho d + (1 - rho) move^2
//   w -= rate move
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math::adadelta {

enum { kRate, kRho, kOneMinusRho, kEpsilon };

template <typename T>
CEREBRO_INLINE void Adadelta(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accumulated_grad,
                             T* __restrict accumulated_delta, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T a = k[kRho] * accumulated_grad[i] + k[kOneMinusRho] * (g[i] * g[i]);
    const T move = std::sqrt(accumulated_delta[i] + k[kEpsilon]) * g[i] / std::sqrt(a + k[kEpsilon]);
    accumulated_grad[i] = a;
    accumulated_delta[i] = k[kRho] * accumulated_delta[i] + k[kOneMinusRho] * (move * move);
    w[i] -= k[kRate] * move;
  }
}

}  // namespace engine::math::adadelta
