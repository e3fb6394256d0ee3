// keras.optimizers.optimizer_v2.nadam (tf.keras 2.10): Adam with Nesterov's momentum, whose momentum grows with the
// step. At step t = 1, 2, ...
//   u(t) = beta_1 (1 - 0.96^(0.004 t) / 2),  U(t) = u(1) ... u(t)
//   m = beta_1 m + (1 - beta_1) g,  v = beta_2 v + (1 - beta_2) g^2
//   w -= rate ((1 - u(t)) g / (1 - U(t)) + u(t + 1) m / (1 - U(t + 1))) / (sqrt(v / (1 - beta_2^t)) + epsilon)
// 0.004 is Keras's fixed decay of the momentum. Keras keeps U in a variable of its own. Here it follows from t, so that
// m and v are the whole state.
#include <cmath>

#include "engine/math/optimizers/nadam_formula.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

using nadam::kRate;
using nadam::kOneMinusFirst;
using nadam::kOneMinusSecond;
using nadam::kEpsilon;
using nadam::kOfG;
using nadam::kOfM;
using nadam::kScale;
using nadam::Nadam;

constexpr double kDecayBase = 0.96, kMomentumDecay = 0.004;

double Momentum(double beta_1, double t) { return beta_1 * (1 - 0.5 * std::pow(kDecayBase, kMomentumDecay * t)); }

// U(t). What is below 2^-60 changes no 1 - U. u begins near beta_1 / 2 and hardly grows in the first hundred steps, so
// that some sixty factors are enough whatever beta_1 and t are.
double MomentumProduct(double beta_1, double t) {
  constexpr double kNothing = 0x1p-60;
  double product = 1;
  for (double i = 1; i <= t && product > kNothing; i++) product *= Momentum(beta_1, i);
  return product;
}

}  // namespace

#define CEREBRO_DEFINE_ALL(T) CEREBRO_UPDATE(T, UpdateNadam, Nadam(k, w, g, s[0], s[1], n))

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

UpdateKernels Kernels(const OptimizerConfig&) { return {UpdateNadam, UpdateNadam}; }

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const double t = static_cast<double>(step) + 1;
  const double now = Momentum(config.beta_1, t), next = Momentum(config.beta_1, t + 1);
  const double product = MomentumProduct(config.beta_1, t);
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kOneMinusFirst] = 1 - config.beta_1;
  k[kOneMinusSecond] = 1 - config.beta_2;
  k[kEpsilon] = config.epsilon;
  k[kOfG] = (1 - now) / (1 - product);
  k[kOfM] = next / (1 - product * next);
  k[kScale] = 1 / (1 - std::pow(config.beta_2, t));
  return k;
}

}  // namespace

const OptimizerRule kNadamRule{Kernels, Scalars};

}  // namespace engine::math
