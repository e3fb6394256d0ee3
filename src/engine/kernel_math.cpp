#include "engine/kernel_math.hpp"

#include <cmath>
#include <limits>

#include "engine/clones.hpp"
#include "engine/kernel_exp.hpp"

namespace engine {

namespace {

constexpr int kLanes = 8;

/// Sum in an order that depends on n only: eight running sums (element i goes to sum i mod 8), added pairwise at the end; a short row
/// (classes) one by one.
template <typename T>
CEREBRO_INLINE T RowSum(const T* values, int64_t n) {
  T sum = 0;
  if (n < 2 * kLanes) {
    for (int64_t i = 0; i < n; i++) sum += values[i];
    return sum;
  }
  T lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; j++) lanes[j] += values[i + j];
  }
  for (int j = 0; i < n; i++, j++) lanes[j] += values[i];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  return lanes[0];
}

template <typename T>
CEREBRO_INLINE T RowMax(const T* values, int64_t n) {
  T max = values[0];
  for (int64_t i = 1; i < n; i++) max = values[i] > max ? values[i] : max;
  return max;
}

/// e^(x - max of the row), a whole matrix.
template <typename T>
CEREBRO_INLINE void ShiftedExp(int64_t rows, int64_t columns, T* __restrict y) {
  for (int64_t i = 0; i < rows; i++) {
    T* row = y + i * columns;
    const T max = RowMax(row, columns);
    for (int64_t j = 0; j < columns; j++) row[j] -= max;
  }
  for (int64_t i = 0; i < rows * columns; i++) y[i] = Exp(y[i]);
}

template <typename T>
CEREBRO_INLINE void AddBias(const T* __restrict bias, int64_t rows, int64_t columns, T* __restrict y) {
  for (int64_t i = 0; i < rows; i++) {
    T* __restrict row = y + i * columns;
    for (int64_t j = 0; j < columns; j++) row[j] += bias[j];
  }
}

template <typename T>
CEREBRO_INLINE void AddBiasReLU(const T* __restrict bias, int64_t rows, int64_t columns, T* __restrict y) {
  for (int64_t i = 0; i < rows; i++) {
    T* __restrict row = y + i * columns;
    for (int64_t j = 0; j < columns; j++) {
      const T x = row[j] + bias[j];
      row[j] = x < 0 ? T(0) : x;  // a NaN goes on
    }
  }
}

template <typename T>
CEREBRO_INLINE void Activate(KernelActivation activation, const T* bias, int64_t rows, int64_t columns, T* __restrict y) {
  const int64_t n = rows * columns;
  if (activation == KernelActivation::kReLU && bias != nullptr) return AddBiasReLU(bias, rows, columns, y);
  if (bias != nullptr) AddBias(bias, rows, columns, y);
  switch (activation) {
    case KernelActivation::kLinear:
      break;
    case KernelActivation::kReLU:
      for (int64_t i = 0; i < n; i++) y[i] = y[i] < 0 ? T(0) : y[i];
      break;
    case KernelActivation::kSigmoid:
      for (int64_t i = 0; i < n; i++) y[i] = Sigmoid(y[i]);
      break;
    case KernelActivation::kTanh:
      for (int64_t i = 0; i < n; i++) y[i] = Tanh(y[i]);
      break;
    case KernelActivation::kSoftmax:
      ShiftedExp(rows, columns, y);
      for (int64_t i = 0; i < rows; i++) {
        T* row = y + i * columns;
        const T sum = RowSum(row, columns);
        for (int64_t j = 0; j < columns; j++) row[j] /= sum;
      }
      break;
  }
}

