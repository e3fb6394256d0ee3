// The sparse product: the map of zeros, and the same bits as products that compute everything.
#include "engine/math/gemm_sparse.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "engine/math/gemm_tiles.hpp"
#include "../numbers.hpp"
#include "instruction_sets.hpp"

using engine::math::ZeroMap;

namespace {

// n numbers, about `share` of them other than zero; neighbours are alike, as in images.
template <typename T>
std::vector<T> Sparse(int64_t n, double share, uint64_t stream) {
  const std::vector<double> values = fixture::Numbers(static_cast<size_t>(n), stream);
  const std::vector<double> choice = fixture::Numbers(static_cast<size_t>(n), stream + 100);
  std::vector<T> sparse;
  for (size_t i = 0; i < values.size(); ++i) {
    const double c = choice[i / 3];
    sparse.push_back(c - std::floor(c) < share ? static_cast<T>(values[i]) : T(0));
  }
  return sparse;
}

template <typename T>
std::vector<T> Dense(int64_t n, uint64_t stream) {
  return Sparse<T>(n, 1, stream);
}

struct Mapped {
  std::vector<uint64_t> memory;
  ZeroMap map;
  template <typename T>
  Mapped(const std::vector<T>& x, int64_t rows, int64_t columns)
      : memory(static_cast<size_t>(ZeroMap::Words(rows, columns)), ~uint64_t{0}), map(memory.data(), rows, columns) {
    map.Fill(x.data(), 0.75, true);
  }
};

template <typename T>
void ExpectSameBits(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  ASSERT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(T)), 0);
}

// All products of one shape, by the map and without.
template <typename T>
void CheckProducts(engine::math::InstructionSet set, int64_t rows, int64_t columns, int64_t n, double share) {
  SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + " x " + std::to_string(n) + ", " + std::to_string(share));
  static constexpr int64_t kNoOffset = 0;
  const engine::math::GemmKernels<T>& kernels = engine::math::GemmKernelsOf<T>(set);
  const std::vector<T> x = Sparse<T>(rows * columns, share, 1), w = Dense<T>(columns * n, 2), g = Dense<T>(rows * n, 3);
  const std::vector<T> bias = Dense<T>(n, 4);
  const Mapped mapped(x, rows, columns);
  const engine::math::Patches<T> patches{x.data(), 1, rows, 0, columns, &kNoOffset, 1, columns};
  for (const bool relu : {false, true}) {
    std::vector<T> expected(static_cast<size_t>(rows * n)), y(static_cast<size_t>(rows * n) + 1, 77);
    const T* b = relu ? bias.data() : nullptr;
    kernels.product(patches, {w.data(), n, n, engine::math::kPanelColumns}, b, relu, expected.data());
    kernels.sparse_product(mapped.map, x.data(), w.data(), n, b, relu, y.data());
    EXPECT_EQ(y.back(), T(77));  // nothing is written behind
    y.pop_back();
    ExpectSameBits(y, expected);
  }
  std::vector<T> expected(static_cast<size_t>(columns * n)), dw(static_cast<size_t>(columns * n) + 1, 77);
  kernels.gradient(patches, g.data(), n, false, expected.data());
  const int64_t middle = columns / 2;
  kernels.sparse_gradient(mapped.map, x.data(), 0, middle, g.data(), n, dw.data());
  kernels.sparse_gradient(mapped.map, x.data(), middle, columns, g.data(), n, dw.data() + middle * n);
  EXPECT_EQ(dw.back(), T(77));
  dw.pop_back();
  ExpectSameBits(dw, expected);
}

template <typename T>
void CheckAllProducts() {
  for (engine::math::InstructionSet set : fixture::InstructionSets()) {
    for (int64_t rows : {1, 4, 10, 33, 65, 130}) {
      for (int64_t columns : {1, 10, 33, 64, 100}) {
        for (int64_t n : {1, 8, 10, 16, 20, 33, 64, 100, 128, 150}) {
          for (double share : {0.0, 0.2, 0.6}) CheckProducts<T>(set, rows, columns, n, share);
        }
      }
    }
  }
}

}  // namespace

TEST(GemmSparse, MapIsOfTheValues) {
  for (int64_t rows : {1, 3, 63, 64, 65, 130}) {
    for (int64_t columns : {1, 10, 33, 63, 64, 65, 100, 200}) {
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns));
      std::vector<float> x = Sparse<float>(rows * columns, 0.15, 9);
      const Mapped mapped(x, rows, columns);
      ASSERT_TRUE(mapped.map.worthwhile());
      int64_t set = 0;
      for (int64_t i = 0; i < mapped.map.column_words() * 64; ++i) {
        for (int64_t j = 0; j < mapped.map.row_words() * 64; ++j) {
          const bool expected = i < rows && j < columns && x[static_cast<size_t>(i * columns + j)] != 0;
          if (i < rows) {
            ASSERT_EQ((mapped.map.Row(i, j / 64) >> (j % 64) & 1) != 0, expected);
          }
          ASSERT_EQ((mapped.map.Column(i / 64, j) >> (i % 64) & 1) != 0, expected);
          set += expected;
        }
      }
      EXPECT_DOUBLE_EQ(mapped.map.density(), static_cast<double>(set) / static_cast<double>(rows * columns));
    }
  }
}

TEST(GemmSparse, WhatIsWorthwhile) {
  const Mapped full(Dense<float>(64 * 100, 1), 64, 100), few(Sparse<float>(64 * 100, 0.1, 1), 64, 100);
  EXPECT_FALSE(full.map.worthwhile());
  EXPECT_EQ(full.map.density(), 1);
  EXPECT_TRUE(few.map.worthwhile());
  EXPECT_NEAR(few.map.density(), 0.1, 0.05);
}

TEST(GemmSparse, NaNAndInfinityAreNoZeros) {
  std::vector<float> x(4 * 70, 0.0F);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  x[70 + 68] = std::numeric_limits<float>::infinity();
  x[2 * 70 + 5] = -0.0F;
  const Mapped mapped(x, 4, 70);
  EXPECT_EQ(mapped.map.Row(0, 0), uint64_t{1} << 3);
  EXPECT_EQ(mapped.map.Row(1, 1), uint64_t{1} << 4);
  EXPECT_EQ(mapped.map.Row(2, 0), 0);
}

TEST(GemmSparse, ProductsHaveTheSameBits) {
  CheckAllProducts<float>();
  CheckAllProducts<double>();
}
