// keras.optimizers.Lion (Keras 3): w -= rate sign(beta_1 m + (1 - beta_1) g),  m = beta_2 m + (1 - beta_2) g
#include "engine/math/optimizers/lion_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using lion::kRate;
using lion::kFirst;
using lion::kOneMinusFirst;
using lion::kSecond;
using lion::kOneMinusSecond;
using lion::Lion;

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
