// Values of several sources put together element by element, with one element standing for many where a source is
// broadcast. Every element is made by itself, so its bits depend on nothing else. Overloads for float and double.
#pragma once

#include <cstdint>

namespace engine::math {

/// kLargest: a >= b ? a : b. kSmallest: a <= b ? a : b.
enum class MergeKind { kSum, kDifference, kProduct, kLargest, kSmallest };

#define CEREBRO_KERNELS_OF(T)                                                                                    \
  /** sum += x, n elements; sum may be x. */                                                                     \
  void AddTo(const T* x, int64_t n, T* sum);                                                                     \
  /** y[i] = a[i * a_stride] merged with b[i * b_stride]; strides are 0 or 1; y may be a where a_stride is 1. */ \
  void Merge(MergeKind kind, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n, T* y);       \
  /** y[i] /= divisor. */                                                                                        \
  void DivideBy(T divisor, int64_t n, T* y);                                                                     \
  /** g[i] = 0 where x[i * stride] == y[i] is not `equal`. */                                                    \
  void KeepWhere(bool equal, const T* x, int64_t stride, const T* y, int64_t n, T* g);                           \
  /** Sum of the elements, one after the other. */                                                               \
  T SumOf(const T* x, int64_t n)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine::math
