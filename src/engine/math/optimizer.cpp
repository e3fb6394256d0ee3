#include "engine/math/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.hpp"
#include "definitions/optimizer.hpp"
#include "engine/math/clipping.hpp"
#include "engine/math/optimizers/rule.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

[[noreturn]] void ThrowUnknown(const OptimizerConfig& config) {
  throw base::Error(base::ErrorCode::kInternal, "optimizer kind " + std::to_string(static_cast<int>(config.kind)) + " has no update rule");
}

const OptimizerRule& RuleOf(const OptimizerConfig& config) {
  switch (config.kind) {
#define CEREBRO_OPTIMIZER(name, number) \
  case base::OptimizerKind::k##name:    \
    return k##name##Rule;
#include "base/kinds.inc"
  }
  ThrowUnknown(config);
}

template <typename T>
UpdateKernel<T> KernelOf(const UpdateKernels& kernels) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels.of_float;
  } else {
    return kernels.of_double;
  }
}

/// What a gradient under this norm is multiplied by.
double ClipFactor(double norm, double limit) {
  if (!std::isfinite(norm)) return std::numeric_limits<double>::quiet_NaN();
  return norm > limit ? limit / norm : 1.0;
}

}  // namespace

std::vector<std::string> SlotNames(const OptimizerConfig& config) { return definitions::DefinitionOf(config).slots(config); }

double SlotInitialValue(const OptimizerConfig& config, size_t slot) {
  const auto initial = definitions::DefinitionOf(config).initial;
  return initial == nullptr ? 0.0 : initial(config, slot);
}

bool Decays(const OptimizerConfig& config, const std::string& weight) {
  return std::none_of(config.exclude_from_weight_decay.begin(), config.exclude_from_weight_decay.end(),
                      [&](const std::string& part) { return weight.find(part) != std::string::npos; });
}

template <typename T>
void ApplyUpdate(const OptimizerConfig& config, double learning_rate, uint64_t step, T* w, const T* grad, T* const* slots, int64_t n,
                 bool decays) {
  UpdateRule<T>(config, learning_rate, step).Apply(w, grad, slots, n, decays);
}

template <typename T>
UpdateRule<T>::UpdateRule(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const OptimizerRule& rule = RuleOf(config);
  kernel_ = KernelOf<T>(rule.kernels(config));
  const Coefficients<double> exact = rule.coefficients(config, learning_rate, step);
  for (int i = 0; i < kMaxCoefficients; i++) coefficients_[i] = static_cast<T>(exact[i]);
  shrink_ = static_cast<T>(learning_rate * config.weight_decay);
  whole_ = rule.whole;
}

template <typename T>
void UpdateRule<T>::Apply(T* w, const T* grad, T* const* slots, int64_t n, bool decays) const {
  if (decays && shrink_ != 0) ShrinkValues(w, n, shrink_);
  kernel_(coefficients_, w, grad, slots, n);
}

StepScalars ScalarsOf(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const Coefficients<double> exact = RuleOf(config).coefficients(config, learning_rate, step);
  StepScalars scalars;
  for (int i = 0; i < kMaxCoefficients; i++) scalars.coefficients[i] = static_cast<float>(exact[i]);
  scalars.shrink = static_cast<float>(learning_rate * config.weight_decay);
  return scalars;
}

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

template void ApplyUpdate(const OptimizerConfig&, double, uint64_t, float*, const float*, float* const*, int64_t, bool);
template void ApplyUpdate(const OptimizerConfig&, double, uint64_t, double*, const double*, double* const*, int64_t, bool);
template class UpdateRule<float>;
template class UpdateRule<double>;
template double SumOfSquares(const float*, int64_t);
template double SumOfSquares(const double*, int64_t);
template void ClipGradients(const OptimizerConfig&, const std::vector<GradientView<float>>&);
template void ClipGradients(const OptimizerConfig&, const std::vector<GradientView<double>>&);

}  // namespace engine::math
