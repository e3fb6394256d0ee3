#include "engine/math/activations.hpp"

#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/row_sums.hpp"

namespace engine::math {

namespace {

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
CEREBRO_INLINE void Activate(FusedActivation activation, const T* bias, int64_t rows, int64_t columns, T* __restrict y) {
  const int64_t n = rows * columns;
  if (activation == FusedActivation::kReLU && bias != nullptr) return AddBiasReLU(bias, rows, columns, y);
  if (bias != nullptr) AddBias(bias, rows, columns, y);
  switch (activation) {
    case FusedActivation::kLinear:
      break;
    case FusedActivation::kReLU:
      for (int64_t i = 0; i < n; i++) y[i] = y[i] < 0 ? T(0) : y[i];
      break;
    case FusedActivation::kSigmoid:
      for (int64_t i = 0; i < n; i++) y[i] = Sigmoid(y[i]);
      break;
    case FusedActivation::kTanh:
      for (int64_t i = 0; i < n; i++) y[i] = Tanh(y[i]);
      break;
    case FusedActivation::kSoftmax:
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
CEREBRO_INLINE void Gradient(FusedActivation activation, const T* __restrict y, int64_t rows, int64_t columns, T* __restrict g) {
  const int64_t n = rows * columns;
  switch (activation) {
    case FusedActivation::kLinear:
      break;
    case FusedActivation::kReLU:
      for (int64_t i = 0; i < n; i++) g[i] = y[i] <= 0 ? T(0) : g[i];
      break;
    case FusedActivation::kSigmoid:
      for (int64_t i = 0; i < n; i++) g[i] = g[i] * (T(1) - y[i]) * y[i];
      break;
    case FusedActivation::kTanh:
      for (int64_t i = 0; i < n; i++) g[i] = g[i] * (T(1) - y[i] * y[i]);
      break;
    case FusedActivation::kSoftmax:
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

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                  \
  CEREBRO_CLONES void BiasActivation(FusedActivation activation, const T* bias, int64_t rows, int64_t columns, T* y) {         \
    Activate(activation, bias, rows, columns, y);                                                                              \
  }                                                                                                                            \
  CEREBRO_CLONES void ActivationGradient(FusedActivation activation, const T* y, int64_t rows, int64_t columns, T* gradient) { \
    Gradient(activation, y, rows, columns, gradient);                                                                          \
  }                                                                                                                            \
  CEREBRO_CLONES void Exponentials(int64_t n, T* x) {                                                                          \
    for (int64_t i = 0; i < n; i++) x[i] = Exp(x[i]);                                                                          \
  }                                                                                                                            \
  CEREBRO_CLONES void Tangents(int64_t n, T* x) {                                                                              \
    for (int64_t i = 0; i < n; i++) x[i] = Tanh(x[i]);                                                                         \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
