// Losses of regression.
#include "engine/torch/losses/formula.hpp"

namespace engine::torch {

using base::LossConfig;

at::Tensor MeanSquaredErrorLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return (p - y).square().mean(-1);
}

at::Tensor MeanAbsoluteErrorLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return (p - y).abs().mean(-1);
}

at::Tensor HuberLosses(const LossConfig& config, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  const double delta = config.delta;
  const at::Tensor error = (p - y).abs();
  return at::where(error <= delta, error * error * 0.5, error * delta - delta * delta / 2).mean(-1);
}

}  // namespace engine::torch
