// Losses of the native trainer, with their gradients (engine/torch/loss.hpp: the same values).
#pragma once

#include <cstdint>
#include <optional>

#include "base/config.hpp"
#include "base/tensor.hpp"
#include "engine/math/activations.hpp"
#include "engine/native/batch.hpp"

namespace engine::native {

class Loss {
 public:
  /// last: the activation at the network's end whose pre-activations could be had instead. Empty when the native
  /// trainer has no such loss: one without a kernel, and cross-entropies of values that are neither logits nor come
  /// from the matching activation.
  static std::optional<Loss> Make(const base::LossConfig& config, double loss_weight, const base::Shape& output_shape,
                                  math::FusedActivation last);

  /// True: Run wants the values before the last activation.
  bool on_logits() const { return on_logits_; }
  /// What makes predictions of the values that Run wants.
  math::FusedActivation squash() const { return squash_; }
  bool sparse() const { return sparse_; }  // takes class indexes
  int64_t positions() const { return positions_; }  // of a row: the product of all dimensions but the last
  int64_t classes() const { return classes_; }      // the last dimension

  /// Returns the sum over the rows of their weighted losses, added in double in the order of the rows; values, (rows,
  /// positions, classes), become the gradient of the batch's loss: that sum over the number of rows. target: the
  /// output's in the batch. factors, losses: rows * positions elements of scratch. mask: nullptr, or 1 for what counts and
  /// 0 for what does not, `mask_elements` a row, each for as many positions.
  template <typename T>
  double Run(const Batch<T>& batch, const Target<T>& target, T* values, T* factors, T* losses, const T* mask, int64_t mask_elements) const;

 private:
  base::LossConfig config_;
  double weight_ = 1;
  int64_t positions_ = 1;
  int64_t classes_ = 1;
  bool on_logits_ = false;
  bool sparse_ = false;
  math::FusedActivation squash_ = math::FusedActivation::kLinear;
};

}  // namespace engine::native
