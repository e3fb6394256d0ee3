// Activations and losses: accuracy, the same value wherever it lies, gradients by differences.
#include "engine/math/activations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "../numbers.hpp"
#include "engine/math/losses.hpp"

namespace engine::math {
namespace {

/// Distance from the exact value in units in the last place of T.
template <typename T>
double Ulps(T value, long double exact) {
  const T rounded = static_cast<T>(exact);
  const T next = std::nextafter(std::fabs(rounded), std::numeric_limits<T>::infinity());
  const long double unit = static_cast<long double>(next) - static_cast<long double>(std::fabs(rounded));
  return static_cast<double>(std::fabs(static_cast<long double>(value) - exact) / unit);
}

template <typename T>
void CheckAccuracy(T low, T high) {
  std::vector<T> x;
  for (int i = 0; i <= 200000; ++i) x.push_back(low + (high - low) * static_cast<T>(i) / 200000);
  for (T v : {T(0), T(1e-6), T(-1e-6), T(0.3), T(-0.3465), T(0.3466)}) x.push_back(v);
  std::vector<T> e = x, t = x;
  Exponentials(static_cast<int64_t>(e.size()), e.data());
  double worst_exp = 0, worst_tanh = 0;
  for (size_t i = 0; i < x.size(); ++i) worst_exp = std::max(worst_exp, Ulps(e[i], std::exp(static_cast<long double>(x[i]))));
  for (T& v : t) v /= 8;
  std::vector<T> argument = t;
  Tangents(static_cast<int64_t>(t.size()), t.data());
  for (size_t i = 0; i < t.size(); ++i) worst_tanh = std::max(worst_tanh, Ulps(t[i], std::tanh(static_cast<long double>(argument[i]))));
  EXPECT_LE(worst_exp, 2.0);
  EXPECT_LE(worst_tanh, 4.0);
}

TEST(Activations, ExponentialAndTangentAreAccurate) {
  CheckAccuracy<float>(-87.0f, 87.5f);
  CheckAccuracy<double>(-708.0, 708.5);
}

TEST(Activations, ExponentialAndTangentAtTheEnds) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> e{-inf, -1000, -88, 0, 89, 1000, inf, nan};
  Exponentials(8, e.data());
  EXPECT_EQ(std::vector<float>(e.begin(), e.begin() + 4), (std::vector<float>{0, 0, 0, 1}));
  EXPECT_EQ(std::vector<float>(e.begin() + 4, e.begin() + 7), (std::vector<float>{inf, inf, inf}));
  EXPECT_TRUE(std::isnan(e[7]));
  std::vector<double> t{-inf, -1000, 0, 1000, inf, nan};
  Tangents(6, t.data());
  EXPECT_EQ(std::vector<double>(t.begin(), t.begin() + 5), (std::vector<double>{-1, -1, 0, 1, 1}));
  EXPECT_TRUE(std::isnan(t[5]));
}

template <typename T>
void CheckPositions() {
  std::vector<T> x;
  for (double v : fixture::Numbers(131, 4)) x.push_back(static_cast<T>(8 * v));
  std::vector<T> alone_exp = x, alone_tanh = x;
  for (T& v : alone_exp) Exponentials(1, &v);
  for (T& v : alone_tanh) Tangents(1, &v);
  for (size_t offset = 0; offset < 20; ++offset) {
    for (size_t count : {size_t{1}, size_t{7}, size_t{33}, x.size() - offset}) {
      std::vector<T> e(x.begin() + static_cast<long>(offset), x.end()), t = e;
      Exponentials(static_cast<int64_t>(count), e.data());
      Tangents(static_cast<int64_t>(count), t.data());
      EXPECT_EQ(std::memcmp(e.data(), alone_exp.data() + offset, count * sizeof(T)), 0);
      EXPECT_EQ(std::memcmp(t.data(), alone_tanh.data() + offset, count * sizeof(T)), 0);
    }
  }
}

TEST(Activations, AValueDoesNotDependOnWhereItLies) {
  CheckPositions<float>();
  CheckPositions<double>();
}

/// Gradient of sum of factors * losses by central differences.
template <typename Loss>
void CheckGradient(const std::vector<double>& values, int64_t positions, int64_t classes, Loss loss) {
  std::vector<double> factors;
  for (int64_t i = 0; i < positions; ++i) factors.push_back(0.5 + 0.25 * static_cast<double>(i));
  const auto total = [&](std::vector<double> v) {
    std::vector<double> losses(factors.size());
    loss(factors.data(), positions, classes, v.data(), losses.data());
    double sum = 0;
    for (size_t i = 0; i < losses.size(); ++i) sum += losses[i] * factors[i];
    return sum;
  };
  std::vector<double> gradient = values, losses(factors.size());
  loss(factors.data(), positions, classes, gradient.data(), losses.data());
  for (size_t i = 0; i < values.size(); ++i) {
    std::vector<double> above = values, below = values;
    above[i] += 1e-5;
    below[i] -= 1e-5;
    EXPECT_NEAR(gradient[i], (total(above) - total(below)) / 2e-5, 1e-8) << i;
  }
}

TEST(Losses, GradientsOfLosses) {
  for (int64_t classes : {1, 3, 10, 33}) {
    SCOPED_TRACE(classes);
    const int64_t positions = 4;
    const auto count = static_cast<size_t>(positions * classes);
    std::vector<double> z = fixture::Numbers(count, 3), y = fixture::Numbers(count, 5);
    for (double& v : z) v *= 4;
    std::vector<double> share = y;
    for (double& v : share) v = (v + 1) / 2;
    const double* target = y.data();
    const double* positive = share.data();
    std::vector<int64_t> index{0, classes - 1, classes / 2, 0};
    const auto check = [&](auto loss) { CheckGradient(z, positions, classes, loss); };
    check([&](const double* f, int64_t p, int64_t c, double* v, double* l) { CategoricalLoss(0.1, positive, f, p, c, v, l); });
    check([&](const double* f, int64_t p, int64_t c, double* v, double* l) { SparseCategoricalLoss(index.data(), f, p, c, v, l); });
    check([&](const double* f, int64_t p, int64_t c, double* v, double* l) { BinaryLoss(0.1, positive, f, p, c, v, l); });
    check([&](const double* f, int64_t p, int64_t c, double* v, double* l) { SquaredLoss(target, f, p, c, v, l); });
    check([&](const double* f, int64_t p, int64_t c, double* v, double* l) { AbsoluteLoss(target, f, p, c, v, l); });
    check([&](const double* f, int64_t p, int64_t c, double* v, double* l) { HuberLoss(0.7, target, f, p, c, v, l); });
  }
}

}  // namespace
}  // namespace engine::math
