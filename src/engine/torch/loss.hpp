// Losses, one value a row, differentiable. Formulas: tf.keras 2.10, of later ones Keras 2.15 (keras.losses, keras.backend).
#pragma once

#include "base/config.hpp"
#include "engine/torch/module.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// Losses of the rows of a mini-batch: a tensor (batch) of the output's type, which autograd can differentiate.
///
/// output.data: (batch, d1 .. dk); output.logits and output.squash as modules give them. target: for sparse_categorical_crossentropy
/// int64 (batch, d1 .. dk-1), trailing ones allowed; for all other losses the output's type and number of elements.
///
/// What is computed over the last axis (C elements), y = target, p = output, eps = 1e-7:
///   categorical_crossentropy  -sum y log q: from log-softmax when p is a softmax's result or when config.from_logits says that p are
///               logits, else q = clip(p / sum p, eps, 1 - eps). Label smoothing s: y (1 - s) + s / C.
///   sparse_categorical_crossentropy  the same for the class index; without logits q = clip(p) / sum clip(p), clip to [eps, 1 - eps]
///               (Keras takes a softmax over the logarithms). An index outside [0, C) gives NaN, as TensorFlow does on devices.
///   binary_crossentropy  mean of max(z, 0) - z y + log(1 + exp(-|z|)) on logits z when p is a sigmoid's result or with from_logits,
///               else of -(y log(q + eps) + (1 - y) log(1 - q + eps)), q = clip(p, eps, 1 - eps). Label smoothing s: y (1 - s) + s / 2.
///   mean_squared_error, mean_absolute_error  means. huber  mean of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2.
///   kullback_leibler_divergence  sum y log(y / p), both clipped to [eps, 1].
///   log_cosh    mean of log cosh e.  poisson  mean of p - y log(p + eps).
///   mean_absolute_percentage_error  100 times the mean of |e| / max(|y|, eps).
///   mean_squared_logarithmic_error  mean of (log(max(p, eps) + 1) - log(max(y, eps) + 1))^2.
///   cosine_similarity  -sum y p / (|y| |p|), squares of lengths counting as 1e-12 at least.
///   hinge, squared_hinge  means of m and m^2, m = max(1 - y p, 0); a target of 0 counts as -1.
///   categorical_hinge  max(1 + max (1 - y) p - sum y p, 0).
///   binary_focal_crossentropy  mean of (1 - y p - (1 - y) (1 - p))^gamma times binary_crossentropy's element, and times y alpha + (1 - y)
///               (1 - alpha) with apply_class_balancing.
///   categorical_focal_crossentropy  -alpha sum y (1 - q)^gamma log q, q = clip(p / sum p, eps, 1 - eps), p a softmax of logits.
/// Remaining axes are averaged. Where the output has a mask (batch, d1), masked positions count zero and stay in the divisor: Keras multiplies
/// sample weights by the mask and divides by the number of positions.
at::Tensor RowLosses(const base::LossConfig& config, const Value& output, const at::Tensor& target);

/// What predictions and metrics are made of: output.data, but with from_logits the softmax (categorical losses) or sigmoid (binary) of it.
at::Tensor Probabilities(const base::LossConfig& config, const Value& output);

}  // namespace engine::torch
