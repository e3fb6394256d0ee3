#include "engine/math/losses.hpp"

#include <cmath>
#include <limits>

#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/row_sums.hpp"

namespace engine::math {

namespace {

template <typename T>
CEREBRO_INLINE void Regularize(const T* __restrict w, int64_t n, T l1, T l2, T* __restrict g) {
  for (int64_t i = 0; i < n; i++) {
    const T sign = w[i] > 0 ? T(1) : (w[i] < 0 ? T(-1) : T(0));
    g[i] += l1 * sign + l2 * w[i];
  }
}

template <typename T>
CEREBRO_INLINE double SumRegularizer(const T* __restrict w, int64_t n, double l1, double l2) {
  constexpr int kWide = 16;
  double magnitudes[kWide] = {}, squares[kWide] = {};
  for (int64_t first = 0; first < n; first += kWide) {
    const int64_t count = n - first < kWide ? n - first : kWide;
    for (int64_t j = 0; j < count; j++) {
      const double x = static_cast<double>(w[first + j]);
      magnitudes[j] += x < 0 ? -x : x;
      squares[j] += x * x;
    }
  }
  double sum = 0;
  for (int j = 0; j < kWide; j++) sum += (l1 != 0 ? l1 * magnitudes[j] : 0.0) + (l2 != 0 ? l2 * squares[j] : 0.0);
  return sum;
}

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
CEREBRO_INLINE void Binary(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                           T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - smoothing, half = smoothing / 2, mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = z + i * classes;
    const T* y = target + i * classes;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T label = y[j] * keep + half;
      sum += (row[j] < 0 ? T(0) : row[j]) - row[j] * label + std::log1p(Exp(row[j] < 0 ? row[j] : -row[j]));
    }
    losses[i] = sum * mean;
    const T factor = factors[i] * mean;
    for (int64_t j = 0; j < classes; j++) row[j] = (Sigmoid(row[j]) - (y[j] * keep + half)) * factor;
  }
}

template <typename T>
CEREBRO_INLINE void Squared(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes, T* __restrict p,
                            T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      row[j] -= y[j];
      sum += row[j] * row[j];
    }
    losses[i] = sum * mean;
    const T factor = 2 * (factors[i] * mean);
    for (int64_t j = 0; j < classes; j++) row[j] *= factor;
  }
}

template <typename T>
CEREBRO_INLINE void Absolute(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes, T* __restrict p,
                             T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T e = row[j] - y[j];
      sum += e < 0 ? -e : e;
      row[j] = e > 0 ? factor : (e < 0 ? -factor : T(0));
    }
    losses[i] = sum * mean;
  }
}

template <typename T>
CEREBRO_INLINE void Huber(T delta, const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                          T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T e = row[j] - y[j];
      const T size = e < 0 ? -e : e;
      sum += size <= delta ? e * e * T(0.5) : size * delta - delta * delta / 2;
      row[j] = factor * (size <= delta ? e : (e < 0 ? -delta : delta));
    }
    losses[i] = sum * mean;
  }
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                            \
  CEREBRO_CLONES void AddRegularizer(const T* w, int64_t n, T l1, T l2_twice, T* gradient) { Regularize(w, n, l1, l2_twice, gradient); } \
  CEREBRO_CLONES double RegularizerSum(const T* w, int64_t n, double l1, double l2) { return SumRegularizer(w, n, l1, l2); }             \
  CEREBRO_CLONES void CategoricalLoss(T smoothing, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {   \
    Categorical(smoothing, y, f, positions, classes, values, losses);                                                                    \
  }                                                                                                                                      \
  CEREBRO_CLONES void SparseCategoricalLoss(const int64_t* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {    \
    SparseCategorical(y, f, positions, classes, values, losses);                                                                         \
  }                                                                                                                                      \
  CEREBRO_CLONES void BinaryLoss(T smoothing, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {        \
    Binary(smoothing, y, f, positions, classes, values, losses);                                                                         \
  }                                                                                                                                      \
  CEREBRO_CLONES void SquaredLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {                    \
    Squared(y, f, positions, classes, values, losses);                                                                                   \
  }                                                                                                                                      \
  CEREBRO_CLONES void AbsoluteLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {                   \
    Absolute(y, f, positions, classes, values, losses);                                                                                  \
  }                                                                                                                                      \
  CEREBRO_CLONES void HuberLoss(T delta, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {             \
    Huber(delta, y, f, positions, classes, values, losses);                                                                              \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
