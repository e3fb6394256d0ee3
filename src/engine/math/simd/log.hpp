// The natural logarithm as straight-line code that compilers turn into vector code: the same bits on every instruction
// set, which the C library's is not.
//
// x = 2^n m with m in [sqrt(1/2), sqrt(2)), and with s = (m - 1) / (m + 1)
//   log m = 2 artanh s = 2 s (1 + s^2 / 3 + s^4 / 5 + ...),  |s| <= 0.172
// by its Taylor series: the first term left out is below a tenth of a unit in the last place. n log 2 is added in two
// parts, the first with so few bits that n times it is exact (as in exp.hpp).
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"

namespace engine::math {

/// 1 / 3 + z / 5 + z^2 / 7 + ... for 0 <= z <= 0.03.
CEREBRO_INLINE float ArtanhTail(float z) {
  float p = 1.0f / 11;
  p = p * z + 1.0f / 9;
  p = p * z + 1.0f / 7;
  p = p * z + 1.0f / 5;
  return p * z + 1.0f / 3;
}

CEREBRO_INLINE double ArtanhTail(double z) {
  double p = 1.0 / 23;
  p = p * z + 1.0 / 21;
  p = p * z + 1.0 / 19;
  p = p * z + 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  return p * z + 1.0 / 3;
}

/// Within 3 units in the last place. Numbers below the smallest normal one count as 0: minus infinity. A negative one
/// gives NaN.
template <typename T>
CEREBRO_INLINE T Log(T x) {
  using C = ExpConstants<T>;
  using Bits = typename C::Bits;
  using Signed = std::make_signed_t<Bits>;
  constexpr T kRootOfHalf = static_cast<T>(0x1.6a09e667f3bcdp-1);
  Bits bits, root;
  std::memcpy(&bits, &x, sizeof(bits));
  std::memcpy(&root, &kRootOfHalf, sizeof(root));
  const Signed exponent = static_cast<Signed>(bits - root) >> C::kMantissa;
  bits -= static_cast<Bits>(exponent) << C::kMantissa;
  T m;
  std::memcpy(&m, &bits, sizeof(m));
  const T n = static_cast<T>(exponent);
  const T s = (m - 1) / (m + 1), z = s * s;
  T y = n * C::kLn2High + (n * C::kLn2Low + (s + s + (s + s) * z * ArtanhTail(z)));
  y = x < std::numeric_limits<T>::min() ? -std::numeric_limits<T>::infinity() : y;
  y = x < 0 ? std::numeric_limits<T>::quiet_NaN() : y;
  // infinity and NaN are their own logarithms
  return x <= std::numeric_limits<T>::max() ? y : x;
}

/// log(1 + x) for 0 <= x <= 1. What 1 + x rounds away is put back by the derivative.
template <typename T>
CEREBRO_INLINE T Log1p(T x) {
  const T y = 1 + x;
  return Log(y) + (x - (y - 1)) / y;
}

}  // namespace engine::math
