// Keras's activation functions, for the layers that have one and for the activation layers.
#pragma once

#include <string>

#include "base/graph.hpp"
#include "engine/module.hpp"
#include "engine/torch.hpp"

namespace engine {

enum class Activation {
  kLinear, kReLU, kReLU6, kSigmoid, kTanh, kSoftmax, kLogSoftmax, kSoftplus, kSoftsign, kELU, kSELU, kExponential, kGELU, kSwish,
  kHardSigmoid, kMish,
};

// Klambauer et al., "Self-normalizing neural networks" (2017); the digits that tf.keras has.
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;

/// The function named by an attribute of a layer ("relu", "linear", ...); kFeatureNotSupported naming the layer when unknown.
Activation ActivationAttribute(const base::Layer& layer, const char* name);

/// f(x), element-wise but for softmax and log_softmax (last dimension). Formulas as tf.keras 2.10 has them:
/// hard_sigmoid(x) = min(max(0.2 x + 0.5, 0), 1), gelu(x) = x * Phi(x) by erf, swish(x) = x * sigmoid(x).
at::Tensor Activate(Activation activation, const at::Tensor& x);

/// The output of a layer that ends in an activation: keeps the pre-activation of softmax (last axis) and sigmoid for the losses.
/// x must be fresh (used by nothing else, no view): relu works in place.
Value Activated(Activation activation, at::Tensor x, const at::Tensor& mask);

}  // namespace engine
