// Losses of a network of kernels, with their gradients (engine/loss.hpp: the same values).
#pragma once

#include <cstdint>
#include <optional>

#include "base/config.hpp"
#include "base/tensor.hpp"
#include "engine/kernel_batch.hpp"
#include "engine/kernel_math.hpp"

namespace engine {

class KernelLoss {
 public:
  /// last: the activation at the network's end whose pre-activations could be had instead. Empty when there is no kernel: cross-entropies
  /// of values that are neither logits nor come from the matching activation, and Kullback-Leibler.
  static std::optional<KernelLoss> Make(const base::LossConfig& config, double loss_weight, const base::Shape& output_shape,
                                        KernelActivation last);

  /// True: Run wants the values before the last activation.
  bool on_logits() const { return on_logits_; }
  /// What turns the values that Run wants into predictions.
  KernelActivation squash() const { return squash_; }
  bool sparse() const { return config_.kind == base::LossKind::kSparseCategoricalCrossentropy; }
  int64_t places() const { return places_; }    // of a row: the product of all dimensions but the last
  int64_t classes() const { return classes_; }  // the last dimension

  /// Returns the sum over the rows of their weighted losses, added in double in the order of the rows; values, (rows, places, classes),
  /// become the gradient of the batch's loss: that sum over the number of rows. factors, losses: rows * places elements of scratch.
  template <typename T>
  double Run(const KernelBatch<T>& batch, T* values, T* factors, T* losses) const;

 private:
  base::LossConfig config_;
  double weight_ = 1;
  int64_t places_ = 1;
  int64_t classes_ = 1;
  bool on_logits_ = false;
  KernelActivation squash_ = KernelActivation::kLinear;
};

}  // namespace engine