template <typename T>
CEREBRO_INLINE void Gradient(KernelActivation activation, const T* __restrict y, int64_t rows, int64_t columns, T* __restrict g) {
  const int64_t n = rows * columns;
  switch (activation) {
    case KernelActivation::kLinear:
      break;
    case KernelActivation::kReLU:
      for (int64_t i = 0; i < n; i++) g[i] = y[i] <= 0 ? T(0) : g[i];
      break;
    case KernelActivation::kSigmoid:
      for (int64_t i = 0; i < n; i++) g[i] = g[i] * (T(1) - y[i]) * y[i];
      break;
    case KernelActivation::kTanh:
      for (int64_t i = 0; i < n; i++) g[i] = g[i] * (T(1) - y[i] * y[i]);
      break;
    case KernelActivation::kSoftmax:
      for (int64_t i = 0; i < rows; i++) {
        const T* q = y + i * columns;
        T* row = g + i * columns;
        for (int64_t j = 0; j < columns; j++) row[j] *= q[j];
        const T sum = RowSum(row, columns);
        for (int64_t j = 0; j < columns; j++) row[j] -= q[j] * sum;
      }
      break;
  }
}

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
CEREBRO_INLINE void Categorical(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t places, int64_t classes,
                                T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - smoothing, even = smoothing / static_cast<T>(classes);
  for (int64_t i = 0; i < places; i++) {
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
  for (int64_t i = 0; i < places * classes; i++) z[i] = Exp(z[i]);
  for (int64_t i = 0; i < places; i++) {
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
CEREBRO_INLINE void SparseCategorical(const int64_t* __restrict target, const T* __restrict factors, int64_t places, int64_t classes,
                                      T* __restrict z, T* __restrict losses) {
  for (int64_t i = 0; i < places; i++) {
    T* row = z + i * classes;
    const T max = RowMax(row, classes);
    for (int64_t j = 0; j < classes; j++) row[j] -= max;
    const bool inside = target[i] >= 0 && target[i] < classes;
    losses[i] = inside ? row[target[i]] : std::numeric_limits<T>::quiet_NaN();
  }
  for (int64_t i = 0; i < places * classes; i++) z[i] = Exp(z[i]);
  for (int64_t i = 0; i < places; i++) {
    T* row = z + i * classes;
    const T sum = RowSum(row, classes);
    losses[i] = std::log(sum) - losses[i];
    const T factor = factors[i], share = factor / sum;
    for (int64_t j = 0; j < classes; j++) row[j] *= share;
    if (target[i] >= 0 && target[i] < classes) row[target[i]] -= factor;
  }
}

template <typename T>
CEREBRO_INLINE void Binary(T smoothing, const T* __restrict target, const T* __restrict factors, int64_t places, int64_t classes,
                           T* __restrict z, T* __restrict losses) {
  const T keep = T(1) - smoothing, half = smoothing / 2, mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < places; i++) {
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
CEREBRO_INLINE void Squared(const T* __restrict target, const T* __restrict factors, int64_t places, int64_t classes, T* __restrict p,
                            T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < places; i++) {
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
CEREBRO_INLINE void Absolute(const T* __restrict target, const T* __restrict factors, int64_t places, int64_t classes, T* __restrict p,
                             T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < places; i++) {
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
CEREBRO_INLINE void Huber(T delta, const T* __restrict target, const T* __restrict factors, int64_t places, int64_t classes,
                          T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < places; i++) {
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
  CEREBRO_CLONES void BiasActivation(KernelActivation activation, const T* bias, int64_t rows, int64_t columns, T* y) {                  \
    Activate(activation, bias, rows, columns, y);                                                                                        \
  }                                                                                                                                      \
  CEREBRO_CLONES void ActivationGradient(KernelActivation activation, const T* y, int64_t rows, int64_t columns, T* gradient) {          \
    Gradient(activation, y, rows, columns, gradient);                                                                                    \
  }                                                                                                                                      \
  CEREBRO_CLONES void Multiply(const T* a, const T* b, int64_t n, T* out) {                                                              \
    for (int64_t i = 0; i < n; i++) out[i] = a[i] * b[i];                                                                                \
  }                                                                                                                                      \
  CEREBRO_CLONES void AddRegularizer(const T* w, int64_t n, T l1, T l2_twice, T* gradient) { Regularize(w, n, l1, l2_twice, gradient); } \
  CEREBRO_CLONES double RegularizerSum(const T* w, int64_t n, double l1, double l2) { return SumRegularizer(w, n, l1, l2); }             \
  CEREBRO_CLONES void Exponentials(int64_t n, T* x) {                                                                                    \
    for (int64_t i = 0; i < n; i++) x[i] = Exp(x[i]);                                                                                    \
  }                                                                                                                                      \
  CEREBRO_CLONES void Tangents(int64_t n, T* x) {                                                                                        \
    for (int64_t i = 0; i < n; i++) x[i] = Tanh(x[i]);                                                                                   \
  }                                                                                                                                      \
  CEREBRO_CLONES void CategoricalLoss(T smoothing, const T* y, const T* f, int64_t places, int64_t classes, T* values, T* losses) {      \
    Categorical(smoothing, y, f, places, classes, values, losses);                                                                       \
  }                                                                                                                                      \
  CEREBRO_CLONES void SparseCategoricalLoss(const int64_t* y, const T* f, int64_t places, int64_t classes, T* values, T* losses) {       \
    SparseCategorical(y, f, places, classes, values, losses);                                                                            \
  }                                                                                                                                      \
  CEREBRO_CLONES void BinaryLoss(T smoothing, const T* y, const T* f, int64_t places, int64_t classes, T* values, T* losses) {           \
    Binary(smoothing, y, f, places, classes, values, losses);                                                                            \
  }                                                                                                                                      \
  CEREBRO_CLONES void SquaredLoss(const T* y, const T* f, int64_t places, int64_t classes, T* values, T* losses) {                       \
    Squared(y, f, places, classes, values, losses);                                                                                      \
  }                                                                                                                                      \
  CEREBRO_CLONES void AbsoluteLoss(const T* y, const T* f, int64_t places, int64_t classes, T* values, T* losses) {                      \
    Absolute(y, f, places, classes, values, losses);                                                                                     \
  }                                                                                                                                      \
  CEREBRO_CLONES void HuberLoss(T delta, const T* y, const T* f, int64_t places, int64_t classes, T* values, T* losses) {                \
    Huber(delta, y, f, places, classes, values, losses);                                                                                 \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine
