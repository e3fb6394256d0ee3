// Cross-entropies of logits.
#include <cmath>
#include <limits>

#include "engine/math/losses/kernel.hpp"
#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/log.hpp"
#include "engine/math/simd/row_sums.hpp"

namespace engine::math {

namespace {

// With z' = z - max(z), s = sum e^z': loss = sum y (log s - z'), gradient = e^z' / s * sum y - y.
template <typename T>
CEREBRO_INLINE void Categorical(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                                T* __restrict z, T* __restrict losses) {
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
CEREBRO_INLINE void SparseCategorical(const int64_t* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                                      T* __restrict z, T* __restrict losses) {
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
CEREBRO_INLINE void Binary(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                           T* __restrict z, T* __restrict losses) {
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

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                          \
  CEREBRO_CLONES void CategoricalLoss(T smoothing, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) { \
    Categorical(smoothing, y, f, positions, classes, values, losses);                                                                  \
  }                                                                                                                                    \
  CEREBRO_CLONES void SparseCategoricalLoss(const int64_t* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {  \
    SparseCategorical(y, f, positions, classes, values, losses);                                                                       \
  }                                                                                                                                    \
  CEREBRO_CLONES void BinaryLoss(T smoothing, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {      \
    Binary(smoothing, y, f, positions, classes, values, losses);                                                                       \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void CategoricalCrossentropyKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f,
                                   int64_t positions, int64_t classes, T* values, T* losses) {
  CategoricalLoss(static_cast<T>(config.label_smoothing), y, f, positions, classes, values, losses);
}

template <typename T>
void SparseCategoricalCrossentropyKernel(const base::LossConfig&, const T* /*y*/, const int64_t* index, const T* f,
                                         int64_t positions, int64_t classes, T* values, T* losses) {
  SparseCategoricalLoss(index, f, positions, classes, values, losses);
}

template <typename T>
void BinaryCrossentropyKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f,
                              int64_t positions, int64_t classes, T* values, T* losses) {
  BinaryLoss(static_cast<T>(config.label_smoothing), y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(CategoricalCrossentropy)
CEREBRO_LOSS_KERNEL(SparseCategoricalCrossentropy)
CEREBRO_LOSS_KERNEL(BinaryCrossentropy)

}  // namespace engine::math
