// Keras's activation functions, for the layers that have one and for the activation layers.
#pragma once

#include "engine/api/layer_arguments.hpp"
#include "engine/torch/module.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// f(x), element-wise but for softmax and log_softmax (last dimension). Formulas as tf.keras 2.10 has them:
/// hard_sigmoid(x) = min(max(0.2 x + 0.5, 0), 1), gelu(x) = x * Phi(x) by erf, swish(x) = x * sigmoid(x).
at::Tensor Activate(Activation activation, const at::Tensor& x);

/// The output of a layer that ends in an activation: keeps the pre-activation of softmax (last axis) and sigmoid for the losses.
/// x must be fresh (used by nothing else, no view): relu works in place.
Value Activated(Activation activation, at::Tensor x, const at::Tensor& mask);

}  // namespace engine::torch
