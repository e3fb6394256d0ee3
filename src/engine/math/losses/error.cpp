// Losses of regression.
#include "engine/math/losses/kernel.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

template <typename T>
CEREBRO_INLINE void Squared(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes, T* __restrict p,
                            T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      row[j] -= y[j];
      sum += row[j] * row[j];
    }
    losses[i] = sum * mean;
    const T factor = 2 * (factors[i] * mean);
    for (int64_t j = 0; j < classes; j++) row[j] *= factor;
  }
}

template <typename T>
CEREBRO_INLINE void Absolute(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes, T* __restrict p,
                             T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T e = row[j] - y[j];
      sum += e < 0 ? -e : e;
      row[j] = e > 0 ? factor : (e < 0 ? -factor : T(0));
    }
    losses[i] = sum * mean;
  }
}

template <typename T>
CEREBRO_INLINE void Huber(T delta, const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                          T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      const T e = row[j] - y[j];
      const T size = e < 0 ? -e : e;
      sum += size <= delta ? e * e * T(0.5) : size * delta - delta * delta / 2;
      row[j] = factor * (size <= delta ? e : (e < 0 ? -delta : delta));
    }
    losses[i] = sum * mean;
  }
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                \
  CEREBRO_CLONES void SquaredLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {        \
    Squared(y, f, positions, classes, values, losses);                                                                       \
  }                                                                                                                          \
  CEREBRO_CLONES void AbsoluteLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {       \
    Absolute(y, f, positions, classes, values, losses);                                                                      \
  }                                                                                                                          \
  CEREBRO_CLONES void HuberLoss(T delta, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) { \
    Huber(delta, y, f, positions, classes, values, losses);                                                                  \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void MeanSquaredErrorKernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f,
                            int64_t positions, int64_t classes, T* values, T* losses) {
  SquaredLoss(y, f, positions, classes, values, losses);
}

template <typename T>
void MeanAbsoluteErrorKernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f,
                             int64_t positions, int64_t classes, T* values, T* losses) {
  AbsoluteLoss(y, f, positions, classes, values, losses);
}

template <typename T>
void HuberKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f,
                 int64_t positions, int64_t classes, T* values, T* losses) {
  HuberLoss(static_cast<T>(config.delta), y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(MeanSquaredError)
CEREBRO_LOSS_KERNEL(MeanAbsoluteError)
CEREBRO_LOSS_KERNEL(Huber)

}  // namespace engine::math
