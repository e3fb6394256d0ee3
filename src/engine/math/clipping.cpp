#include "engine/math/clipping.hpp"

#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

template <typename T>
CEREBRO_INLINE void Squares(const T* __restrict values, int64_t n, double* __restrict sums) {
  double lanes[kSquareLanes];
  for (int j = 0; j < kSquareLanes; j++) lanes[j] = sums[j];
  int64_t i = 0;
  for (; i + kSquareLanes <= n; i += kSquareLanes) {
    for (int j = 0; j < kSquareLanes; j++) {
      const double x = static_cast<double>(values[i + j]);
      lanes[j] += x * x;
    }
  }
  for (int j = 0; i < n; i++, j++) {
    const double x = static_cast<double>(values[i]);
    lanes[j] += x * x;
  }
  for (int j = 0; j < kSquareLanes; j++) sums[j] = lanes[j];
}

template <typename T>
CEREBRO_INLINE void Clamp(T* values, int64_t n, T limit) {
  for (int64_t i = 0; i < n; i++) {
    const T x = values[i];
    const T low = x < -limit ? -limit : x;
    values[i] = low > limit ? limit : low;
  }
}

template <typename T>
CEREBRO_INLINE void Scale(T* values, int64_t n, T factor) {
  for (int64_t i = 0; i < n; i++) values[i] *= factor;
}

template <typename T>
CEREBRO_INLINE void Shrink(T* values, int64_t n, T share) {
  for (int64_t i = 0; i < n; i++) values[i] = values[i] - values[i] * share;
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                             \
  CEREBRO_CLONES void AddSquares(const T* values, int64_t n, double* sums) { Squares(values, n, sums); }  \
  CEREBRO_CLONES void ClampValues(T* values, int64_t n, T limit) { Clamp(values, n, limit); }             \
  CEREBRO_CLONES void ScaleValues(T* values, int64_t n, T factor) { Scale(values, n, factor); }           \
  CEREBRO_CLONES void ShrinkValues(T* values, int64_t n, T share) { Shrink(values, n, share); }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
