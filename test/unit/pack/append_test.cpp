// Which partitions new rows go to.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "pack/buffer_plan.hpp"

namespace {

int64_t Spread(const std::vector<int64_t>& rows) {
  return *std::max_element(rows.begin(), rows.end()) - *std::min_element(rows.begin(), rows.end());
}

TEST(AssignPartitions, EachTargetOnce) {
  EXPECT_EQ(pack::AssignPartitions({5, 4, 4}, {2, 1, 1}), (std::vector<int>{1, 2, 0}));
  EXPECT_EQ(pack::AssignPartitions({5, 4, 4}, {1}), (std::vector<int>{1}));
  EXPECT_TRUE(pack::AssignPartitions({5, 4, 4}, {}).empty());
}

// However often rows are appended, and however many: partitions that are even to within a row stay so.
TEST(AssignPartitions, PartitionsStayEven) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> rows(1 + random() % 9, 100);
    for (int append = 0; append < 30; ++append) {
      const auto n = static_cast<int64_t>(1 + random() % 40);
      const auto partitions = std::min<int64_t>(n, static_cast<int64_t>(rows.size()));
      std::vector<int64_t> more;
      for (int64_t p = 0; p < partitions; ++p) more.push_back(n * (p + 1) / partitions - n * p / partitions);
      const std::vector<int> targets = pack::AssignPartitions(rows, more);
      EXPECT_EQ(std::set<int>(targets.begin(), targets.end()).size(), targets.size());
      for (size_t p = 0; p < targets.size(); ++p) rows[static_cast<size_t>(targets[p])] += more[p];
      ASSERT_LE(Spread(rows), 1);
    }
  }
}

}  // namespace
