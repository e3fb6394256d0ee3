// Matrix products through the BLAS (blas_library.hpp).
#pragma once

#include <cstdint>

namespace engine::math {

/// False when the process has no sgemm_ and dgemm_ (some builds of LibTorch hide a BLAS inside): then there is no native trainer.
bool HasProducts();

// Row-major, without gaps, overwriting the result. One BLAS call each, in the shape given: the bits depend on the shape, the values and
// the BLAS's kernels. Dimensions must be 1 or more and fit int32.

/// y (m, n) = x (m, k) w (k, n)
template <typename T>
void Product(const T* x, const T* w, int64_t m, int64_t k, int64_t n, T* y);

/// dx (m, k) = g (m, n) w^T, w (k, n)
template <typename T>
void ProductInputGradient(const T* g, const T* w, int64_t m, int64_t k, int64_t n, T* dx);

/// dw (k, n) = x^T g, x (m, k), g (m, n). accumulate: dw += instead.
template <typename T>
void ProductWeightGradient(const T* x, const T* g, int64_t m, int64_t k, int64_t n, bool accumulate, T* dw);

/// Rows first .. first + rows - 1 of that dw: dw (rows, n).
template <typename T>
void ProductWeightGradientRows(const T* x, const T* g, int64_t m, int64_t k, int64_t n, int64_t first, int64_t rows, T* dw);

}  // namespace engine::math
