#include "engine/torch/constraint.hpp"

namespace engine::torch {

namespace {

constexpr double kNormEpsilon = 1e-7;  // Keras's backend.epsilon()

}  // namespace

double RegularizerLoss(const Regularizer& regularizer, const at::Tensor& weight) {
  double loss = 0;
  if (regularizer.l1 != 0) loss += regularizer.l1 * at::sum(at::abs(weight)).item<double>();
  if (regularizer.l2 != 0) loss += regularizer.l2 * at::sum(weight * weight).item<double>();
  if (regularizer.orthogonal != 0) {
    loss += weight.scalar_type() == at::kDouble ? math::OrthogonalPenalty(weight.data_ptr<double>(), regularizer.vectors, regularizer.orthogonal)
                                                : math::OrthogonalPenalty(weight.data_ptr<float>(), regularizer.vectors, regularizer.orthogonal);
  }
  return loss;
}

void AddRegularizerGradient(const Regularizer& regularizer, const at::Tensor& weight, at::Tensor* gradient) {
  if (regularizer.l1 != 0) gradient->add_(at::sign(weight), regularizer.l1);
  if (regularizer.l2 != 0) gradient->add_(weight, 2 * regularizer.l2);
  if (regularizer.orthogonal == 0) return;
  if (weight.scalar_type() == at::kDouble) {
    math::AddOrthogonalGradient(weight.data_ptr<double>(), regularizer.vectors, regularizer.orthogonal, gradient->data_ptr<double>());
  } else {
    math::AddOrthogonalGradient(weight.data_ptr<float>(), regularizer.vectors, regularizer.orthogonal, gradient->data_ptr<float>());
  }
}

void ApplyConstraint(const Constraint& constraint, at::Tensor* weight) {
  using Kind = Constraint::Kind;
  if (constraint.kind == Kind::kNone) return;
  if (constraint.kind == Kind::kNonNeg) {
    weight->clamp_min_(0);
    return;
  }
  const at::Tensor norms = at::sqrt(at::sum(*weight * *weight, constraint.axis, true));
  if (constraint.kind == Kind::kUnitNorm) {
    weight->div_(norms + kNormEpsilon);
    return;
  }
  at::Tensor wanted = constraint.kind == Kind::kMaxNorm
                          ? at::clamp(norms, 0.0, constraint.high)
                          : at::clamp(norms, constraint.low, constraint.high) * constraint.rate + norms * (1 - constraint.rate);
  weight->mul_(wanted / (norms + kNormEpsilon));
}

}  // namespace engine::torch
