#include "engine/math/normalize.hpp"

#include <cmath>

#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

constexpr int64_t kBlockRows = 128;
constexpr int kColumns = 32;  // worked on together, in registers
constexpr int kLanes = 16;

// Sum over the rows of term(row, column) for kColumns columns or fewer, block by block.
template <typename T, typename Term>
CEREBRO_INLINE void SumRows(int64_t rows, int columns, T* sums, Term term) {
  T total[kColumns] = {};
  for (int64_t first = 0; first < rows; first += kBlockRows) {
    const int64_t last = first + kBlockRows < rows ? first + kBlockRows : rows;
    T block[kColumns] = {};
    for (int64_t i = first; i < last; i++) {
      for (int j = 0; j < columns; j++) block[j] += term(i, j);
    }
    for (int j = 0; j < columns; j++) total[j] += block[j];
  }
  for (int j = 0; j < columns; j++) sums[j] = total[j];
}

template <typename T, typename Term>
CEREBRO_INLINE void SumColumns(int64_t rows, int64_t columns, T* sums, Term term) {
  for (int64_t c = 0; c < columns; c += kColumns) {
    const int count = static_cast<int>(columns - c < kColumns ? columns - c : kColumns);
    const auto at = [&](int64_t i, int j) __attribute__((always_inline)) { return term(i, c + j); };
    if (count == kColumns) {
      SumRows<T>(rows, kColumns, sums + c, at);
    } else {
      SumRows<T>(rows, count, sums + c, at);
    }
  }
}

template <typename T>
CEREBRO_INLINE void Moments(const T* __restrict x, int64_t rows, int64_t columns, T* __restrict mean, T* __restrict variance) {
  const T count = static_cast<T>(rows);
  SumColumns<T>(
      rows, columns, mean, [&](int64_t i, int64_t j) __attribute__((always_inline)) { return x[i * columns + j]; });
  for (int64_t j = 0; j < columns; j++) mean[j] /= count;
  SumColumns<T>(
      rows, columns, variance, [&](int64_t i, int64_t j) __attribute__((always_inline)) {
        const T d = x[i * columns + j] - mean[j];
        return d * d;
      });
  for (int64_t j = 0; j < columns; j++) variance[j] /= count;
}

template <typename T>
CEREBRO_INLINE void Columns(const T* x, int64_t rows, int64_t columns, const T* __restrict mean, const T* __restrict scale,
                            const T* __restrict shift, T* y) {
  for (int64_t i = 0; i < rows; i++) {
    const T* from = x + i * columns;
    T* to = y + i * columns;
    if (shift == nullptr) {
      for (int64_t j = 0; j < columns; j++) to[j] = (from[j] - mean[j]) * scale[j];
    } else {
      for (int64_t j = 0; j < columns; j++) to[j] = (from[j] - mean[j]) * scale[j] + shift[j];
    }
  }
}

template <typename T>
CEREBRO_INLINE void GradientSums(const T* __restrict g, const T* __restrict x, int64_t rows, int64_t columns, const T* __restrict mean,
                                 T* __restrict sum_g, T* __restrict sum_gx) {
  SumColumns<T>(
      rows, columns, sum_g, [&](int64_t i, int64_t j) __attribute__((always_inline)) { return g[i * columns + j]; });
  SumColumns<T>(
      rows, columns,
      sum_gx, [&](int64_t i, int64_t j) __attribute__((always_inline)) { return g[i * columns + j] * (x[i * columns + j] - mean[j]); });
}

template <typename T>
CEREBRO_INLINE void FromGradient(const T* __restrict g, const T* __restrict x, int64_t rows, int64_t columns, const T* __restrict mean,
                                 const T* __restrict a, const T* __restrict b, const T* __restrict scale, T* __restrict dx) {
  for (int64_t i = 0; i < rows; i++) {
    const int64_t at = i * columns;
    for (int64_t j = 0; j < columns; j++) dx[at + j] = (g[at + j] - a[j] - (x[at + j] - mean[j]) * b[j]) * scale[j];
  }
}

// Sum of term(j), j < n: kLanes running sums (j goes to sum j mod kLanes), added pairwise.
template <typename T, typename Term>
CEREBRO_INLINE T SumRow(int64_t n, Term term) {
  T lanes[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    for (int k = 0; k < kLanes; k++) lanes[k] += term(j + k);
  }
  for (int k = 0; j < n; j++, k++) lanes[k] += term(j);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; k++) lanes[k] += lanes[k + width];
  }
  return lanes[0];
}

template <typename T>
CEREBRO_INLINE void Rows(const T* __restrict x, int64_t rows, int64_t columns, T epsilon, const T* __restrict gamma,
                         const T* __restrict beta, T* __restrict mean, T* __restrict inverse, T* __restrict y) {
  const T count = static_cast<T>(columns);
  for (int64_t i = 0; i < rows; i++) {
    const T* from = x + i * columns;
    T* to = y + i * columns;
    const T m = SumRow<T>(
                    columns, [&](int64_t j) __attribute__((always_inline)) { return from[j]; }) /
                count;
    const T variance = SumRow<T>(
                           columns, [&](int64_t j) __attribute__((always_inline)) { return (from[j] - m) * (from[j] - m); }) /
                       count;
    const T scale = T(1) / std::sqrt(variance + epsilon);
    mean[i] = m;
    inverse[i] = scale;
    for (int64_t j = 0; j < columns; j++) to[j] = (from[j] - m) * scale;
    if (gamma != nullptr) {
      for (int64_t j = 0; j < columns; j++) to[j] *= gamma[j];
    }
    if (beta != nullptr) {
      for (int64_t j = 0; j < columns; j++) to[j] += beta[j];
    }
  }
}

