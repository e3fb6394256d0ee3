#include "engine/math/losses.hpp"

#include "engine/math/losses/kernel.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

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

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                            \
  CEREBRO_CLONES void AddRegularizer(const T* w, int64_t n, T l1, T l2_twice, T* gradient) { Regularize(w, n, l1, l2_twice, gradient); } \
  CEREBRO_CLONES double RegularizerSum(const T* w, int64_t n, double l1, double l2) { return SumRegularizer(w, n, l1, l2); }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
LossKernel<T> FindLossKernel(base::LossKind kind) {
  switch (kind) {
#define CEREBRO_LOSS(name, number)
#define CEREBRO_NATIVE_LOSS(name, number) \
  case base::LossKind::k##name:           \
    return name##Kernel<T>;
#include "base/kinds.inc"
    default:
      return nullptr;
  }
}

template LossKernel<float> FindLossKernel(base::LossKind);
template LossKernel<double> FindLossKernel(base::LossKind);

}  // namespace engine::math
