// Element-wise loops and reductions of the hand-written forward and backward passes. All matrices are row-major without gaps.
//
// Every value is made by the same operations in the same order wherever it lies and however wide the vectors are (engine/clones.hpp):
// element-wise loops treat each element by itself, sums run in an order that depends on the number of their terms only. Overloads for
// float and double.
#pragma once

#include <cstdint>

namespace engine {

/// Activation functions that have kernels.
enum class KernelActivation { kLinear, kReLU, kSigmoid, kTanh, kSoftmax };

#define CEREBRO_KERNELS_OF(T)                                                                                                         \
  /** y[i] = f(y[i] + bias) over (rows, columns); bias: one entry a column, or nullptr. Softmax is over the row. */                   \
  void BiasActivation(KernelActivation activation, const T* bias, int64_t rows, int64_t columns, T* y);                               \
  /** gradient *= f'(.), from the activation's results y. */                                                                          \
  void ActivationGradient(KernelActivation activation, const T* y, int64_t rows, int64_t columns, T* gradient);                       \
  /** out = a * b, n elements; out may be a. */                                                                                       \
  void Multiply(const T* a, const T* b, int64_t n, T* out);                                                                           \
  /** gradient += l1 * sign(w) + l2_twice * w. */                                                                                     \
  void AddRegularizer(const T* w, int64_t n, T l1, T l2_twice, T* gradient);                                                          \
  /** l1 * sum |w| + l2 * sum w^2, in double: sixteen running sums (engine/optimizer.hpp, SumOfSquares). */                           \
  double RegularizerSum(const T* w, int64_t n, double l1, double l2);                                                                 \
  /** y = exp(x), in place; within 2 units in the last place; 0 below the smallest normal number, infinity above the largest. */      \
  void Exponentials(int64_t n, T* x);                                                                                                 \
  /** y = tanh(x), in place; within 4 units in the last place. */                                                                     \
  void Tangents(int64_t n, T* x);                                                                                                     \
                                                                                                                                      \
  /* Losses (engine/loss.hpp has the formulas): losses[i] = loss of place i; values becomes the gradient of                             \
     sum over i of factors[i] * losses[i] with respect to them. values: (places, classes). */                                          \
  void CategoricalLoss(T smoothing, const T* target, const T* factors, int64_t places, int64_t classes, T* values, T* losses);        \
  void SparseCategoricalLoss(const int64_t* target, const T* factors, int64_t places, int64_t classes, T* values, T* losses);         \
  void BinaryLoss(T smoothing, const T* target, const T* factors, int64_t places, int64_t classes, T* values, T* losses);             \
  void SquaredLoss(const T* target, const T* factors, int64_t places, int64_t classes, T* values, T* losses);                         \
  void AbsoluteLoss(const T* target, const T* factors, int64_t places, int64_t classes, T* values, T* losses);                        \
  void HuberLoss(T delta, const T* target, const T* factors, int64_t places, int64_t classes, T* values, T* losses)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine
