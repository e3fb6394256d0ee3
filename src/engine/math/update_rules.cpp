#include "engine/math/update_rules.hpp"

#include <cmath>

#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

// Bodies. Sources: TensorFlow's training_ops (ResourceApplyKerasMomentum, ApplyAdam, ApplyAdamWithAmsgrad, ApplyRMSProp,
// ApplyCenteredRMSProp, ApplyAdagradV2) and, for RMSprop without momentum, keras.optimizers.optimizer_v2.rmsprop.

template <typename T>
CEREBRO_INLINE void Sgd(Coefficients<T> k, T* __restrict w, const T* __restrict g, int64_t n) {
  for (int64_t i = 0; i < n; i++) w[i] -= k.rate * g[i];
}

template <typename T, bool kNesterov>
CEREBRO_INLINE void Momentum(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accum, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T move = k.rate * g[i];
    const T a = accum[i] * k.momentum - move;
    accum[i] = a;
    w[i] += kNesterov ? a * k.momentum - move : a;
  }
}

template <typename T, bool kDecay>
CEREBRO_INLINE void Adam(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict v, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T mi = m[i] + (g[i] - m[i]) * k.one_minus_first;
    const T vi = v[i] + (g[i] * g[i] - v[i]) * k.one_minus_second;
    const T wi = kDecay ? w[i] - w[i] * k.shrink : w[i];
    m[i] = mi;
    v[i] = vi;
    w[i] = wi - mi * k.rate / (std::sqrt(vi) + k.epsilon);
  }
}

template <typename T, bool kDecay>
CEREBRO_INLINE void AdamAmsgrad(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict v,
                                T* __restrict vhat, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T mi = m[i] + (g[i] - m[i]) * k.one_minus_first;
    const T vi = v[i] + (g[i] * g[i] - v[i]) * k.one_minus_second;
    const T hi = vi <= vhat[i] ? vhat[i] : vi;  // a NaN goes on
    const T wi = kDecay ? w[i] - w[i] * k.shrink : w[i];
    m[i] = mi;
    v[i] = vi;
    vhat[i] = hi;
    w[i] = wi - mi * k.rate / (std::sqrt(hi) + k.epsilon);
  }
}

template <typename T>
CEREBRO_INLINE void Rmsprop(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = k.rho * rms[i] + k.one_minus_second * (g[i] * g[i]);
    rms[i] = r;
    w[i] -= k.rate * g[i] / (std::sqrt(r) + k.epsilon);
  }
}

// The variance estimate rms - mg^2 is not negative but for rounding, where Keras would take the root of a negative number: 0 instead.
template <typename T>
CEREBRO_INLINE T Variance(T rms, T mg) {
  const T variance = rms - mg * mg;
  return variance < 0 ? T(0) : variance;
}

template <typename T>
CEREBRO_INLINE void RmspropCentered(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms, T* __restrict mg,
                                    int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = k.rho * rms[i] + k.one_minus_second * (g[i] * g[i]);
    const T a = k.rho * mg[i] + k.one_minus_second * g[i];
    rms[i] = r;
    mg[i] = a;
    w[i] -= k.rate * g[i] / (std::sqrt(Variance(r, a)) + k.epsilon);
  }
}

// With momentum, epsilon stands under the root.
template <typename T>
CEREBRO_INLINE void RmspropMomentum(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms, T* __restrict momentum,
                                    int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = rms[i] + (g[i] * g[i] - rms[i]) * k.one_minus_second;
    const T a = momentum[i] * k.momentum + g[i] * k.rate / std::sqrt(r + k.epsilon);
    rms[i] = r;
    momentum[i] = a;
    w[i] -= a;
  }
}

template <typename T>
CEREBRO_INLINE void RmspropCenteredMomentum(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict rms,
                                            T* __restrict momentum, T* __restrict mg, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T r = rms[i] + (g[i] * g[i] - rms[i]) * k.one_minus_second;
    const T a = mg[i] + (g[i] - mg[i]) * k.one_minus_second;
    const T b = momentum[i] * k.momentum + g[i] * k.rate / std::sqrt(Variance(r, a) + k.epsilon);
    rms[i] = r;
    mg[i] = a;
    momentum[i] = b;
    w[i] -= b;
  }
}

