// TensorFlow's ApplyAdam and ApplyAdamWithAmsgrad. AdamW is the same with a weight decay, which is not the rule's.
#include <cmath>

#include "engine/math/optimizers/adam_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using adam::kRate;
using adam::kOneMinusFirst;
using adam::kOneMinusSecond;
using adam::kEpsilon;
using adam::Adam;
using adam::AdamAmsgrad;

}  // namespace

#define CEREBRO_DEFINE_ALL(T)                                   \
  CEREBRO_UPDATE(T, UpdateAdam, Adam(k, w, g, s[0], s[1], n))   \
  CEREBRO_UPDATE(T, UpdateAdamAmsgrad, AdamAmsgrad(k, w, g, s[0], s[1], s[2], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig& config) {
  return config.amsgrad ? UpdateKernels{UpdateAdamAmsgrad, UpdateAdamAmsgrad} : UpdateKernels{UpdateAdam, UpdateAdam};
}

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const double t = static_cast<double>(step) + 1;
  Coefficients<double> k;
  k[kRate] = learning_rate * (std::sqrt(1 - std::pow(config.beta_2, t)) / (1 - std::pow(config.beta_1, t)));
  k[kOneMinusFirst] = 1 - config.beta_1;
  k[kOneMinusSecond] = 1 - config.beta_2;
  k[kEpsilon] = config.epsilon;
  return k;
}

}  // namespace

const OptimizerRule kAdamRule{Kernels, Scalars};
const OptimizerRule kAdamWRule{Kernels, Scalars};

}  // namespace engine::math
