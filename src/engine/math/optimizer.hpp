// Optimizers: one pass over a parameter tensor, its gradient and its slots a step.
//
// Rules: tf.keras 2.10 (keras.optimizers.optimizer_v2 and the TensorFlow kernels behind it), for optimizers that are
// newer Keras 2.15 or 3; they are written out beside each kernel in optimizers/. With a weight decay any of them is
// preceded by w -= lr * weight_decay * w, as in Keras since 2.11.
//
// Arithmetic: scalars (bias corrections, schedules) are computed in double and rounded once to T; elements are computed
// in T, without fused multiply-add, each by itself. A value therefore depends on its own weight, gradient and slots
// only, not on its position in the tensor, the tensor's alignment or length, or the vector width of the machine. LAMB
// alone looks at the whole tensor: at its norm, summed up in double in a fixed order. No LibTorch here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/config.hpp"

namespace engine::math {

constexpr size_t kMaxSlots = 3;
constexpr int kMaxCoefficients = 8;

/// The scalars of one optimizer step, by an enum of the optimizer's own. They are worked out in double and rounded
/// once.
template <typename T>
struct Coefficients {
  T values[kMaxCoefficients] = {};
  constexpr T operator[](int which) const { return values[which]; }
  constexpr T& operator[](int which) { return values[which]; }
};

/// One pass over a tensor. w, g: n elements; slots as the definition lists them.
template <typename T>
using UpdateKernel = void (*)(Coefficients<T> k, T* w, const T* g, T* const* slots, int64_t n);

/// Names of the optimizer's slots, in the order in which ApplyUpdate takes them; each has the shape of its weight. They
/// are its definition's (definitions/optimizer.hpp), kMaxSlots at most.
std::vector<std::string> SlotNames(const base::OptimizerConfig& config);

/// What a new slot, by its position in SlotNames, is filled with.
double SlotInitialValue(const base::OptimizerConfig& config, size_t slot);

/// Whether the weight decay is for the weight "<layer>/<name>": none of exclude_from_weight_decay occurs in it.
bool Decays(const base::OptimizerConfig& config, const std::string& weight);

/// One optimizer step on one tensor, in place. T: float or double.
///   learning_rate: LearningRate(config, step), the step's scheduled rate before any bias correction.
///   step: optimizer steps done before this one (0 at the first).
///   w, grad, slots[0 .. SlotNames().size()): n elements each; no two may overlap. Any alignment of T is fine.
///   decays: Decays of the weight.
/// Clipping is not applied here (ClipGradients), nor regularisers and constraints.
template <typename T>
void ApplyUpdate(const base::OptimizerConfig& config, double learning_rate, uint64_t step, T* w, const T* grad, T* const* slots, int64_t n,
                 bool decays = true);

/// The rule and the scalars of one step, for many tensors: what ApplyUpdate works out anew for each.
template <typename T>
class UpdateRule {
 public:
  UpdateRule(const base::OptimizerConfig& config, double learning_rate, uint64_t step);
  /// As ApplyUpdate.
  void Apply(T* w, const T* grad, T* const* slots, int64_t n, bool decays) const;
  /// Whether Apply must be given whole tensors. The others move every element by itself, so that parts do.
  bool whole() const { return whole_; }

 private:
  UpdateKernel<T> kernel_ = nullptr;
  Coefficients<T> coefficients_;
  T shrink_ = 0;  // of the weight decay
  bool whole_ = false;
};

/// What an UpdateRule<float> is made of, for those who apply it elsewhere (engine/device).
struct StepScalars {
  Coefficients<float> coefficients;
  float shrink = 0;  // of the weight decay
};
StepScalars ScalarsOf(const base::OptimizerConfig& config, double learning_rate, uint64_t step);

/// One gradient tensor, laid out without gaps.
template <typename T>
struct GradientView {
  T* data = nullptr;
  int64_t n = 0;
};

/// True when the configuration clips: ClipGradients would do anything.
bool ClipsGradients(const base::OptimizerConfig& config);

/// Clips the gradients of one model in place, as Keras does: clipvalue to [-c, c] (NaN stays NaN), then clipnorm tensor
/// by tensor (g * c / max(norm, c)), then global_clipnorm over all tensors (g * c / max(norm, c)). Norms are sums of
/// squares in double in a fixed order. Gradients under a norm that is NaN or infinite become NaN throughout, so that
/// divergence is seen and not hidden.
template <typename T>
void ClipGradients(const base::OptimizerConfig& config, const std::vector<GradientView<T>>& gradients);

/// Sum of squares in double, in an order that depends on n only: sixteen running sums (element i goes to sum i mod 16),
/// added pairwise at the end. The same bits on every instruction set.
template <typename T>
double SumOfSquares(const T* values, int64_t n);

}  // namespace engine::math
