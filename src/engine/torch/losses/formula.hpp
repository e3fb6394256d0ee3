// The formulas of the losses, one a loss. engine/torch/loss.hpp writes them out.
//
// Adding a loss: a line in base/kinds.inc, its definition (definitions/loss.hpp), and a file in this folder that
// defines <name>Losses.
#pragma once

#include "base/config.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

constexpr double kEpsilon = 1e-7;  // keras.backend.epsilon()

/// A loss a position: the shape of p without its last axis. p: the output, (batch, ..., C). logits: what the
/// definition's squash turns into p, undefined where it isn't known. target: the shape of p, or for a loss of class
/// indexes int64 of the result's shape.
#define CEREBRO_LOSS(name, number) \
  at::Tensor name##Losses(const base::LossConfig& config, const at::Tensor& logits, const at::Tensor& p, const at::Tensor& target);
#include "base/kinds.inc"

}  // namespace engine::torch
