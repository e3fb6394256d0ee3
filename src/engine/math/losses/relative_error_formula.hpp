// Losses of regression for counts and quantities of any size.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/losses.hpp"
#include "engine/math/losses/elements.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/log.hpp"

namespace engine::math::relative_error {

constexpr double kEpsilon = 1e-7;  // keras.backend.epsilon()

// log cosh e = |e| + log(1 + exp(-2 |e|)) - log 2
struct LogCosh {
  template <typename T>
  static CEREBRO_INLINE T Loss(T p, T y, T* slope) {
    const T e = p - y, size = e < 0 ? -e : e;
    *slope = Tanh(e);
    return size + Log1p(Exp(-2 * size)) - static_cast<T>(M_LN2);
  }
};

struct Poisson {
  template <typename T>
  static CEREBRO_INLINE T Loss(T p, T y, T* slope) {
    const T mean = p + static_cast<T>(kEpsilon);
    *slope = 1 - y / mean;
    return p - y * Log(mean);
  }
};

struct Percentage {
  template <typename T>
  static CEREBRO_INLINE T Loss(T p, T y, T* slope) {
    const T size = y < 0 ? -y : y;
    const T unit = 100 / (size < static_cast<T>(kEpsilon) ? static_cast<T>(kEpsilon) : size);
    const T e = p - y;
    *slope = e > 0 ? unit : (e < 0 ? -unit : T(0));
    return (e < 0 ? -e : e) * unit;
  }
};

struct Logarithmic {
  template <typename T>
  static CEREBRO_INLINE T Loss(T p, T y, T* slope) {
    const T epsilon = static_cast<T>(kEpsilon);
    const T a = (p < epsilon ? epsilon : p) + 1, b = (y < epsilon ? epsilon : y) + 1;
    const T e = Log(a) - Log(b);
    *slope = p < epsilon ? T(0) : 2 * e / a;
    return e * e;
  }
};

constexpr double kLeastSquare = 1e-12;  // tf.math.l2_normalize's epsilon

// With u = p / |p| and v = y / |y|: loss = -u . v, whose gradient is (u (u . v) - v) / |p|. Squares of lengths count as
// kLeastSquare at least; the length of a shorter p is no function of p.
template <typename T>
CEREBRO_INLINE void Cosine(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                           T* __restrict p, T* __restrict losses) {
  const T least = static_cast<T>(kLeastSquare);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    T of_p = 0, of_y = 0, product = 0;
    for (int64_t j = 0; j < classes; j++) {
      of_p += row[j] * row[j];
      of_y += y[j] * y[j];
      product += row[j] * y[j];
    }
    const T inverse_p = 1 / std::sqrt(of_p < least ? least : of_p),
            inverse_y = 1 / std::sqrt(of_y < least ? least : of_y);
    const T cosine = product * inverse_p * inverse_y;
    losses[i] = -cosine;
    const T along = of_p < least ? T(0) : cosine * inverse_p, factor = factors[i] * inverse_p;
    for (int64_t j = 0; j < classes; j++) row[j] = (row[j] * along - y[j] * inverse_y) * factor;
  }
}

}  // namespace engine::math::relative_error
