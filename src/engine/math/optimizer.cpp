#include "engine/math/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "engine/math/update_rules.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;
using base::OptimizerKind;

[[noreturn]] void ThrowUnknown(const OptimizerConfig& config) {
  throw base::Error(base::ErrorCode::kInternal, "optimizer kind " + std::to_string(static_cast<int>(config.kind)) + " has no update rule");
}

template <typename T>
UpdateKernel<T> ChooseKernel(const OptimizerConfig& config) {
  using Kernel = UpdateKernel<T>;
  const auto choose = [](bool first, Kernel a, Kernel b) { return first ? a : b; };
  const bool momentum = config.momentum > 0;
  switch (config.kind) {
    case OptimizerKind::kSGD:
      return choose(momentum, choose(config.nesterov, UpdateNesterov, UpdateMomentum), UpdateSgd);
    case OptimizerKind::kAdam:
      return choose(config.amsgrad, UpdateAdamAmsgrad, UpdateAdam);
    case OptimizerKind::kAdamW:
      return choose(config.amsgrad, UpdateAdamWAmsgrad, UpdateAdamW);
    case OptimizerKind::kRMSprop:
      return momentum ? choose(config.centered, UpdateRmspropCenteredMomentum, UpdateRmspropMomentum)
                      : choose(config.centered, UpdateRmspropCentered, UpdateRmsprop);
    case OptimizerKind::kAdagrad:
      return UpdateAdagrad;
  }
  ThrowUnknown(config);
}

template <typename T>
Coefficients<T> MakeCoefficients(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const bool adam = config.kind == OptimizerKind::kAdam || config.kind == OptimizerKind::kAdamW;
  double rate = learning_rate;
  if (adam) {
    const double t = static_cast<double>(step) + 1;
    rate *= std::sqrt(1 - std::pow(config.beta_2, t)) / (1 - std::pow(config.beta_1, t));
  }
  Coefficients<T> k;
  k.rate = static_cast<T>(rate);
  k.momentum = static_cast<T>(config.momentum);
  k.rho = static_cast<T>(config.rho);
  k.one_minus_first = static_cast<T>(1 - config.beta_1);
  k.one_minus_second = static_cast<T>(adam ? 1 - config.beta_2 : 1 - config.rho);
  k.epsilon = static_cast<T>(config.epsilon);
  k.shrink = static_cast<T>(learning_rate * config.weight_decay);
  return k;
}

/// What a gradient under this norm is multiplied by.
double ClipFactor(double norm, double limit) {
  if (!std::isfinite(norm)) return std::numeric_limits<double>::quiet_NaN();
  return norm > limit ? limit / norm : 1.0;
}

}  // namespace

std::vector<std::string> SlotNames(const OptimizerConfig& config) {
  switch (config.kind) {
    case OptimizerKind::kSGD:
      if (config.momentum > 0) return {"momentum"};
      return {};
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW:
      if (config.amsgrad) return {"m", "v", "vhat"};
      return {"m", "v"};
    case OptimizerKind::kRMSprop: {
      std::vector<std::string> names{"rms"};
      if (config.momentum > 0) names.push_back("momentum");
      if (config.centered) names.push_back("mg");
      return names;
    }
    case OptimizerKind::kAdagrad:
      return {"accumulator"};
  }
  ThrowUnknown(config);
}

double SlotInitialValue(const OptimizerConfig& config) {
  return config.kind == OptimizerKind::kAdagrad ? config.initial_accumulator_value : 0.0;
}

template <typename T>
void ApplyUpdate(const OptimizerConfig& config, double learning_rate, uint64_t step, T* w, const T* grad, T* const* slots, int64_t n) {
  UpdateRule<T>(config, learning_rate, step).Apply(w, grad, slots, n);
}

template <typename T>
UpdateRule<T>::UpdateRule(const OptimizerConfig& config, double learning_rate, uint64_t step)
    : kernel_(ChooseKernel<T>(config)), coefficients_(MakeCoefficients<T>(config, learning_rate, step)) {}

bool ClipsGradients(const OptimizerConfig& config) { return config.clipvalue > 0 || config.clipnorm > 0 || config.global_clipnorm > 0; }

template <typename T>
double SumOfSquares(const T* values, int64_t n) {
  double sums[kSquareLanes] = {};
  AddSquares(values, n, sums);
  for (int width = kSquareLanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) sums[j] += sums[j + width];
  }
  return sums[0];
}

template <typename T>
void ClipGradients(const OptimizerConfig& config, const std::vector<GradientView<T>>& gradients) {
  const auto scale = [](const GradientView<T>& g, double factor) {
    if (factor != 1.0) ScaleValues(g.data, g.n, static_cast<T>(factor));
  };
  if (config.clipvalue > 0) {
    for (const GradientView<T>& g : gradients) ClampValues(g.data, g.n, static_cast<T>(config.clipvalue));
  }
  if (config.clipnorm > 0) {
    for (const GradientView<T>& g : gradients) scale(g, ClipFactor(std::sqrt(SumOfSquares(g.data, g.n)), config.clipnorm));
  }
  if (config.global_clipnorm > 0) {
    double sum = 0;
    for (const GradientView<T>& g : gradients) sum += SumOfSquares(g.data, g.n);
    const double factor = ClipFactor(std::sqrt(sum), config.global_clipnorm);
    for (const GradientView<T>& g : gradients) scale(g, factor);
  }
}

template void ApplyUpdate(const OptimizerConfig&, double, uint64_t, float*, const float*, float* const*, int64_t);
template void ApplyUpdate(const OptimizerConfig&, double, uint64_t, double*, const double*, double* const*, int64_t);
template class UpdateRule<float>;
template class UpdateRule<double>;
template double SumOfSquares(const float*, int64_t);
template double SumOfSquares(const double*, int64_t);
template void ClipGradients(const OptimizerConfig&, const std::vector<GradientView<float>>&);
template void ClipGradients(const OptimizerConfig&, const std::vector<GradientView<double>>&);

}  // namespace engine::math