template <typename T>
CEREBRO_INLINE void FromRows(const T* __restrict g, const T* __restrict x, int64_t rows, int64_t columns, const T* __restrict gamma,
                             const T* __restrict mean, const T* __restrict inverse, T* __restrict dx, T* __restrict dgamma,
                             T* __restrict dbeta) {
  if (dgamma != nullptr) {
    SumColumns<T>(
        rows, columns, dgamma, [&](int64_t i, int64_t j) __attribute__((always_inline)) {
          return g[i * columns + j] * ((x[i * columns + j] - mean[i]) * inverse[i]);
        });
  }
  if (dbeta != nullptr) {
    SumColumns<T>(
        rows, columns, dbeta, [&](int64_t i, int64_t j) __attribute__((always_inline)) { return g[i * columns + j]; });
  }
  if (dx == nullptr) return;
  const T count = static_cast<T>(columns);
  for (int64_t i = 0; i < rows; i++) {
    const T* from = x + i * columns;
    const T* gi = g + i * columns;
    T* to = dx + i * columns;
    const T m = mean[i], scale = inverse[i];
    for (int64_t j = 0; j < columns; j++) to[j] = gamma == nullptr ? gi[j] : gi[j] * gamma[j];
    const T a = SumRow<T>(
                    columns, [&](int64_t j) __attribute__((always_inline)) { return to[j]; }) /
                count;
    const T b = SumRow<T>(
                    columns, [&](int64_t j) __attribute__((always_inline)) { return to[j] * ((from[j] - m) * scale); }) /
                count;
    for (int64_t j = 0; j < columns; j++) to[j] = (to[j] - a - (from[j] - m) * scale * b) * scale;
  }
}

template <typename T>
CEREBRO_INLINE void ToUnit(const T* x, int64_t rows, int64_t columns, T smallest, T* inverse, T* y) {
  for (int64_t i = 0; i < rows; i++) {
    const T* from = x + i * columns;
    const T square = SumRow<T>(
        columns, [&](int64_t j) __attribute__((always_inline)) { return from[j] * from[j]; });
    inverse[i] = T(1) / std::sqrt(square < smallest ? smallest : square);
    for (int64_t j = 0; j < columns; j++) y[i * columns + j] = from[j] * inverse[i];
  }
}

// A length that counts as the smallest one is a constant.
template <typename T>
CEREBRO_INLINE void FromUnit(const T* g, const T* y, const T* inverse, int64_t rows, int64_t columns, T smallest, T* dx) {
  const T most = T(1) / std::sqrt(smallest);
  for (int64_t i = 0; i < rows; i++) {
    const T* from = g + i * columns;
    const T* unit = y + i * columns;
    const T along = inverse[i] < most ? SumRow<T>(
                                            columns, [&](int64_t j) __attribute__((always_inline)) { return from[j] * unit[j]; })
                                      : T(0);
    for (int64_t j = 0; j < columns; j++) dx[i * columns + j] = (from[j] - unit[j] * along) * inverse[i];
  }
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                             \
  CEREBRO_CLONES void ColumnMoments(const T* x, int64_t rows, int64_t columns, T* mean, T* variance) {                                    \
    Moments(x, rows, columns, mean, variance);                                                                                            \
  }                                                                                                                                       \
  CEREBRO_CLONES void NormaliseColumns(const T* x, int64_t rows, int64_t columns, const T* mean, const T* scale, const T* shift, T* y) {  \
    Columns(x, rows, columns, mean, scale, shift, y);                                                                                     \
  }                                                                                                                                       \
  CEREBRO_CLONES void ColumnGradientSums(const T* g, const T* x, int64_t rows, int64_t columns, const T* mean, T* sum_g, T* sum_gx) {     \
    GradientSums(g, x, rows, columns, mean, sum_g, sum_gx);                                                                               \
  }                                                                                                                                       \
  CEREBRO_CLONES void ColumnGradient(const T* g, const T* x, int64_t rows, int64_t columns, const T* mean, const T* a, const T* b,        \
                                     const T* scale, T* dx) {                                                                             \
    FromGradient(g, x, rows, columns, mean, a, b, scale, dx);                                                                             \
  }                                                                                                                                       \
  CEREBRO_CLONES void NormaliseRows(const T* x, int64_t rows, int64_t columns, T epsilon, const T* gamma, const T* beta, T* mean,         \
                                    T* inverse, T* y) {                                                                                   \
    Rows(x, rows, columns, epsilon, gamma, beta, mean, inverse, y);                                                                       \
  }                                                                                                                                       \
  CEREBRO_CLONES void RowGradient(const T* g, const T* x, int64_t rows, int64_t columns, const T* gamma, const T* mean, const T* inverse, \
                                  T* dx, T* dgamma, T* dbeta) {                                                                           \
    FromRows(g, x, rows, columns, gamma, mean, inverse, dx, dgamma, dbeta);                                                               \
  }                                                                                                                                       \
  CEREBRO_CLONES void UnitRows(const T* x, int64_t rows, int64_t columns, T smallest, T* inverse, T* y) {                                 \
    ToUnit(x, rows, columns, smallest, inverse, y);                                                                                       \
  }                                                                                                                                       \
  CEREBRO_CLONES void UnitRowGradient(const T* g, const T* y, const T* inverse, int64_t rows, int64_t columns, T smallest, T* dx) {       \
    FromUnit(g, y, inverse, rows, columns, smallest, dx);                                                                                 \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
