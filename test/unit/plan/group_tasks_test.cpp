#include "plan/group_tasks.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

namespace {

using plan::CutIntoTasks;
using plan::GroupTask;

int64_t RowsOf(const std::vector<int64_t>& rows, const GroupTask& task) {
  return std::accumulate(rows.begin() + static_cast<std::ptrdiff_t>(task.first),
                         rows.begin() + static_cast<std::ptrdiff_t>(task.first + task.count), int64_t{0});
}

TEST(GroupTasks, EveryGroupIsInOneTaskAndLargestTasksComeFirst) {
  std::vector<int64_t> rows;
  for (int64_t g = 1; g <= 200; g++) rows.push_back(1 + 10000 / g);
  const std::vector<GroupTask> tasks = CutIntoTasks(rows, 32, 1 << 20);
  std::set<size_t> seen;
  for (size_t t = 0; t < tasks.size(); t++) {
    EXPECT_EQ(tasks[t].rows, RowsOf(rows, tasks[t]));
    if (t > 0) {
      EXPECT_LE(tasks[t].rows, tasks[t - 1].rows);
    }
    for (size_t g = tasks[t].first; g < tasks[t].first + tasks[t].count; g++) EXPECT_TRUE(seen.insert(g).second) << g;
  }
  EXPECT_EQ(seen.size(), rows.size());
  EXPECT_GE(tasks.size(), 16u);
}

TEST(GroupTasks, SmallGroupsShareATaskAndALargeOneHasItsOwn) {
  const std::vector<GroupTask> tasks = CutIntoTasks({1, 1, 1, 1, 100, 1, 1, 1}, 4, 1000);
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_EQ(tasks[0].first, 4u);
  EXPECT_EQ(tasks[0].count, 1u);
  EXPECT_EQ(tasks[1].count, 4u);
  EXPECT_EQ(tasks[2].count, 3u);
}

TEST(GroupTasks, GroupsThatAreLeftOutPartTasks) {
  const std::vector<GroupTask> tasks = CutIntoTasks({5, 0, 5, 5, 0, 0}, 1, 1000);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].first, 2u);
  EXPECT_EQ(tasks[0].count, 2u);
  EXPECT_EQ(tasks[1].first, 0u);
  EXPECT_EQ(tasks[1].count, 1u);
  EXPECT_TRUE(CutIntoTasks({0, 0}, 4, 10).empty());
  EXPECT_TRUE(CutIntoTasks({}, 4, 10).empty());
}

TEST(GroupTasks, MemoryBoundsATask) {
  for (const GroupTask& task : CutIntoTasks(std::vector<int64_t>(100, 10), 1, 35)) EXPECT_LE(task.rows, 35);
}

TEST(GroupTasks, HopsWhatIsMoreThanAShare) {
  EXPECT_FALSE(plan::HopsGroup(100, 100, 0));
  EXPECT_FALSE(plan::HopsGroup(100, 100, 1));
  EXPECT_TRUE(plan::HopsGroup(51, 100, 2));
  EXPECT_FALSE(plan::HopsGroup(50, 100, 2));
}

}  // namespace
