// Activation functions that a layer applies to its own results, whose gradients are made from the results. Matrices are row-major without
// gaps.
//
// Every value is made by the same operations in the same order wherever it lies and however wide the vectors are
// (engine/math/simd/clones.hpp): element-wise loops treat each element by itself, sums run in an order that depends on the number of their
// terms only. Overloads for float and double.
#pragma once

#include <cstdint>

namespace engine::math {

/// An activation at a layer's end. Those that need the pre-activations for their gradients are in pointwise.hpp.
enum class FusedActivation { kLinear, kReLU, kSigmoid, kTanh, kSoftmax };

#define CEREBRO_KERNELS_OF(T)                                                                                                    \
  /** y[i] = f(y[i] + bias) over (rows, columns); bias: one entry a column, or nullptr. Softmax is over the row. */              \
  void BiasActivation(FusedActivation activation, const T* bias, int64_t rows, int64_t columns, T* y);                           \
  /** gradient *= f'(.), from the activation's results y. */                                                                     \
  void ActivationGradient(FusedActivation activation, const T* y, int64_t rows, int64_t columns, T* gradient);                   \
  /** y = exp(x), in place; within 2 units in the last place; 0 below the smallest normal number, infinity above the largest. */ \
  void Exponentials(int64_t n, T* x);                                                                                            \
  /** y = tanh(x), in place; within 4 units in the last place. */                                                                \
  void Tangents(int64_t n, T* x)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine::math
