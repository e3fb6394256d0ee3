// keras.optimizers.Adadelta (Keras 2.15). With a = accumulated_grad and d = accumulated_delta_var:
//   a = rho a + (1 - rho) g^2,  move = sqrt(d + epsilon) g / sqrt(a + epsilon),  d = rho d + (1 - rho) move^2
//   w -= rate move
#include <cmath>

#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

enum { kRate, kRho, kOneMinusRho, kEpsilon };

template <typename T>
CEREBRO_INLINE void Adadelta(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accumulated_grad,
                             T* __restrict accumulated_delta, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T a = k[kRho] * accumulated_grad[i] + k[kOneMinusRho] * (g[i] * g[i]);
    const T move = std::sqrt(accumulated_delta[i] + k[kEpsilon]) * g[i] / std::sqrt(a + k[kEpsilon]);
    accumulated_grad[i] = a;
    accumulated_delta[i] = k[kRho] * accumulated_delta[i] + k[kOneMinusRho] * (move * move);
    w[i] -= k[kRate] * move;
  }
}

}  // namespace

#define CEREBRO_DEFINE_ALL(T) CEREBRO_UPDATE(T, UpdateAdadelta, Adadelta(k, w, g, s[0], s[1], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig&) { return {UpdateAdadelta, UpdateAdadelta}; }

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t /*step*/) {
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kRho] = config.rho;
  k[kOneMinusRho] = 1 - config.rho;
  k[kEpsilon] = config.epsilon;
  return k;
}

}  // namespace

const OptimizerRule kAdadeltaRule{Kernels, Scalars};

}  // namespace engine::math
