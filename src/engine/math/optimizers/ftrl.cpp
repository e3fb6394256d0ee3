// keras.optimizers.Ftrl (Keras 2.15). With a = accumulator, z = linear, p = -learning_rate_power:
//   a' = a + g^2
//   z += g + 2 l2_shrinkage w - (a'^p - a^p) / rate w
//   w = (clip(z, -l1, l1) - z) / (a'^p / rate + 2 (l2 + beta / (2 rate)))
// A rate of 0, as the end of a schedule may have it, moves nothing; Keras divides by it.
#include "engine/math/optimizers/ftrl_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using ftrl::kRate;
using ftrl::kTwice;
using ftrl::kL1;
using ftrl::kL2;
using ftrl::kPower;
using ftrl::Ftrl;

}  // namespace

#define CEREBRO_DEFINE_ALL(T) \
  CEREBRO_UPDATE(T, UpdateFtrl, Ftrl<T, true>(k, w, g, s[0], s[1], n)) \
  CEREBRO_UPDATE(T, UpdateFtrlOfPower, Ftrl<T, false>(k, w, g, s[0], s[1], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig& config) {
  return config.learning_rate_power == -0.5 ? UpdateKernels{UpdateFtrl, UpdateFtrl} : UpdateKernels{UpdateFtrlOfPower, UpdateFtrlOfPower};
}

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t /*step*/) {
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kTwice] = 2 * config.l2_shrinkage_regularization_strength;
  k[kL1] = config.l1_regularization_strength;
  k[kL2] = 2 * config.l2_regularization_strength + (config.beta == 0 ? 0 : config.beta / learning_rate);
  k[kPower] = -config.learning_rate_power;
  return k;
}

}  // namespace

const OptimizerRule kFtrlRule{Kernels, Scalars};

}  // namespace engine::math
