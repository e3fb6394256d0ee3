// keras.optimizers.Lion (Keras 3): w -= rate sign(beta_1 m + (1 - beta_1) g),  m = beta_2 m + (1 - beta_2) g
#include <cmath>

#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

enum { kRate, kFirst, kOneMinusFirst, kSecond, kOneMinusSecond };

template <typename T>
CEREBRO_INLINE void Lion(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T direction = m[i] * k[kFirst] + g[i] * k[kOneMinusFirst];
    const T sign = direction > 0 ? T(1) : (direction < 0 ? T(-1) : direction);  // a NaN goes on
    m[i] = m[i] * k[kSecond] + g[i] * k[kOneMinusSecond];
    w[i] -= k[kRate] * sign;
  }
}

}  // namespace

#define CEREBRO_DEFINE_ALL(T) CEREBRO_UPDATE(T, UpdateLion, Lion(k, w, g, s[0], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig&) { return {UpdateLion, UpdateLion}; }

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t /*step*/) {
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kFirst] = config.beta_1;
  k[kOneMinusFirst] = 1 - config.beta_1;
  k[kSecond] = config.beta_2;
  k[kOneMinusSecond] = 1 - config.beta_2;
  return k;
}

}  // namespace

const OptimizerRule kLionRule{Kernels, Scalars};

}  // namespace engine::math
