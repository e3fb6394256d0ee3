// Losses with their gradients, and the weights' regularisers. Same bits everywhere, as activations.hpp says. Overloads
// for float and double.
#pragma once

#include <cstdint>

#include "base/config.hpp"

namespace engine::math {

/// Arguments of the focal cross-entropies.
template <typename T>
struct FocalNumbers {
  T alpha = 0, gamma = 0, smoothing = 0;
  bool balanced = false;
};

#define CEREBRO_KERNELS_OF(T)                                                                                                     \
  /** gradient += l1 * sign(w) + l2_twice * w. */                                                                                 \
  void AddRegularizer(const T* w, int64_t n, T l1, T l2_twice, T* gradient);                                                      \
  /** l1 * sum |w| + l2 * sum w^2, in double: sixteen running sums (engine/math/optimizer.hpp, SumOfSquares). */                  \
  double RegularizerSum(const T* w, int64_t n, double l1, double l2);                                                             \
                                                                                                                                  \
  /* Losses (engine/torch/loss.hpp has the formulas): losses[i] = loss of position i; values becomes the gradient of              \
     sum over i of factors[i] * losses[i] with respect to them. values: (positions, classes). */                                  \
  void CategoricalLoss(T smoothing, const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses); \
  void SparseCategoricalLoss(const int64_t* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);  \
  void BinaryLoss(T smoothing, const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);      \
  void SquaredLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);                  \
  void AbsoluteLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);                 \
  void HuberLoss(T delta, const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);           \
  void LogCoshLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);                  \
  void PoissonLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);                  \
  void PercentageLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);               \
  void LogarithmicLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);              \
  void CosineLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);                   \
  void HingeLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);                    \
  void SquaredHingeLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);             \
  void CategoricalHingeLoss(const T* target, const T* factors, int64_t positions, int64_t classes, T* values, T* losses);         \
  void BinaryFocalLoss(const FocalNumbers<T>& numbers, const T* target, const T* factors, int64_t positions, int64_t classes,     \
                       T* values, T* losses);                                                                                     \
  void CategoricalFocalLoss(const FocalNumbers<T>& numbers, const T* target, const T* factors, int64_t positions,                 \
                            int64_t classes, T* values, T* losses)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

/// Any of these losses. It takes class indexes where its definition says so, else targets; the other one is not read.
template <typename T>
using LossKernel = void (*)(const base::LossConfig& config, const T* target, const int64_t* index, const T* factors, int64_t positions,
                            int64_t classes, T* values, T* losses);

/// nullptr when the loss has no hand-written gradient.
template <typename T>
LossKernel<T> FindLossKernel(base::LossKind kind);

}  // namespace engine::math
