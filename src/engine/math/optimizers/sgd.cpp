// TensorFlow's ResourceApplyGradientDescent and ResourceApplyKerasMomentum.
#include "engine/math/optimizers/rule.hpp"
#include "engine/math/optimizers/sgd_formula.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using sgd::kRate;
using sgd::kMomentum;
using sgd::Sgd;
using sgd::Momentum;

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
