// What parameters are worth: against values worked out by hand.
#include "report/worth.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/philox.hpp"

namespace {

using Settings = std::vector<report::Setting>;

report::Run RunOf(const std::vector<std::pair<Settings, double>>& models) {
  report::Run run;
  run.metric = "accuracy";
  int64_t key = 0;
  for (const auto& [settings, score] : models) {
    report::Model model;
    model.mst_key = ++key;
    model.settings = settings;
    model.training_metric = score;
    model.diverged = std::isnan(score);
    run.models.push_back(model);
  }
  return run;
}

TEST(Worth, IsTheAdjustedRSquared) {
  // a: means 1.5 and 3.5, within 4 * 0.25 = 1, in all 5: 1 - (1 / 2) / (5 / 3) = 0.7. b: means 2 and 3: 1 - (4 / 2) / (5 / 3) < 0
  const report::Worths worths = report::MeasureWorths(RunOf({{{{"b", "x"}, {"a", "1"}, {"c", "same"}}, 1}, {{{"b", "y"}, {"a", "1"}, {"c", "same"}}, 2},
                                                             {{{"b", "x"}, {"a", "2"}, {"c", "same"}}, 3}, {{{"b", "y"}, {"a", "2"}, {"c", "same"}}, 4}}));
  EXPECT_EQ(worths.absent, "");
  EXPECT_FALSE(worths.logarithm);
  ASSERT_EQ(worths.settings.size(), 2U);
  EXPECT_EQ(worths.settings[0].setting, "a");
  EXPECT_NEAR(worths.settings[0].share, 0.7, 1e-12);
  EXPECT_DOUBLE_EQ(worths.settings[0].levels[0].mean, 1.5);
  EXPECT_DOUBLE_EQ(worths.settings[0].levels[1].mean, 3.5);
  EXPECT_EQ(worths.settings[1].setting, "b");
  EXPECT_EQ(worths.settings[1].share, 0);
}

TEST(Worth, ChanceIsWorthNothing) {
  base::Stream stream(1, 1, base::Purpose::kSearch);
  double sum = 0;
  constexpr int kRuns = 200;
  for (int r = 0; r < kRuns; r++) {
    std::vector<std::pair<Settings, double>> models;
    for (int m = 0; m < 30; m++) models.push_back({{{"a", "v" + std::to_string(m % 10)}}, stream.Uniform()});
    sum += report::MeasureWorths(RunOf(models)).settings.at(0).share;
  }
  EXPECT_LT(sum / kRuns, 0.15);  // negative values count as 0; without the adjustment it would be 9 / 29
}

TEST(Worth, NumbersOfTheirOwnAreCutIntoRanges) {
  std::vector<std::pair<Settings, double>> models;
  for (int m = 0; m < 12; m++) models.push_back({{{"learning_rate", std::to_string(0.001 * (m + 1))}}, m < 4 ? 0.2 : m < 8 ? 0.9 : 0.5});
  const report::Worths worths = report::MeasureWorths(RunOf(models));
  ASSERT_TRUE(worths.settings.at(0).ranges);
  ASSERT_EQ(worths.settings[0].levels.size(), 3U);
  EXPECT_EQ(worths.settings[0].levels[0].models, 4U);
  EXPECT_NEAR(worths.settings[0].share, 1, 1e-12);
}

TEST(Worth, DivergedModelsAreCountedApart) {
  const double nan = std::nan("");
  const report::Worths worths =
      report::MeasureWorths(RunOf({{{{"a", "1"}}, 0.5}, {{{"a", "1"}}, 0.6}, {{{"a", "2"}}, 0.9}, {{{"a", "2"}}, 0.95}, {{{"a", "2"}}, nan}, {{{"a", "3"}}, nan}}));
  EXPECT_EQ(worths.models, 4U);
  ASSERT_EQ(worths.settings.at(0).levels.size(), 3U);
  EXPECT_EQ(worths.settings[0].levels[1].diverged, 1U);
  EXPECT_EQ(worths.settings[0].levels[2].models, 0U);
  EXPECT_TRUE(std::isnan(worths.settings[0].levels[2].mean));
  EXPECT_GT(worths.settings[0].share, 0.8);
}

TEST(Worth, LossesOfManySizesAreComparedByLogarithms) {
  report::Run run = RunOf({{{{"a", "1"}}, 0.001}, {{{"a", "1"}}, 0.002}, {{{"a", "2"}}, 1}, {{{"a", "2"}}, 2}});
  const report::Worths worths = report::MeasureWorths(run);
  EXPECT_TRUE(worths.logarithm);
  EXPECT_NEAR(worths.settings.at(0).levels[1].mean, std::sqrt(2), 1e-12);
}

TEST(Worth, SaysWhyThereIsNone) {
  EXPECT_NE(report::MeasureWorths(RunOf({{{{"a", "1"}}, 0.5}})).absent, "");
  EXPECT_NE(report::MeasureWorths(RunOf({{{{"a", "1"}}, 0.5}, {{{"a", "2"}}, 0.6}})).absent, "");
  EXPECT_NE(report::MeasureWorths(RunOf({{{{"a", "1"}}, 0.5}, {{{"a", "1"}}, 0.6}, {{{"a", "1"}}, 0.7}})).absent, "");
  EXPECT_NE(report::MeasureWorths(RunOf({{{{"a", "1"}}, 0.5}, {{{"a", "2"}}, 0.5}, {{{"a", "1"}}, 0.5}})).absent, "");
  EXPECT_NE(report::MeasureWorths(RunOf({{{{"a", "x"}}, 0.5}, {{{"a", "y"}}, 0.6}, {{{"a", "z"}}, 0.7}})).absent, "");
}

TEST(Worth, AMissingValueIsOneOfItsOwn) {
  const report::Worths worths = report::MeasureWorths(RunOf({{{{"momentum", "0.9"}}, 1}, {{{"momentum", "0.9"}}, 1.1}, {{}, 2}, {{}, 2.1}}));
  ASSERT_EQ(worths.settings.at(0).levels.size(), 2U);
  EXPECT_EQ(worths.settings[0].levels[0].value, "default");
  EXPECT_GT(worths.settings[0].share, 0.9);
}

}  // namespace
