// TensorFlow's ResourceApplyGradientDescent and ResourceApplyKerasMomentum.
#include <cmath>

#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

enum { kRate, kMomentum };

template <typename T>
CEREBRO_INLINE void Sgd(Coefficients<T> k, T* __restrict w, const T* __restrict g, int64_t n) {
  for (int64_t i = 0; i < n; i++) w[i] -= k[kRate] * g[i];
}

template <typename T, bool kNesterov>
CEREBRO_INLINE void Momentum(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accum, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T move = k[kRate] * g[i];
    const T a = accum[i] * k[kMomentum] - move;
    accum[i] = a;
    w[i] += kNesterov ? a * k[kMomentum] - move : a;
  }
}

}  // namespace

#define CEREBRO_DEFINE_ALL(T)                                             \
  CEREBRO_UPDATE(T, UpdateSgd, (void)s; Sgd(k, w, g, n))                  \
  CEREBRO_UPDATE(T, UpdateMomentum, Momentum<T, false>(k, w, g, s[0], n)) \
  CEREBRO_UPDATE(T, UpdateNesterov, Momentum<T, true>(k, w, g, s[0], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig& config) {
  if (config.momentum <= 0) return {UpdateSgd, UpdateSgd};
  return config.nesterov ? UpdateKernels{UpdateNesterov, UpdateNesterov} : UpdateKernels{UpdateMomentum, UpdateMomentum};
}

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t /*step*/) {
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kMomentum] = config.momentum;
  return k;
}

}  // namespace

const OptimizerRule kSGDRule{Kernels, Scalars};

}  // namespace engine::math
