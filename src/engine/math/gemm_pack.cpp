#include "engine/math/gemm_pack.hpp"

#include <algorithm>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace engine::math {

namespace {

constexpr int64_t kBlock = 4;

// out[j * out_stride + i] = in[i * stride + j], kBlock by kBlock.
template <typename T>
void TransposeBlock(const T* in, int64_t stride, T* out, int64_t out_stride) {
  for (int64_t i = 0; i < kBlock; ++i) {
    for (int64_t j = 0; j < kBlock; ++j) out[j * out_stride + i] = in[i * stride + j];
  }
}

#if defined(__SSE2__)
void TransposeBlock(const float* in, int64_t stride, float* out, int64_t out_stride) {
  __m128 a = _mm_loadu_ps(in), b = _mm_loadu_ps(in + stride), c = _mm_loadu_ps(in + 2 * stride), d = _mm_loadu_ps(in + 3 * stride);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(out, a);
  _mm_storeu_ps(out + out_stride, b);
  _mm_storeu_ps(out + 2 * out_stride, c);
  _mm_storeu_ps(out + 3 * out_stride, d);
}
#endif

// out[j * out_stride + i] = in[i * stride + j] for i in [0, rows), j in [0, n).
template <typename T>
void TransposeRows(const T* in, int64_t stride, int64_t rows, int64_t n, T* out, int64_t out_stride) {
  const int64_t blocked = rows / kBlock * kBlock, whole = n / kBlock * kBlock;
  for (int64_t i = 0; i < blocked; i += kBlock) {
    const T* block = in + i * stride;
    for (int64_t j = 0; j < whole; j += kBlock) TransposeBlock(block + j, stride, out + j * out_stride + i, out_stride);
    for (int64_t j = whole; j < n; ++j) {
      for (int64_t b = 0; b < kBlock; ++b) out[j * out_stride + i + b] = block[b * stride + j];
    }
  }
  for (int64_t i = blocked; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) out[j * out_stride + i] = in[i * stride + j];
  }
}

}  // namespace

// Row by row, so that a matrix is read as it lies.
template <typename T>
Panels<T> PackPanels(const T* w, int64_t stride, int64_t k, int64_t n, T* packed) {
  const int64_t whole = n / kPanelColumns * kPanelColumns, panel = kPanelColumns * k;
  for (int64_t r = 0; r < k; ++r) {
    const T* row = w + r * stride;
    T* out = packed + r * kPanelColumns;
    for (int64_t c = 0; c < whole; c += kPanelColumns, out += panel) std::copy_n(row + c, kPanelColumns, out);
    if (whole == n) continue;
    std::copy_n(row + whole, n - whole, out);
    std::fill_n(out + (n - whole), kPanelColumns - (n - whole), T(0));
  }
  return {packed, n, kPanelColumns, panel};
}

template <typename T>
Panels<T> PackPanels(const T* w, int64_t k, int64_t n, T* packed) {
  return PackPanels(w, n, k, n, packed);
}

template <typename T>
Panels<T> PackTransposed(const T* w, int64_t stride, int64_t k, int64_t n, T* packed) {
  T* panel = packed;
  for (int64_t c = 0; c < k; c += kPanelColumns, panel += kPanelColumns * n) {
    if (k - c < kPanelColumns) std::fill_n(panel, kPanelColumns * n, T(0));
    TransposeRows(w + c * stride, stride, std::min(kPanelColumns, k - c), n, panel, kPanelColumns);
  }
  return {packed, k, kPanelColumns, kPanelColumns * n};
}

template <typename T>
Panels<T> PackTransposed(const T* w, int64_t k, int64_t n, T* packed) {
  return PackTransposed(w, n, k, n, packed);
}

template <typename T>
void TransposeMatrix(const T* w, int64_t k, int64_t n, T* out) {
  for (int64_t i = 0; i < k; i += kPanelColumns) TransposeRows(w + i * n, n, std::min(kPanelColumns, k - i), n, out + i, k);
}

template Panels<float> PackPanels(const float*, int64_t, int64_t, float*);
template Panels<double> PackPanels(const double*, int64_t, int64_t, double*);
template Panels<float> PackTransposed(const float*, int64_t, int64_t, float*);
template Panels<float> PackPanels(const float*, int64_t, int64_t, int64_t, float*);
template Panels<float> PackTransposed(const float*, int64_t, int64_t, int64_t, float*);
template Panels<double> PackTransposed(const double*, int64_t, int64_t, double*);
template Panels<double> PackPanels(const double*, int64_t, int64_t, int64_t, double*);
template Panels<double> PackTransposed(const double*, int64_t, int64_t, int64_t, double*);
template void TransposeMatrix(const float*, int64_t, int64_t, float*);
template void TransposeMatrix(const double*, int64_t, int64_t, double*);

}  // namespace engine::math
