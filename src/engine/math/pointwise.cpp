#include "engine/math/pointwise.hpp"

#include "engine/math/pointwise_formula.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

using pointwise::Apply;
using pointwise::Gradient;
using pointwise::LogRows;
using pointwise::LogRowsGradient;

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                        \
  CEREBRO_CLONES void Multiply(const T* a, const T* b, int64_t n, T* out) {                                          \
    for (int64_t i = 0; i < n; i++) out[i] = a[i] * b[i];                                                            \
  }                                                                                                                  \
  CEREBRO_CLONES void AddScaled(int64_t n, T scale, const T* x, T* sum) {                                            \
    for (int64_t i = 0; i < n; i++) sum[i] += scale * x[i];                                                          \
  }                                                                                                                  \
  CEREBRO_CLONES void ApplyPointwise(const PointwiseFunction& f, const T* x, int64_t n, T* y) { Apply(f, x, n, y); } \
  CEREBRO_CLONES void PointwiseGradient(const PointwiseFunction& f, const T* x, const T* g, int64_t n, T* dx) {      \
    Gradient(f, x, g, n, dx);                                                                                        \
  }                                                                                                                  \
  CEREBRO_CLONES void LogSoftmax(const T* x, int64_t rows, int64_t columns, T* y) { LogRows(x, rows, columns, y); }  \
  CEREBRO_CLONES void LogSoftmaxGradient(const T* y, const T* g, int64_t rows, int64_t columns, T* dx) {             \
    LogRowsGradient(y, g, rows, columns, dx);                                                                        \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
