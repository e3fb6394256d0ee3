#include "engine/torch/loss.hpp"

#include <limits>
#include <string>

#include "base/error.hpp"

namespace engine::torch {

namespace {

using base::LossConfig;
using base::LossKind;

constexpr double kEpsilon = 1e-7;  // keras.backend.epsilon()

bool IsCategorical(LossKind kind) { return kind == LossKind::kCategoricalCrossentropy || kind == LossKind::kSparseCategoricalCrossentropy; }

/// The values that a loss takes as logits, or an undefined tensor when it must work on probabilities. An output that knows its own logits
/// is never taken for logits itself (Keras warns and does the same).
at::Tensor LogitsFor(const LossConfig& config, const Value& output) {
  const Squash own = IsCategorical(config.kind) ? Squash::kSoftmax : Squash::kSigmoid;
  if (output.squash == own && output.logits.defined()) return output.logits;
  if (config.from_logits) return output.data;
  return {};
}

/// (batch, ..., C): a scalar output gets an axis of one.
at::Tensor WithLastAxis(const at::Tensor& values) { return values.dim() < 2 ? values.unsqueeze(-1) : values; }

at::Tensor Clip(const at::Tensor& p) { return p.clamp(kEpsilon, 1 - kEpsilon); }

// Each of these returns a loss a position: the shape of p without its last axis.

at::Tensor Categorical(const LossConfig& config, const at::Tensor& logits, const at::Tensor& p, const at::Tensor& target) {
  at::Tensor y = target;
  if (config.label_smoothing != 0) {
    y = y * (1 - config.label_smoothing) + config.label_smoothing / static_cast<double>(y.size(-1));
  }
  const at::Tensor log_q = logits.defined() ? at::log_softmax(logits, -1) : Clip(p / p.sum(-1, true)).log();
  return -(y * log_q).sum(-1);
}

at::Tensor SparseCategorical(const at::Tensor& logits, const at::Tensor& p, const at::Tensor& index) {
  const at::Tensor log_q = at::log_softmax(logits.defined() ? logits : Clip(p).log(), -1);
  const int64_t classes = log_q.size(-1);
  const at::Tensor picked = log_q.gather(-1, index.clamp(0, classes - 1).unsqueeze(-1)).squeeze(-1);
  return -picked.masked_fill((index < 0).logical_or(index >= classes), std::numeric_limits<double>::quiet_NaN());
}

at::Tensor Binary(const LossConfig& config, const at::Tensor& logits, const at::Tensor& p, const at::Tensor& target) {
  at::Tensor y = target;
  if (config.label_smoothing != 0) y = y * (1 - config.label_smoothing) + config.label_smoothing / 2;
  // LibTorch's own form: its gradient sigmoid(z) - y is right at z = 0 too, where the parts of the formula have kinks
  if (logits.defined()) return at::binary_cross_entropy_with_logits(logits, y, {}, {}, at::Reduction::None).mean(-1);
  const at::Tensor q = Clip(p);
  return -(y * (q + kEpsilon).log() + (1 - y) * (1 - q + kEpsilon).log()).mean(-1);
}

at::Tensor Huber(double delta, const at::Tensor& p, const at::Tensor& y) {
  const at::Tensor error = (p - y).abs();
  return at::where(error <= delta, error * error * 0.5, error * delta - delta * delta / 2).mean(-1);
}

at::Tensor KullbackLeibler(const at::Tensor& p, const at::Tensor& target) {
  const at::Tensor y = target.clamp(kEpsilon, 1);
  return (y * (y / p.clamp(kEpsilon, 1)).log()).sum(-1);
}

at::Tensor PlaceLosses(const LossConfig& config, const Value& output, const at::Tensor& target) {
  const at::Tensor p = WithLastAxis(output.data);
  at::Tensor logits;
  if (IsCategorical(config.kind) || config.kind == LossKind::kBinaryCrossentropy) {
    logits = LogitsFor(config, output);
    if (logits.defined()) logits = WithLastAxis(logits);
  }
  if (config.kind == LossKind::kSparseCategoricalCrossentropy) {
    return SparseCategorical(logits, p, target.reshape(p.sizes().slice(0, p.dim() - 1)));
  }
  const at::Tensor y = target.reshape(p.sizes());
  switch (config.kind) {
    case LossKind::kCategoricalCrossentropy:
      return Categorical(config, logits, p, y);
    case LossKind::kBinaryCrossentropy:
      return Binary(config, logits, p, y);
    case LossKind::kMeanSquaredError:
      return (p - y).square().mean(-1);
    case LossKind::kMeanAbsoluteError:
      return (p - y).abs().mean(-1);
    case LossKind::kHuber:
      return Huber(config.delta, p, y);
    case LossKind::kKullbackLeibler:
      return KullbackLeibler(p, y);
    case LossKind::kSparseCategoricalCrossentropy:
      break;
  }
  throw base::Error(base::ErrorCode::kInternal, "loss kind " + std::to_string(static_cast<int>(config.kind)) + " has no formula");
}

}  // namespace

at::Tensor RowLosses(const LossConfig& config, const Value& output, const at::Tensor& target) {
  at::Tensor losses = PlaceLosses(config, output, target);
  if (losses.dim() == 1) return losses;
  if (output.mask.defined()) {
    at::Tensor mask = output.mask.to(losses.scalar_type());
    while (mask.dim() < losses.dim()) mask = mask.unsqueeze(-1);
    losses = losses * mask;
  }
  return losses.flatten(1).mean(1);
}

at::Tensor Probabilities(const LossConfig& config, const Value& output) {
  if (!config.from_logits) return output.data;
  if (IsCategorical(config.kind)) return output.squash == Squash::kSoftmax ? output.data : at::softmax(output.data, -1);
  if (config.kind == LossKind::kBinaryCrossentropy) return output.squash == Squash::kSigmoid ? output.data : output.data.sigmoid();
  return output.data;
}

}  // namespace engine::torch
