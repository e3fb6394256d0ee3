// Keras's weight regularisers and constraints on single tensors.
#pragma once

#include "engine/api/constraint.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// weight: in the host's memory without gaps.
double RegularizerLoss(const Regularizer& regularizer, const at::Tensor& weight);
/// gradient += l1 * sign(w) + 2 * l2 * w, and the slope of the orthogonal penalty. Both as above.
void AddRegularizerGradient(const Regularizer& regularizer, const at::Tensor& weight, at::Tensor* gradient);

/// Makes the weight satisfy the constraint, as after an optimizer step.
void ApplyConstraint(const Constraint& constraint, at::Tensor* weight);

}  // namespace engine::torch
