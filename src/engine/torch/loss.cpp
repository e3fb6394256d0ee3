#include "engine/torch/loss.hpp"

#include <string>

#include "base/error.hpp"
#include "definitions/loss.hpp"
#include "definitions/torchscript.hpp"
#include "engine/torch/losses/formula.hpp"
#include "engine/torch/script_function.hpp"

namespace engine::torch {

namespace {

using base::LossConfig;

Squash SquashOf(const LossConfig& config) {
  switch (definitions::DefinitionOf(config.kind).squash) {
    case definitions::Squash::kSoftmax:
      return Squash::kSoftmax;
    case definitions::Squash::kSigmoid:
      return Squash::kSigmoid;
    case definitions::Squash::kNone:
      break;
  }
  return Squash::kNone;
}

/// (batch, ..., C): a scalar output gets an axis of one.
at::Tensor WithLastAxis(const at::Tensor& values) { return values.dim() < 2 ? values.unsqueeze(-1) : values; }

/// The values that a loss takes as logits, or an undefined tensor when it must work on probabilities. An output that
/// knows its own logits is never taken for logits itself (Keras warns and does the same).
at::Tensor LogitsFor(const LossConfig& config, const Value& output) {
  const Squash own = SquashOf(config);
  if (own == Squash::kNone) return {};
  if (output.squash == own && output.logits.defined()) return WithLastAxis(output.logits);
  if (config.from_logits) return WithLastAxis(output.data);
  return {};
}

at::Tensor PositionLosses(const LossConfig& config, const Value& output, const at::Tensor& target) {
  const at::Tensor p = WithLastAxis(output.data), logits = LogitsFor(config, output);
  const bool indexes = definitions::DefinitionOf(config.kind).targets == definitions::Targets::kClassIndex;
  const at::Tensor y = target.reshape(indexes ? p.sizes().slice(0, p.dim() - 1) : p.sizes());
  switch (config.kind) {
#define CEREBRO_LOSS(name, number) \
  case base::LossKind::k##name:    \
    return name##Losses(config, logits, p, y);
#include "base/kinds.inc"
  }
  throw base::Error(base::ErrorCode::kInternal, "loss kind " + std::to_string(static_cast<int>(config.kind)) + " has no formula");
}

}  // namespace

at::Tensor RowLosses(const LossConfig& config, const Value& output, const at::Tensor& target) {
  if (config.kind == definitions::kTorchScriptLoss) {
    const at::Tensor p = WithLastAxis(output.data);
    const std::shared_ptr<const ScriptFunction> function = FunctionOf(config.name);
    const at::Tensor rows = function->Rows(target.reshape(p.sizes()), p);
    if (p.requires_grad() && !rows.requires_grad()) function->RefuseAsLoss();
    return rows;
  }
  at::Tensor losses = PositionLosses(config, output, target);
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
  const Squash own = SquashOf(config);
  if (own == Squash::kSoftmax) return output.squash == own ? output.data : at::softmax(output.data, -1);
  if (own == Squash::kSigmoid) return output.squash == own ? output.data : output.data.sigmoid();
  return output.data;
}

}  // namespace engine::torch
