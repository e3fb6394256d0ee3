#include "engine/math/table_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../numbers.hpp"

TEST(TableRows, IndexesOutsideAreSeen) {
  EXPECT_TRUE(engine::math::IndexesWithin(std::vector<float>{0, 3, 2, -0.5F, 3.9F}.data(), 5, 4));
  for (const float bad : {-1.0F, 4.0F, 1e30F, -1e30F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (size_t at = 0; at < 40; ++at) {
      std::vector<float> index(40, 3);
      index[at] = bad;
      EXPECT_FALSE(engine::math::IndexesWithin(index.data(), 40, 4)) << bad << " at " << at;
    }
  }
}

TEST(TableRows, SortedIndexesKeepTheOrderOfEqualOnes) {
  for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{256}, int64_t{257}, int64_t{70000}, int64_t{1} << 24}) {
    for (const int64_t n : {1, 2, 500}) {
      std::vector<double> index = fixture::Numbers(static_cast<size_t>(n), 3);
      for (double& v : index) v = std::floor((v + 1) / 2 * static_cast<double>(count));
      std::vector<uint64_t> expected, pairs(index.size()), spare(index.size());
      for (size_t i = 0; i < index.size(); ++i) expected.push_back(static_cast<uint64_t>(index[i]) << 32 | i);
      std::sort(expected.begin(), expected.end());
      const uint64_t* sorted = engine::math::SortIndexes(index.data(), n, count, pairs.data(), spare.data());
      EXPECT_EQ(std::vector<uint64_t>(sorted, sorted + n), expected) << count << " " << n;
    }
  }
}

TEST(TableRows, IndexesAreNumberedByTheirFirstAppearance) {
  const std::vector<float> index{7, 2.5F, 7, 0, 2, 9, 0, 7.9F};
  std::vector<int32_t> memory(10, 5), number(index.size());
  std::vector<float> first(index.size());
  ASSERT_EQ(engine::math::NumberIndexes(index.data(), 8, 10, memory.data(), number.data(), first.data()), 4);
  EXPECT_EQ(number, (std::vector<int32_t>{0, 1, 0, 2, 1, 3, 2, 0}));
  first.resize(4);
  EXPECT_EQ(first, (std::vector<float>{7, 2.5F, 0, 9}));
}

TEST(TableRows, RowsAreCopiedAndAddedWhateverTheirWidth) {
  for (const int64_t width : {1, 3, 4, 8, 16, 32, 33}) {
    constexpr int64_t kCount = 5, kRows = 7, kIndexes = 2;
    const int64_t stride = kIndexes * width + 3;
    const std::vector<double> table = fixture::Numbers(static_cast<size_t>(kCount * width), 1);
    const std::vector<double> index{0, 4, 3, 3, 1, 0, 2, 2, 4, 4, 0, 1, 3, 2};
    std::vector<double> y(static_cast<size_t>(kRows * stride), 9), sums(table.size()), expected(table.size());
    engine::math::CopyTableRows(table.data(), width, index.data(), kRows, kIndexes, y.data(), stride);
    engine::math::AddTableRows(y.data(), stride, index.data(), kRows, kIndexes, width, sums.data());
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t k = 0; k < stride; ++k) {
        const double value = y[static_cast<size_t>(r * stride + k)];
        if (k >= kIndexes * width) {
          EXPECT_EQ(value, 9);
          continue;
        }
        const auto at = static_cast<size_t>(index[static_cast<size_t>(r * kIndexes + k / width)] * static_cast<double>(width)) +
                        static_cast<size_t>(k % width);
        EXPECT_EQ(value, table[at]);
        expected[at] += value;
      }
    }
    EXPECT_EQ(sums, expected);
  }
}
