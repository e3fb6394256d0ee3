// TensorFlow's ApplyRMSProp and ApplyCenteredRMSProp; without momentum keras.optimizers.optimizer_v2.rmsprop.
#include "engine/math/optimizers/rmsprop_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using rmsprop::kRate;
using rmsprop::kMomentum;
using rmsprop::kRho;
using rmsprop::kOneMinusRho;
using rmsprop::kEpsilon;
using rmsprop::Rmsprop;
using rmsprop::RmspropCentered;
using rmsprop::RmspropMomentum;
using rmsprop::RmspropCenteredMomentum;

}  // namespace

#define CEREBRO_DEFINE_ALL(T)                                                                             \
  CEREBRO_UPDATE(T, UpdateRmsprop, Rmsprop(k, w, g, s[0], n))                                             \
  CEREBRO_UPDATE(T, UpdateRmspropCentered, RmspropCentered(k, w, g, s[0], s[1], n))                       \
  CEREBRO_UPDATE(T, UpdateRmspropMomentum, RmspropMomentum(k, w, g, s[0], s[1], n))                       \
  CEREBRO_UPDATE(T, UpdateRmspropCenteredMomentum, RmspropCenteredMomentum(k, w, g, s[0], s[1], s[2], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig& config) {
  if (config.momentum <= 0) {
    return config.centered ? UpdateKernels{UpdateRmspropCentered, UpdateRmspropCentered} : UpdateKernels{UpdateRmsprop, UpdateRmsprop};
  }
  if (config.centered) return {UpdateRmspropCenteredMomentum, UpdateRmspropCenteredMomentum};
  return {UpdateRmspropMomentum, UpdateRmspropMomentum};
}

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t /*step*/) {
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kMomentum] = config.momentum;
  k[kRho] = config.rho;
  k[kOneMinusRho] = 1 - config.rho;
  k[kEpsilon] = config.epsilon;
  return k;
}

}  // namespace

const OptimizerRule kRMSpropRule{Kernels, Scalars};

}  // namespace engine::math
