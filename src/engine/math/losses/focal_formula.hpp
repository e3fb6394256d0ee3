// Focal cross-entropies (Lin et al., 2017) of logits: a row counts the less the better it is predicted.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/losses.hpp"
#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/log.hpp"
#include "engine/math/simd/row_sums.hpp"

namespace engine::math::focal {

constexpr double kEpsilon = 1e-7;  // keras.backend.epsilon()

/// x^gamma and its derivative, for x from 0 to 1.
template <typename T>
CEREBRO_INLINE T Power(T x, T gamma, T* slope) {
  if (gamma == 0) {
    *slope = 0;
    return 1;
  }
  if (gamma == 2) {
    *slope = 2 * x;
    return x * x;
  }
  if (x < 0) x = 0;  // by rounding
  const T log = Log(x);
  *slope = gamma == 1 ? T(1) : (x > 0 ? gamma * Exp((gamma - 1) * log) : T(0));  // at 0 a root has none
  return Exp(gamma * log);
}

// weight (1 - p_t)^gamma bce, with p = sigmoid(z), p_t = y p + (1 - y) (1 - p) and bce = max(z, 0) - z y + log(1 +
// exp(-|z|)); weight is 1, or y alpha + (1 - y) (1 - alpha).
template <typename T>
CEREBRO_INLINE void Binary(const FocalNumbers<T>& k, const T* __restrict target, const T* __restrict factors,
                           int64_t positions, int64_t classes, T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - k.smoothing, half = k.smoothing / 2, mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T label = y[j] * keep + half, logit = row[j], p = Sigmoid(logit);
      const T weight = k.balanced ? label * k.alpha + (1 - label) * (1 - k.alpha) : T(1);
      const T loss = (logit < 0 ? T(0) : logit) - logit * label + Log1p(Exp(logit < 0 ? logit : -logit));
      T slope;
      const T focus = Power(1 - (label * p + (1 - label) * (1 - p)), k.gamma, &slope);
      sum += weight * focus * loss;
      // d p_t / d z = (2 y - 1) p (1 - p), d bce / d z = p - y
      row[j] = weight * (focus * (p - label) - slope * (2 * label - 1) * p * (1 - p) * loss) * factor;
    }
    losses[i] = sum * mean;
  }
}

// -alpha sum y (1 - q)^gamma log q with q = clip(softmax(z), eps, 1 - eps): what is clipped has no slope.
template <typename T>
CEREBRO_INLINE void Categorical(const FocalNumbers<T>& k, const T* __restrict target, const T* __restrict factors,
                                int64_t positions, int64_t classes, T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - k.smoothing, even = k.smoothing / static_cast<T>(classes);
  const T low = static_cast<T>(kEpsilon), high = static_cast<T>(1 - kEpsilon);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T max = RowMax(row, classes);
    for (int64_t j = 0; j < classes; j++) row[j] -= max;
  }
  for (int64_t i = 0; i < positions * classes; i++) z[i] = Exp(z[i]);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T* y = target + i * classes;
    const T share = 1 / RowSum(row, classes);
    // with respect to q_j: g_j; with respect to z_j: q_j (g_j - sum g q)
    T loss = 0, mean_slope = 0;
    const auto slope_of = [&](T p, T label, T* value) {
      const T q = p < low ? low : (p > high ? high : p);
      const T log = Log(q);
      T slope;
      const T focus = Power(1 - q, k.gamma, &slope);
      *value = -k.alpha * label * focus * log;
      return p < low || p > high ? T(0) : k.alpha * label * (slope * log - focus / q);
    };
    for (int64_t j = 0; j < classes; j++) {
      T value;
      row[j] *= share;
      mean_slope += slope_of(row[j], y[j] * keep + even, &value) * row[j];
      loss += value;
    }
    losses[i] = loss;
    for (int64_t j = 0; j < classes; j++) {
      T value;
      row[j] *= (slope_of(row[j], y[j] * keep + even, &value) - mean_slope) * factors[i];
    }
  }
}

}  // namespace engine::math::focal
