// The exponential and the hyperbolic tangent as straight-line code that compilers turn into vector code.
//
// exp(x) = 2^n (1 + q) with n = round(x / ln 2), r = x - n ln 2 in [-ln 2 / 2, ln 2 / 2] and q = e^r - 1 by its Taylor series: the first
// term left out is below a tenth of a unit in the last place. ln 2 is taken off in two parts, the first with so few bits that n times it
// is exact (Cody & Waite, "Software Manual for the Elementary Functions", 1980). tanh(x) = (e^2x - 1) / (e^2x + 1), with e^2x - 1 =
// 2^n q + (2^n - 1) free of cancellation.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/math/simd/clones.hpp"

namespace engine::math {

template <typename T>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  using Bits = uint32_t;
  static constexpr int kMantissa = 23;
  static constexpr int kBias = 127;
  static constexpr float kMagic = 0x1.8p23f;  // adding it rounds to an integer, which then stands in the low bits
  static constexpr float kLow = -87.3f;       // 2^n is a normal number between these
  static constexpr float kHigh = 88.0f;
  static constexpr float kLn2High = 0x1.62ep-1f;
  static constexpr float kLn2Low = 0x1.0bfbe8p-15f;
  static constexpr float kSaturated = 10.0f;  // tanh is 1 beyond
};

template <>
struct ExpConstants<double> {
  using Bits = uint64_t;
  static constexpr int kMantissa = 52;
  static constexpr int kBias = 1023;
  static constexpr double kMagic = 0x1.8p52;
  static constexpr double kLow = -708.3;
  static constexpr double kHigh = 709.0;
  static constexpr double kLn2High = 0x1.62e42feep-1;
  static constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kSaturated = 20.0;
};

/// e^r - 1 for |r| <= 0.35.
CEREBRO_INLINE float SmallExpM1(float r) {
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  return r + r * r * p;
}

CEREBRO_INLINE double SmallExpM1(double r) {
  double p = 1.0 / 6227020800;
  p = p * r + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  return r + r * r * p;
}

/// q and 2^n for kLow <= x <= kHigh; NaN gives NaN in q.
template <typename T>
CEREBRO_INLINE T ExpParts(T x, T* power) {
  using C = ExpConstants<T>;
  using Bits = typename C::Bits;
  constexpr T kInverseLn2 = static_cast<T>(0x1.71547652b82fep+0);
  const T shifted = x * kInverseLn2 + C::kMagic;
  const T n = shifted - C::kMagic;
  const T r = (x - n * C::kLn2High) - n * C::kLn2Low;
  Bits bits, magic;
  const T magic_value = C::kMagic;
  std::memcpy(&bits, &shifted, sizeof(bits));
  std::memcpy(&magic, &magic_value, sizeof(magic));
  bits = (bits - magic + C::kBias) << C::kMantissa;
  std::memcpy(power, &bits, sizeof(bits));
  return SmallExpM1(r);
}

template <typename T>
CEREBRO_INLINE T Exp(T x) {
  using C = ExpConstants<T>;
  T inside = x < C::kLow ? C::kLow : x;
  inside = inside > C::kHigh ? C::kHigh : inside;
  T power;
  const T q = ExpParts(inside, &power);
  T y = power + power * q;
  y = x < C::kLow ? T(0) : y;
  return x > C::kHigh ? std::numeric_limits<T>::infinity() : y;
}

template <typename T>
CEREBRO_INLINE T Tanh(T x) {
  using C = ExpConstants<T>;
  const T magnitude = x < 0 ? -x : x;
  const T inside = magnitude > C::kSaturated ? C::kSaturated : magnitude;
  T power;
  const T q = ExpParts(inside + inside, &power);
  const T e = power * q + (power - 1);
  const T y = e / (e + 2);
  return x < 0 ? -y : y;
}

template <typename T>
CEREBRO_INLINE T Sigmoid(T x) {
  return T(1) / (T(1) + Exp(-x));
}

}  // namespace engine::math
