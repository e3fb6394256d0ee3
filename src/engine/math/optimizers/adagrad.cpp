// TensorFlow's ApplyAdagradV2.
#include "engine/math/optimizers/adagrad_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using adagrad::kRate;
using adagrad::kEpsilon;
using adagrad::Adagrad;

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