template <typename T>
CEREBRO_INLINE void Adagrad(Coefficients<T> k, T* __restrict w, const T* __restrict g, T* __restrict accumulator, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const T a = accumulator[i] + g[i] * g[i];
    accumulator[i] = a;
    w[i] -= g[i] * k.rate / (std::sqrt(a) + k.epsilon);
  }
}

template <typename T>
CEREBRO_INLINE void Squares(const T* __restrict values, int64_t n, double* __restrict sums) {
  double lanes[kSquareLanes];
  for (int j = 0; j < kSquareLanes; j++) lanes[j] = sums[j];
  int64_t i = 0;
  for (; i + kSquareLanes <= n; i += kSquareLanes) {
    for (int j = 0; j < kSquareLanes; j++) {
      const double x = static_cast<double>(values[i + j]);
      lanes[j] += x * x;
    }
  }
  for (int j = 0; i < n; i++, j++) {
    const double x = static_cast<double>(values[i]);
    lanes[j] += x * x;
  }
  for (int j = 0; j < kSquareLanes; j++) sums[j] = lanes[j];
}

template <typename T>
CEREBRO_INLINE void Clamp(T* values, int64_t n, T limit) {
  for (int64_t i = 0; i < n; i++) {
    const T x = values[i];
    const T low = x < -limit ? -limit : x;
    values[i] = low > limit ? limit : low;
  }
}

template <typename T>
CEREBRO_INLINE void Scale(T* values, int64_t n, T factor) {
  for (int64_t i = 0; i < n; i++) values[i] *= factor;
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE(T, name, ...) \
  CEREBRO_CLONES void name(Coefficients<T> k, T* w, const T* g, T* const* s, int64_t n) { __VA_ARGS__; }

#define CEREBRO_DEFINE_ALL(T)                                                                             \
  CEREBRO_DEFINE(T, UpdateSgd, (void)s; Sgd(k, w, g, n))                                                  \
  CEREBRO_DEFINE(T, UpdateMomentum, Momentum<T, false>(k, w, g, s[0], n))                                 \
  CEREBRO_DEFINE(T, UpdateNesterov, Momentum<T, true>(k, w, g, s[0], n))                                  \
  CEREBRO_DEFINE(T, UpdateAdam, Adam<T, false>(k, w, g, s[0], s[1], n))                                   \
  CEREBRO_DEFINE(T, UpdateAdamW, Adam<T, true>(k, w, g, s[0], s[1], n))                                   \
  CEREBRO_DEFINE(T, UpdateAdamAmsgrad, AdamAmsgrad<T, false>(k, w, g, s[0], s[1], s[2], n))               \
  CEREBRO_DEFINE(T, UpdateAdamWAmsgrad, AdamAmsgrad<T, true>(k, w, g, s[0], s[1], s[2], n))               \
  CEREBRO_DEFINE(T, UpdateRmsprop, Rmsprop(k, w, g, s[0], n))                                             \
  CEREBRO_DEFINE(T, UpdateRmspropCentered, RmspropCentered(k, w, g, s[0], s[1], n))                       \
  CEREBRO_DEFINE(T, UpdateRmspropMomentum, RmspropMomentum(k, w, g, s[0], s[1], n))                       \
  CEREBRO_DEFINE(T, UpdateRmspropCenteredMomentum, RmspropCenteredMomentum(k, w, g, s[0], s[1], s[2], n)) \
  CEREBRO_DEFINE(T, UpdateAdagrad, Adagrad(k, w, g, s[0], n))                                             \
  CEREBRO_CLONES void AddSquares(const T* values, int64_t n, double* sums) { Squares(values, n, sums); }  \
  CEREBRO_CLONES void ClampValues(T* values, int64_t n, T limit) { Clamp(values, n, limit); }             \
  CEREBRO_CLONES void ScaleValues(T* values, int64_t n, T factor) { Scale(values, n, factor); }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
