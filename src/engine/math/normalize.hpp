// Sums, statistics and gradients of the normalising layers. Sums are in blocks of rows (or runs of columns) of a fixed size, so that they
// are accurate for many terms, in an order that depends on the shape only. Overloads for float and double.
#pragma once

#include <cstdint>

namespace engine::math {

#define CEREBRO_KERNELS_OF(T)                                                                                                         \
  /** Over the rows of x (rows, columns): mean and biased variance of each column. */                                                 \
  void ColumnMoments(const T* x, int64_t rows, int64_t columns, T* mean, T* variance);                                                \
  /** y = (x - mean) * scale + shift, column by column; shift may be nullptr (0). y may be x. */                                      \
  void NormaliseColumns(const T* x, int64_t rows, int64_t columns, const T* mean, const T* scale, const T* shift, T* y);              \
  /** sum_g[j] = sum g, sum_gx[j] = sum g * (x - mean[j]) over the rows. */                                                           \
  void ColumnGradientSums(const T* g, const T* x, int64_t rows, int64_t columns, const T* mean, T* sum_g, T* sum_gx);                 \
  /** dx = (g - a[j] - (x - mean[j]) * b[j]) * scale[j]. */                                                                           \
  void ColumnGradient(const T* g, const T* x, int64_t rows, int64_t columns, const T* mean, const T* a, const T* b, const T* scale,   \
                      T* dx);                                                                                                         \
  /** Rows of x (rows, columns) to zero mean and unit variance, then * gamma + beta (nullptr: 1, 0). inverse[i] = 1 / deviation. */   \
  void NormaliseRows(const T* x, int64_t rows, int64_t columns, T epsilon, const T* gamma, const T* beta, T* mean, T* inverse, T* y); \
  /** Its gradient; dx may be nullptr, and so may the sums over the rows of g * normalised x and of g. */                             \
  void RowGradient(const T* g, const T* x, int64_t rows, int64_t columns, const T* gamma, const T* mean, const T* inverse, T* dx,     \
                   T* dgamma, T* dbeta);                                                                                              \
  /** Rows of x (rows, columns) to length 1, TensorFlow's l2_normalize: y = x * inverse[i], where inverse[i] = 1 / the length, and a   \
      square of it below `smallest` counts as `smallest`. */                                                                          \
  void UnitRows(const T* x, int64_t rows, int64_t columns, T smallest, T* inverse, T* y);                                             \
  /** Its gradient, from its results; dx may be g. */                                                                                 \
  void UnitRowGradient(const T* g, const T* y, const T* inverse, int64_t rows, int64_t columns, T smallest, T* dx)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine::math
