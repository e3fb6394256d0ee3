// Cross-entropies and the Kullback-Leibler divergence.
#include <limits>

#include "engine/torch/losses/formula.hpp"

namespace engine::torch {

using base::LossConfig;

namespace {

at::Tensor Clip(const at::Tensor& p) { return p.clamp(kEpsilon, 1 - kEpsilon); }

}  // namespace

at::Tensor CategoricalCrossentropyLosses(const LossConfig& config, const at::Tensor& logits, const at::Tensor& p,
                                         const at::Tensor& target) {
  at::Tensor y = target;
  if (config.label_smoothing != 0) {
    y = y * (1 - config.label_smoothing) + config.label_smoothing / static_cast<double>(y.size(-1));
  }
  const at::Tensor log_q = logits.defined() ? at::log_softmax(logits, -1) : Clip(p / p.sum(-1, true)).log();
  return -(y * log_q).sum(-1);
}

at::Tensor SparseCategoricalCrossentropyLosses(const LossConfig&, const at::Tensor& logits, const at::Tensor& p, const at::Tensor& index) {
  const at::Tensor log_q = at::log_softmax(logits.defined() ? logits : Clip(p).log(), -1);
  const int64_t classes = log_q.size(-1);
  const at::Tensor picked = log_q.gather(-1, index.clamp(0, classes - 1).unsqueeze(-1)).squeeze(-1);
  return -picked.masked_fill((index < 0).logical_or(index >= classes), std::numeric_limits<double>::quiet_NaN());
}

at::Tensor BinaryCrossentropyLosses(const LossConfig& config, const at::Tensor& logits, const at::Tensor& p, const at::Tensor& target) {
  at::Tensor y = target;
  if (config.label_smoothing != 0) y = y * (1 - config.label_smoothing) + config.label_smoothing / 2;
  // LibTorch's own form: its gradient sigmoid(z) - y is right at z = 0 too, where the parts of the formula have kinks
  if (logits.defined()) return at::binary_cross_entropy_with_logits(logits, y, {}, {}, at::Reduction::None).mean(-1);
  const at::Tensor q = Clip(p);
  return -(y * (q + kEpsilon).log() + (1 - y) * (1 - q + kEpsilon).log()).mean(-1);
}

// As in keras.backend, the factor is of the probability as it is, the cross-entropy of logits where they are known.
at::Tensor BinaryFocalCrossentropyLosses(const LossConfig& config, const at::Tensor& logits, const at::Tensor& p, const at::Tensor& target) {
  at::Tensor y = target;
  if (config.label_smoothing != 0) y = y * (1 - config.label_smoothing) + config.label_smoothing / 2;
  at::Tensor losses;
  if (logits.defined()) {
    losses = at::binary_cross_entropy_with_logits(logits, y, {}, {}, at::Reduction::None);
  } else {
    const at::Tensor q = Clip(p);
    losses = -(y * (q + kEpsilon).log() + (1 - y) * (1 - q + kEpsilon).log());
  }
  const at::Tensor probability = logits.defined() ? logits.sigmoid() : p;
  // at 0, where a power below 1 has no slope, the gradient is 0
  losses = losses * (1 - (y * probability + (1 - y) * (1 - probability))).clamp_min(std::numeric_limits<float>::min()).pow(config.gamma);
  if (config.apply_class_balancing) losses = losses * (y * config.alpha + (1 - y) * (1 - config.alpha));
  return losses.mean(-1);
}

at::Tensor CategoricalFocalCrossentropyLosses(const LossConfig& config, const at::Tensor& logits, const at::Tensor& p,
                                              const at::Tensor& target) {
  at::Tensor y = target;
  if (config.label_smoothing != 0) {
    y = y * (1 - config.label_smoothing) + config.label_smoothing / static_cast<double>(y.size(-1));
  }
  const at::Tensor q = Clip(logits.defined() ? at::softmax(logits, -1) : p / p.sum(-1, true));
  return ((1 - q).pow(config.gamma) * y * q.log()).sum(-1) * -config.alpha;
}

at::Tensor KullbackLeiblerLosses(const LossConfig&, const at::Tensor&, const at::Tensor& p, const at::Tensor& target) {
  const at::Tensor y = target.clamp(kEpsilon, 1);
  return (y * (y / p.clamp(kEpsilon, 1)).log()).sum(-1);
}

}  // namespace engine::torch
