// keras.optimizers.Adamax (Keras 2.15). At step t = 1, 2, ...
//   m = beta_1 m + (1 - beta_1) g,  u = max(beta_2 u, |g|),  w -= rate / (1 - beta_1^t) m / (u + epsilon)
#include <cmath>

#include "engine/math/optimizers/adamax_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using adamax::kRate;
using adamax::kOneMinusFirst;
using adamax::kSecond;
using adamax::kEpsilon;
using adamax::Adamax;

}  // namespace

#define CEREBRO_DEFINE_ALL(T) CEREBRO_UPDATE(T, UpdateAdamax, Adamax(k, w, g, s[0], s[1], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig&) { return {UpdateAdamax, UpdateAdamax}; }

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const double t = static_cast<double>(step) + 1;
  Coefficients<double> k;
  k[kRate] = learning_rate / (1 - std::pow(config.beta_1, t));
  k[kOneMinusFirst] = 1 - config.beta_1;
  k[kSecond] = config.beta_2;
  k[kEpsilon] = config.epsilon;
  return k;
}

}  // namespace

const OptimizerRule kAdamaxRule{Kernels, Scalars};

}  // namespace engine::math
