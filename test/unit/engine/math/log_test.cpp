// The kernels' own logarithm against the C library's.
#include "engine/math/simd/log.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace engine::math {
namespace {

// Of an exact logarithm, in units in its last place; near 1 it is as exact as elsewhere.
template <typename T>
double Off(T x) {
  const long double exact = std::log(static_cast<long double>(x));
  const T rounded = static_cast<T>(exact);
  const T unit = std::nextafter(std::abs(rounded), std::numeric_limits<T>::infinity()) - std::abs(rounded);
  return static_cast<double>(std::abs(static_cast<long double>(Log(x)) - exact) / static_cast<long double>(unit));
}

template <typename T>
void CheckAccuracy() {
  double worst = 0;
  for (int exponent = std::numeric_limits<T>::min_exponent - 1; exponent < std::numeric_limits<T>::max_exponent; exponent++) {
    for (int i = 0; i < 200; i++) worst = std::max(worst, Off(std::ldexp(static_cast<T>(1 + i / 200.0), exponent)));
  }
  for (int i = 1; i < 20000; i++) {
    const T near = static_cast<T>(1 + (i - 10000) * 3e-5);
    if (near != 1) worst = std::max(worst, Off(near));
  }
  EXPECT_LT(worst, 3);
}

TEST(Log, IsExactToAFewUnits) {
  CheckAccuracy<float>();
  CheckAccuracy<double>();
}

template <typename T>
void CheckEnds() {
  const T infinity = std::numeric_limits<T>::infinity();
  EXPECT_EQ(Log(T(1)), T(0));
  EXPECT_EQ(Log(T(0)), -infinity);
  EXPECT_EQ(Log(T(-0.0)), -infinity);
  EXPECT_EQ(Log(infinity), infinity);
  EXPECT_TRUE(std::isnan(Log(T(-1))));
  EXPECT_TRUE(std::isnan(Log(-infinity)));
  EXPECT_TRUE(std::isnan(Log(std::numeric_limits<T>::quiet_NaN())));
  EXPECT_TRUE(std::isfinite(Log(std::numeric_limits<T>::min())));
  EXPECT_TRUE(std::isfinite(Log(std::numeric_limits<T>::max())));
}

TEST(Log, Ends) {
  CheckEnds<float>();
  CheckEnds<double>();
}

}  // namespace
}  // namespace engine::math
