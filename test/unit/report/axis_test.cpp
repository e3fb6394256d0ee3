#include "report/axis.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

report::Range RangeOf(std::initializer_list<double> values) {
  report::Range range;
  for (const double value : values) range.Add(value);
  return range;
}

std::string Labels(const report::Scale& scale) {
  std::string text;
  for (const report::Tick& tick : scale.ticks()) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

TEST(Axis, LinearTicksAreRound) {
  EXPECT_EQ(Labels(report::Scale(RangeOf({0.13, 0.97}), 0, 100, false)), "0.0 0.2 0.4 0.6 0.8 1.0");
  EXPECT_EQ(Labels(report::Scale(RangeOf({-3, 12}), 0, 100, false)), "-5 0 5 10 15");
  EXPECT_EQ(Labels(report::Scale(RangeOf({0.9711, 0.9745}), 0, 100, false)), "0.971 0.972 0.973 0.974 0.975");
  const report::Scale scale(RangeOf({0, 10}), 100, 0, false);
  EXPECT_DOUBLE_EQ(scale.At(0), 100);
  EXPECT_DOUBLE_EQ(scale.At(2.5), 75);
  EXPECT_DOUBLE_EQ(scale.At(10), 0);
}

TEST(Axis, DenormalNumbersAreZero) {
  for (const report::Range& range : {RangeOf({1e-323}), RangeOf({-1e-323, 1e-323}), RangeOf({0, 5e-324}), RangeOf({-1e-310})}) {
    EXPECT_EQ(Labels(report::Scale(range, 0, 100, false)), "-1.0 -0.5 0.0 0.5 1.0");
  }
  EXPECT_FALSE(report::SuitsLogarithm(RangeOf({1e-310, 1})));
}

TEST(Axis, IntegersHaveNoFractions) {
  EXPECT_EQ(Labels(report::Scale(RangeOf({1, 3}), 0, 100, false, true, 8)), "1 2 3");
  EXPECT_EQ(Labels(report::Scale(RangeOf({1, 20}), 0, 100, false, true, 8)), "5 10 15 20");
  EXPECT_EQ(Labels(report::Scale(RangeOf({7, 7}), 0, 100, false, true, 8)), "6 7 8");
}

TEST(Axis, LogarithmicTicks) {
  EXPECT_FALSE(report::SuitsLogarithm(RangeOf({0.1, 1.9})));
  EXPECT_FALSE(report::SuitsLogarithm(RangeOf({0, 100})));
  EXPECT_TRUE(report::SuitsLogarithm(RangeOf({0.1, 2})));
  EXPECT_EQ(Labels(report::Scale(RangeOf({0.1, 2.5}), 0, 100, true)), "0.1 0.2 0.5 1 2");
  EXPECT_EQ(Labels(report::Scale(RangeOf({1e-4, 3}), 0, 100, true)), "0.0001 0.001 0.01 0.1 1 10");
  const report::Scale scale(RangeOf({1e-3, 1e3}), 0, 60, true);
  EXPECT_NEAR(scale.At(1), 30, 1e-9);
}

TEST(Axis, OneValueAndExtremeOnesHaveAScale) {
  for (const double value : {0.0, 5.0, -3.0, 1e-300, 1e300, -1e300}) {
    const report::Scale scale(RangeOf({value}), 0, 100, false);
    EXPECT_TRUE(scale.Holds(value)) << value;
    EXPECT_GT(scale.At(value), 0) << value;
    EXPECT_LT(scale.At(value), 100) << value;
    EXPECT_FALSE(scale.ticks().empty()) << value;
  }
  const report::Scale scale(RangeOf({-1e300, 1e300, 1e308, std::numeric_limits<double>::infinity(), std::nan("")}), 0, 100, false);
  EXPECT_NEAR(scale.At(0), 50, 1e-9);
  EXPECT_LT(scale.ticks().size(), 12U);
  EXPECT_FALSE(scale.Holds(1e308));
  EXPECT_TRUE(RangeOf({std::nan("")}).empty);
}

}  // namespace
