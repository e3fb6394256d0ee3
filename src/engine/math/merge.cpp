#include "engine/math/merge.hpp"

#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

// ivdep: y may be a itself, element by element, and nothing else.
template <int64_t kA, int64_t kB, typename T>
CEREBRO_INLINE void MergeStrides(MergeKind kind, const T* a, const T* b, int64_t n, T* y) {
  switch (kind) {
    case MergeKind::kSum:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) y[i] = a[i * kA] + b[i * kB];
      break;
    case MergeKind::kDifference:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) y[i] = a[i * kA] - b[i * kB];
      break;
    case MergeKind::kProduct:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) y[i] = a[i * kA] * b[i * kB];
      break;
    case MergeKind::kLargest:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) y[i] = a[i * kA] >= b[i * kB] ? a[i * kA] : b[i * kB];
      break;
    case MergeKind::kSmallest:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) y[i] = a[i * kA] <= b[i * kB] ? a[i * kA] : b[i * kB];
      break;
  }
}

template <typename T>
CEREBRO_INLINE void MergeAll(MergeKind kind, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n, T* y) {
  if (a_stride == 1 && b_stride == 1) return MergeStrides<1, 1>(kind, a, b, n, y);
  if (a_stride == 1) return MergeStrides<1, 0>(kind, a, b, n, y);
  if (b_stride == 1) return MergeStrides<0, 1>(kind, a, b, n, y);
  MergeStrides<0, 0>(kind, a, b, n, y);
}

template <typename T>
CEREBRO_INLINE void Keep(bool equal, const T* x, int64_t stride, const T* y, int64_t n, T* g) {
  for (int64_t i = 0; i < n; i++) g[i] = (x[i * stride] == y[i]) == equal ? g[i] : T(0);
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                             \
  CEREBRO_CLONES void AddTo(const T* x, int64_t n, T* sum) { MergeStrides<1, 1>(MergeKind::kSum, sum, x, n, sum); }                       \
  CEREBRO_CLONES void Merge(MergeKind kind, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n, T* y) {                \
    MergeAll(kind, a, a_stride, b, b_stride, n, y);                                                                                       \
  }                                                                                                                                       \
  CEREBRO_CLONES void DivideBy(T divisor, int64_t n, T* y) {                                                                              \
    for (int64_t i = 0; i < n; i++) y[i] /= divisor;                                                                                      \
  }                                                                                                                                       \
  CEREBRO_CLONES void KeepWhere(bool equal, const T* x, int64_t stride, const T* y, int64_t n, T* g) { Keep(equal, x, stride, y, n, g); } \
  T SumOf(const T* x, int64_t n) {                                                                                                        \
    T sum = 0;                                                                                                                            \
    for (int64_t i = 0; i < n; i++) sum += x[i];                                                                                          \
    return sum;                                                                                                                           \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
