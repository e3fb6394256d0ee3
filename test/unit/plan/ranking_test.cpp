// Which model is better.
#include "plan/ranking.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

using plan::Standing;

using Names = std::vector<std::string>;

TEST(Ranking, OneMetricOfAllOrTheLoss) {
  const Names accuracy{"loss", "accuracy"}, both{"loss", "accuracy", "auc"}, auc{"loss", "auc"}, none{"loss"};
  EXPECT_EQ(plan::CommonMetric({&accuracy, &both}), "accuracy");
  EXPECT_EQ(plan::CommonMetric({&accuracy, &auc}), "");
  EXPECT_EQ(plan::CommonMetric({&accuracy, &none}), "");
  EXPECT_EQ(plan::CommonMetric({}), "");
}

Standing Of(double metric, double loss, int64_t mst_key, bool diverged = false) { return Standing{metric, loss, mst_key, diverged}; }

TEST(Ranking, MetricThenLossThenKey) {
  const double nan = std::nan("");
  EXPECT_TRUE(plan::StandsBefore("accuracy", Of(0.9, 5, 2), Of(0.8, 1, 1)));
  EXPECT_TRUE(plan::StandsBefore("mean_squared_error", Of(0.8, 5, 2), Of(0.9, 1, 1)));
  EXPECT_TRUE(plan::StandsBefore("", Of(0.8, 1, 2), Of(0.9, 5, 1)));
  EXPECT_TRUE(plan::StandsBefore("accuracy", Of(0.9, 1, 2), Of(0.9, 2, 1)));
  EXPECT_TRUE(plan::StandsBefore("accuracy", Of(0.9, 1, 1), Of(0.9, 1, 2)));
  EXPECT_FALSE(plan::StandsBefore("accuracy", Of(0.9, 1, 2), Of(0.9, 1, 1)));
  EXPECT_TRUE(plan::StandsBefore("accuracy", Of(0.1, 9, 9), Of(nan, 1, 1)));
  EXPECT_TRUE(plan::StandsBefore("", Of(nan, 9, 9), Of(nan, nan, 1)));
  EXPECT_TRUE(plan::StandsBefore("accuracy", Of(0.1, 9, 9), Of(0.9, 1, 1, true)));
}

TEST(Ranking, BetterIsNotJustNamedFirst) {
  EXPECT_FALSE(plan::IsBetter("accuracy", Of(0.9, 1, 1), Of(0.9, 1, 2)));
  EXPECT_TRUE(plan::IsBetter("accuracy", Of(0.9, 0.5, 2), Of(0.9, 1, 1)));
}

TEST(Ranking, StandingOfValues) {
  EXPECT_EQ(plan::StandingOf({0.5, 0.25}, true).metric, 0.25);
  EXPECT_TRUE(std::isnan(plan::StandingOf({0.5, 0.25}, false).metric));
  EXPECT_EQ(plan::StandingOf({0.5}, true).loss, 0.5);
  EXPECT_TRUE(std::isnan(plan::StandingOf({}, true).loss));
}

}  // namespace
