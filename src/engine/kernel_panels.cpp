// Right sides of products in panels: copies only, so nothing here decides a bit.
#include <algorithm>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "engine/kernel_patches.hpp"

namespace engine {

namespace {

constexpr int64_t kBlock = 4;

// out[j * kPanelColumns + i] = in[i * step + j], kBlock by kBlock.
template <typename T>
void TransposeBlock(const T* in, int64_t step, T* out) {
  for (int64_t i = 0; i < kBlock; ++i) {
    for (int64_t j = 0; j < kBlock; ++j) out[j * kPanelColumns + i] = in[i * step + j];
  }
}

#if defined(__SSE2__)
void TransposeBlock(const float* in, int64_t step, float* out) {
  __m128 a = _mm_loadu_ps(in), b = _mm_loadu_ps(in + step), c = _mm_loadu_ps(in + 2 * step), d = _mm_loadu_ps(in + 3 * step);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(out, a);
  _mm_storeu_ps(out + kPanelColumns, b);
  _mm_storeu_ps(out + 2 * kPanelColumns, c);
  _mm_storeu_ps(out + 3 * kPanelColumns, d);
}
#endif

}  // namespace

template <typename T>
Panels<T> PackPanels(const T* w, int64_t k, int64_t n, T* packed) {
  T* out = packed;
  for (int64_t c = 0; c < n; c += kPanelColumns) {
    const int64_t columns = std::min(kPanelColumns, n - c);
    for (int64_t r = 0; r < k; ++r, out += kPanelColumns) {
      std::copy_n(w + r * n + c, columns, out);
      std::fill_n(out + columns, kPanelColumns - columns, T(0));
    }
  }
  return {packed, n, kPanelColumns, kPanelColumns * k};
}

template <typename T>
Panels<T> PackTransposed(const T* w, int64_t k, int64_t n, T* packed) {
  T* panel = packed;
  for (int64_t c = 0; c < k; c += kPanelColumns, panel += kPanelColumns * n) {
    if (k - c < kPanelColumns) std::fill_n(panel, kPanelColumns * n, T(0));
    const int64_t columns = std::min(kPanelColumns, k - c), blocked = columns / kBlock * kBlock, whole = n / kBlock * kBlock;
    for (int64_t i = 0; i < blocked; i += kBlock) {
      const T* rows = w + (c + i) * n;
      for (int64_t j = 0; j < whole; j += kBlock) TransposeBlock(rows + j, n, panel + j * kPanelColumns + i);
      for (int64_t j = whole; j < n; ++j) {
        for (int64_t b = 0; b < kBlock; ++b) panel[j * kPanelColumns + i + b] = rows[b * n + j];
      }
    }
    for (int64_t i = blocked; i < columns; ++i) {
      for (int64_t j = 0; j < n; ++j) panel[j * kPanelColumns + i] = w[(c + i) * n + j];
    }
  }
  return {packed, k, kPanelColumns, kPanelColumns * n};
}

template Panels<float> PackPanels(const float*, int64_t, int64_t, float*);
template Panels<double> PackPanels(const double*, int64_t, int64_t, double*);
template Panels<float> PackTransposed(const float*, int64_t, int64_t, float*);
template Panels<double> PackTransposed(const double*, int64_t, int64_t, double*);

}  // namespace engine
