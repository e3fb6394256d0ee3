// Cross-entropies of logits.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/math/losses.hpp"
#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/log.hpp"
#include "engine/math/simd/row_sums.hpp"

namespace engine::math::crossentropy {

// With z' = z - max(z), s = sum e^z': loss = sum y (log s - z'), gradient = e^z' / s * sum y - y.
template <typename T>
CEREBRO_INLINE void Categorical(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t positions,
                                int64_t classes, T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - smoothing, even = smoothing / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T* y = target + i * classes;
    const T max = RowMax(row, classes);
    T product = 0;
    for (int64_t j = 0; j < classes; j++) {
      row[j] -= max;
      product += (y[j] * keep + even) * row[j];
    }
    losses[i] = product;
  }
  for (int64_t i = 0; i < positions * classes; i++) z[i] = Exp(z[i]);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T* y = target + i * classes;
    const T sum = RowSum(row, classes);
    const T mass = RowSum(y, classes) * keep + even * static_cast<T>(classes);
    losses[i] = mass * std::log(sum) - losses[i];
    const T share = mass / sum, factor = factors[i];
    for (int64_t j = 0; j < classes; j++) row[j] = (row[j] * share - (y[j] * keep + even)) * factor;
  }
}

template <typename T>
CEREBRO_INLINE void SparseCategorical(const int64_t* __restrict target, const T* __restrict factors, int64_t positions,
                                      int64_t classes, T* __restrict z, T* __restrict losses) {
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T max = RowMax(row, classes);
    for (int64_t j = 0; j < classes; j++) row[j] -= max;
    const bool inside = target[i] >= 0 && target[i] < classes;
    losses[i] = inside ? row[target[i]] : std::numeric_limits<T>::quiet_NaN();
  }
  for (int64_t i = 0; i < positions * classes; i++) z[i] = Exp(z[i]);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T sum = RowSum(row, classes);
    losses[i] = std::log(sum) - losses[i];
    const T factor = factors[i], share = factor / sum;
    for (int64_t j = 0; j < classes; j++) row[j] *= share;
    if (target[i] >= 0 && target[i] < classes) row[target[i]] -= factor;
  }
}

template <typename T>
CEREBRO_INLINE T BinaryOf(T logit, T label) {
  return (logit < 0 ? T(0) : logit) - logit * label + Log1p(Exp(logit < 0 ? logit : -logit));
}

template <typename T>
CEREBRO_INLINE void Binary(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t positions,
                           int64_t classes, T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - smoothing, half = smoothing / 2, mean = T(1) / static_cast<T>(classes);
  if (classes == 1) {  // one loop over all rows
    for (int64_t i = 0; i < positions; i++) losses[i] = BinaryOf(z[i], target[i] * keep + half);
    for (int64_t i = 0; i < positions; i++) z[i] = (Sigmoid(z[i]) - (target[i] * keep + half)) * factors[i];
    return;
  }
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T* y = target + i * classes;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) sum += BinaryOf(row[j], y[j] * keep + half);
    losses[i] = sum * mean;
    const T factor = factors[i] * mean;
    for (int64_t j = 0; j < classes; j++) row[j] = (Sigmoid(row[j]) - (y[j] * keep + half)) * factor;
  }
}

}  // namespace engine::math::crossentropy
