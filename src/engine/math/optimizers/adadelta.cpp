// keras.optimizers.Adadelta (Keras 2.15). With a = accumulated_grad and d = accumulated_delta_var:
//   a = rho a + (1 - rho) g^2,  move = sqrt(d + epsilon) g / sqrt(a + epsilon),  d = rho d + (1 - rho) move^2
//   w -= rate move
#include "engine/math/optimizers/adadelta_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using adadelta::kRate;
using adadelta::kRho;
using adadelta::kOneMinusRho;
using adadelta::kEpsilon;
using adadelta::Adadelta;

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
