// Losses of regression and of margins.
#include <cmath>

#include "engine/torch/losses/formula.hpp"

namespace engine::torch {

using base::LossConfig;

namespace {

/// What a margin lacks of 1. A target of 0 is a no like -1 (engine/math/losses/hinge.cpp).
at::Tensor Missing(const at::Tensor& p, const at::Tensor& y) { return (1 - y.masked_fill(y == 0, -1) * p).clamp_min(0); }

}  // namespace

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

at::Tensor LogCoshLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  const at::Tensor size = (p - y).abs();
  return (size + (size * -2).exp().log1p() - M_LN2).mean(-1);
}

at::Tensor PoissonLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return (p - y * (p + kEpsilon).log()).mean(-1);
}

at::Tensor MeanAbsolutePercentageErrorLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return ((p - y).abs() / y.abs().clamp_min(kEpsilon)).mean(-1) * 100;
}

at::Tensor MeanSquaredLogarithmicErrorLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return ((p.clamp_min(kEpsilon) + 1).log() - (y.clamp_min(kEpsilon) + 1).log()).square().mean(-1);
}

at::Tensor CosineSimilarityLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  constexpr double kLeastSquare = 1e-12;  // tf.math.l2_normalize's epsilon
  const auto unit = [](const at::Tensor& x) { return x * x.square().sum(-1, true).clamp_min(kLeastSquare).rsqrt(); };
  return -(unit(p) * unit(y)).sum(-1);
}

at::Tensor HingeLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return Missing(p, y).mean(-1);
}

at::Tensor SquaredHingeLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return Missing(p, y).square().mean(-1);
}

// amax shares its slope among equals, as TensorFlow's reduce_max does
at::Tensor CategoricalHingeLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& y) {
  return (((1 - y) * p).amax(-1) - (y * p).sum(-1) + 1).clamp_min(0);
}

}  // namespace engine::torch
