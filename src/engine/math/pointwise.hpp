// Element-wise functions: products, and activation functions whose gradients are made from their arguments. Overloads for float and double.
#pragma once

#include <cstdint>

namespace engine::math {

enum class Pointwise {
  kReLU,
  kReLU6,
  kELU,
  kExponential,
  kSoftplus,
  kSoftsign,
  kGELU,
  kSwish,
  kHardSigmoid,
  kMish,
};

/// kReLU: x > threshold ? x : slope * (x - threshold), at most `limit`. kELU: x > 0 ? scale * x : scale * alpha * (e^x - 1).
struct PointwiseFunction {
  Pointwise kind = Pointwise::kReLU;
  double slope = 0;
  double threshold = 0;
  double limit = 0;  // infinity: none
  double alpha = 1;
  double scale = 1;
};

#define CEREBRO_KERNELS_OF(T)                                                                   \
  /** out = a * b, n elements; out may be a. */                                                 \
  void Multiply(const T* a, const T* b, int64_t n, T* out);                                     \
  /** sum += scale * x, n elements. */                                                          \
  void AddScaled(int64_t n, T scale, const T* x, T* sum);                                       \
  /** y = f(x), n elements. */                                                                  \
  void ApplyPointwise(const PointwiseFunction& f, const T* x, int64_t n, T* y);                 \
  /** dx = g * f'(x); at a kink what LibTorch's autograd takes. */                              \
  void PointwiseGradient(const PointwiseFunction& f, const T* x, const T* g, int64_t n, T* dx); \
  /** y = log(softmax(x)) over the rows; dx: its gradient. */                                   \
  void LogSoftmax(const T* x, int64_t rows, int64_t columns, T* y);                             \
  void LogSoftmaxGradient(const T* y, const T* g, int64_t rows, int64_t columns, T* dx)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine::math
