// Element-wise activation functions.
// The formulas: loops that are compiled for each instruction set of the processor, and for devices one element or
// position at a time (engine/device).
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/math/pointwise.hpp"
#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"

namespace engine::math::pointwise {

// Above this, softplus(x) = x (engine/torch/layers/activation.cpp).
constexpr double kLinear = 40.0;

template <typename T>
CEREBRO_INLINE T Softplus(T x) {
  return x > T(kLinear) ? x : std::log1p(Exp(x));
}

template <typename T>
CEREBRO_INLINE T NormalDistribution(T x) {
  return T(0.5) * (T(1) + std::erf(x * static_cast<T>(M_SQRT1_2)));
}

template <typename T>
CEREBRO_INLINE void Apply(const PointwiseFunction& f, const T* __restrict x, int64_t n, T* __restrict y) {
  const T slope = static_cast<T>(f.slope), threshold = static_cast<T>(f.threshold), limit = static_cast<T>(f.limit);
  const T scale = static_cast<T>(f.scale), below = static_cast<T>(f.scale * f.alpha);
  switch (f.kind) {
    case Pointwise::kReLU:
      for (int64_t i = 0; i < n; i++) {
        const T v = x[i] <= threshold ? slope * (x[i] - threshold) : x[i];  // a NaN goes on
        y[i] = v > limit ? limit : v;
      }
      break;
    case Pointwise::kReLU6:
      for (int64_t i = 0; i < n; i++) {
        const T v = x[i] < 0 ? T(0) : x[i];
        y[i] = v > 6 ? T(6) : v;
      }
      break;
    case Pointwise::kELU:
      for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? (Exp(x[i]) - T(1)) * below : x[i] * scale;
      break;
    case Pointwise::kExponential:
      for (int64_t i = 0; i < n; i++) y[i] = Exp(x[i]);
      break;
    case Pointwise::kSoftplus:
      for (int64_t i = 0; i < n; i++) y[i] = Softplus(x[i]);
      break;
    case Pointwise::kSoftsign:
      for (int64_t i = 0; i < n; i++) y[i] = x[i] / ((x[i] < 0 ? -x[i] : x[i]) + T(1));
      break;
    case Pointwise::kGELU:
      for (int64_t i = 0; i < n; i++) y[i] = x[i] * NormalDistribution(x[i]);
      break;
    case Pointwise::kSwish:
      for (int64_t i = 0; i < n; i++) y[i] = x[i] * Sigmoid(x[i]);
      break;
    case Pointwise::kHardSigmoid:
      for (int64_t i = 0; i < n; i++) {
        const T v = x[i] * T(0.2) + T(0.5);
        const T low = v < 0 ? T(0) : v;
        y[i] = low > 1 ? T(1) : low;
      }
      break;
    case Pointwise::kMish:
      for (int64_t i = 0; i < n; i++) y[i] = x[i] * Tanh(Softplus(x[i]));
      break;
  }
}

template <typename T>
CEREBRO_INLINE void Gradient(const PointwiseFunction& f, const T* __restrict x, const T* __restrict g, int64_t n,
                             T* __restrict dx) {
  const T slope = static_cast<T>(f.slope), threshold = static_cast<T>(f.threshold), limit = static_cast<T>(f.limit);
  const T scale = static_cast<T>(f.scale), below = static_cast<T>(f.scale * f.alpha);
  switch (f.kind) {
    case Pointwise::kReLU:
      for (int64_t i = 0; i < n; i++) {
        const T v = x[i] <= threshold ? slope * (x[i] - threshold) : x[i];
        const T d = x[i] <= threshold ? slope : T(1);
        dx[i] = v > limit ? T(0) : g[i] * d;
      }
      break;
    case Pointwise::kReLU6:
      for (int64_t i = 0; i < n; i++) dx[i] = x[i] < 0 || x[i] > 6 ? T(0) : g[i];
      break;
    case Pointwise::kELU:
      for (int64_t i = 0; i < n; i++) dx[i] = g[i] * (x[i] <= 0 ? Exp(x[i]) * below : scale);
      break;
    case Pointwise::kExponential:
      for (int64_t i = 0; i < n; i++) dx[i] = g[i] * Exp(x[i]);
      break;
    case Pointwise::kSoftplus:
      for (int64_t i = 0; i < n; i++) dx[i] = x[i] > T(kLinear) ? g[i] : g[i] * Sigmoid(x[i]);
      break;
    case Pointwise::kSoftsign:
      for (int64_t i = 0; i < n; i++) {
        const T d = (x[i] < 0 ? -x[i] : x[i]) + T(1);
        dx[i] = g[i] / (d * d);
      }
      break;
    case Pointwise::kGELU:
      for (int64_t i = 0; i < n; i++) {
        const T density = static_cast<T>(M_2_SQRTPI * M_SQRT1_2 / 2) * Exp(T(-0.5) * x[i] * x[i]);
        dx[i] = g[i] * (NormalDistribution(x[i]) + x[i] * density);
      }
      break;
    case Pointwise::kSwish:
      for (int64_t i = 0; i < n; i++) {
        const T s = Sigmoid(x[i]);
        dx[i] = g[i] * (s * (T(1) + x[i] * (T(1) - s)));
      }
      break;
    case Pointwise::kHardSigmoid:
      for (int64_t i = 0; i < n; i++) {
        const T v = x[i] * T(0.2) + T(0.5);
        dx[i] = v < 0 || v > 1 ? T(0) : g[i] * T(0.2);
      }
      break;
    case Pointwise::kMish:
      for (int64_t i = 0; i < n; i++) {
        const T t = Tanh(Softplus(x[i]));
        const T s = x[i] > T(kLinear) ? T(1) : Sigmoid(x[i]);
        dx[i] = g[i] * (t + x[i] * (T(1) - t * t) * s);
      }
      break;
  }
}

template <typename T>
CEREBRO_INLINE void LogRows(const T* __restrict x, int64_t rows, int64_t columns, T* __restrict y) {
  for (int64_t i = 0; i < rows; i++) {
    const T* from = x + i * columns;
    T* to = y + i * columns;
    T max = from[0];
    for (int64_t j = 1; j < columns; j++) max = from[j] > max ? from[j] : max;
    for (int64_t j = 0; j < columns; j++) to[j] = Exp(from[j] - max);
    T sum = 0;
    for (int64_t j = 0; j < columns; j++) sum += to[j];
    const T shift = max + std::log(sum);
    for (int64_t j = 0; j < columns; j++) to[j] = from[j] - shift;
  }
}

template <typename T>
CEREBRO_INLINE void LogRowsGradient(const T* __restrict y, const T* __restrict g, int64_t rows, int64_t columns,
                                    T* __restrict dx) {
  for (int64_t i = 0; i < rows; i++) {
    const int64_t at = i * columns;
    T sum = 0;
    for (int64_t j = 0; j < columns; j++) sum += g[at + j];
    for (int64_t j = 0; j < columns; j++) dx[at + j] = g[at + j] - Exp(y[at + j]) * sum;
  }
}

}  // namespace engine::math::pointwise
