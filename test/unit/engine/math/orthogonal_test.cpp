// The orthogonal regulariser against its definition and against finite differences.
#include "engine/math/orthogonal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "../numbers.hpp"

namespace engine::math {
namespace {

// Every pair of vectors by itself.
double Definition(const std::vector<double>& w, const Vectors& v, double factor) {
  const int64_t count = v.are_columns ? v.columns : v.rows, length = v.are_columns ? v.rows : v.columns;
  const auto at = [&](int64_t i, int64_t k) { return w[static_cast<size_t>(v.are_columns ? k * v.columns + i : i * v.columns + k)]; };
  double sum = 0;
  int pairs = 0;
  for (int64_t i = 0; i < count; i++) {
    for (int64_t j = i + 1; j < count; j++, pairs++) {
      double ij = 0, ii = 0, jj = 0;
      for (int64_t k = 0; k < length; k++) {
        ij += at(i, k) * at(j, k);
        ii += at(i, k) * at(i, k);
        jj += at(j, k) * at(j, k);
      }
      sum += std::abs(ij) / std::sqrt(ii * jj);
    }
  }
  return factor * sum / pairs;
}

TEST(Orthogonal, FollowsItsDefinitionAndFiniteDifferences) {
  for (const bool are_columns : {false, true}) {
    const Vectors vectors{5, 4, are_columns};
    std::vector<double> w = fixture::Numbers(20, 3);
    const double penalty = OrthogonalPenalty(w.data(), vectors, 0.3);
    EXPECT_GT(penalty, 0.01);
    EXPECT_NEAR(penalty, Definition(w, vectors, 0.3), 1e-15);
    std::vector<double> gradient(20, 0.5);
    AddOrthogonalGradient(w.data(), vectors, 0.3, gradient.data());
    constexpr double kStep = 1e-6;
    for (size_t i = 0; i < w.size(); i++) {
      const double kept = w[i];
      w[i] = kept + kStep;
      const double up = OrthogonalPenalty(w.data(), vectors, 0.3);
      w[i] = kept - kStep;
      const double down = OrthogonalPenalty(w.data(), vectors, 0.3);
      w[i] = kept;
      EXPECT_NEAR(gradient[i], 0.5 + (up - down) / (2 * kStep), 1e-8) << i;
    }
    const std::vector<float> single(w.begin(), w.end());
    EXPECT_NEAR(OrthogonalPenalty(single.data(), vectors, 0.3), penalty, 1e-6);
  }
}

TEST(Orthogonal, WhatIsOrthogonalOrAloneHasNoPenalty) {
  const std::vector<double> identity{2, 0, 0, 0, 3, 0, 0, 0, 4};
  std::vector<double> gradient(9);
  for (const bool are_columns : {false, true}) {
    EXPECT_EQ(OrthogonalPenalty(identity.data(), {3, 3, are_columns}, 1), 0);
    AddOrthogonalGradient(identity.data(), {3, 3, are_columns}, 1, gradient.data());
  }
  EXPECT_EQ(OrthogonalPenalty(identity.data(), {1, 9, false}, 1), 0);
  AddOrthogonalGradient(identity.data(), {9, 1, true}, 1, gradient.data());
  EXPECT_EQ(gradient, std::vector<double>(9));
}

// Keras's smallest length keeps a vector of zeros from giving a NaN.
TEST(Orthogonal, ZerosAreNoNaN) {
  const std::vector<double> w{0, 0, 1, 2};
  std::vector<double> gradient(4);
  EXPECT_EQ(OrthogonalPenalty(w.data(), {2, 2, false}, 1), 0);
  AddOrthogonalGradient(w.data(), {2, 2, false}, 1, gradient.data());
  for (const double g : gradient) EXPECT_TRUE(std::isfinite(g));
}

}  // namespace
}  // namespace engine::math
