// TensorFlow's ApplyAdagradV2.
#include <cmath>

#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

enum { kRate, kEpsilon };

template <typename T>
CEREBRO_INLINE void Adagrad(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accumulator, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T a = accumulator[i] + g[i] * g[i];
    accumulator[i] = a;
    w[i] -= g[i] * k[kRate] / (std::sqrt(a) + k[kEpsilon]);
  }
}

}  // namespace

#define CEREBRO_DEFINE_ALL(T)                                 \
  CEREBRO_UPDATE(T, UpdateAdagrad, Adagrad(k, w, g, s[0], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig&) { return {UpdateAdagrad, UpdateAdagrad}; }

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t /*step*/) {
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kEpsilon] = config.epsilon;
  return k;
}

}  // namespace

const OptimizerRule kAdagradRule{Kernels, Scalars};

}  // namespace engine::math
