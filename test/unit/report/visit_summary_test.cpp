#include "report/visit_summary.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using report::VisitSummary;

TEST(VisitSummary, FewVisitsAreBars) {
  VisitSummary sums({-1, 3}, 3, 10);
  sums.Add({-1, 7, 0, 4});
  sums.Add({3, 8, -5, 2});    // began before
  sums.Add({4, 8, 0, 10});    // of no worker that is known
  const report::Visits visits = sums.Finish();
  ASSERT_EQ(visits.bars.size(), 2U);
  EXPECT_EQ(visits.bars[1].start, 0);
  EXPECT_DOUBLE_EQ(visits.working[0], 4);
  EXPECT_DOUBLE_EQ(visits.working[1], 2);
  EXPECT_TRUE(visits.busy.empty());
}

TEST(VisitSummary, ManyVisitsAreCellsThatAddUp) {
  VisitSummary sums({0}, VisitSummary::kMostBars + 1, 24);
  sums.Add({0, 1, 0, 6});
  sums.Add({0, 2, 12, 24});
  const report::Visits visits = sums.Finish();
  EXPECT_TRUE(visits.bars.empty());
  ASSERT_EQ(visits.busy.at(0).size(), VisitSummary::kCells);
  double sum = 0;
  for (const double busy : visits.busy[0]) sum += busy;
  EXPECT_NEAR(sum / VisitSummary::kCells, 18.0 / 24, 1e-9);
  EXPECT_NEAR(visits.busy[0][0], 1, 1e-9);
  EXPECT_EQ(visits.busy[0][VisitSummary::kCells / 2 - 1], 0);
}

TEST(VisitSummary, NoTimeAtAll) {
  VisitSummary sums({0}, VisitSummary::kMostBars + 1, 0);
  sums.Add({0, 1, 0, 0});
  EXPECT_EQ(sums.Finish().working.at(0), 0);
}

}  // namespace
