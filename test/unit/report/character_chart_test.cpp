#include "report/character_chart.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

using report::CharacterSeries;

TEST(CharacterChart, DrawsAxesCurvesAndALegend) {
  const std::vector<CharacterSeries> series = {{"validation", {{1, 4}, {2, 3}, {3, 2}, {4, 1}}}, {"training", {{1, 4}, {4, 0}}}};
  const std::vector<std::string> lines = report::CharacterChart("loss of model 1", series, 30, 10);
  // the title, ten lines with the axes, the legend
  ASSERT_EQ(lines.size(), 1 + 10 + 2U);
  EXPECT_EQ(lines[0], "loss of model 1");
  EXPECT_EQ(lines[1], "4 +***");  // as long as the line is nearer to 4 than to the next row's value
  EXPECT_EQ(lines[8].substr(0, 3), "0 +");
  EXPECT_EQ(lines[8].back(), 'o');
  EXPECT_EQ(lines[9].substr(0, 4), "  +-");
  EXPECT_EQ(lines[11], "  * validation: 1 after iteration 4");
  EXPECT_EQ(lines[12], "  o training: 0 after iteration 4");
}

TEST(CharacterChart, KeepsToItsSize) {
  for (const int width : {report::kLeastCharacters, 78, report::kMostCharacters}) {
    for (const int height : {report::kLeastLines, 20, report::kMostLines}) {
      for (const double scale : {1.0, 1e-9, 1e9, 1e250}) {
        std::vector<CharacterSeries> series(report::kMostSeries);
        for (size_t s = 0; s < series.size(); s++) {
          for (int i = 1; i <= 1000; i++) series[s].points.emplace_back(i, scale * (static_cast<double>(s) + 1) / i);
        }
        const std::vector<std::string> lines = report::CharacterChart("t", series, width, height);
        ASSERT_EQ(lines.size(), 1 + static_cast<size_t>(height) + series.size());
        for (int i = 1; i <= height; i++) EXPECT_LE(lines[static_cast<size_t>(i)].size(), static_cast<size_t>(width));
      }
    }
  }
}

TEST(CharacterChart, OneValueNoneAndDivergedOnes) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  std::vector<std::string> lines = report::CharacterChart("t", {{"a", {{1, 0.5}}}}, 40, 8);
  EXPECT_EQ(lines.back(), "  * a: 0.5 after iteration 1");
  lines = report::CharacterChart("t", {{"a", {{1, 0.5}, {2, nan}, {3, infinity}}}}, 40, 8);
  EXPECT_EQ(lines.back(), "  * a: 0.5 after iteration 1");
  lines = report::CharacterChart("t", {{"a", {{1, nan}}}}, 40, 8);
  EXPECT_EQ(lines, (std::vector<std::string>{"t", "  There is no finite value to be drawn.", "  * a: no finite value"}));
  lines = report::CharacterChart("t", {}, 40, 8);
  EXPECT_EQ(lines.size(), 2U);
}

TEST(CharacterChart, ALogarithmicScaleSaysSo) {
  const std::vector<std::string> lines = report::CharacterChart("loss", {{"a", {{1, 100}, {2, 0.1}}}}, 60, 12);
  EXPECT_EQ(lines.front(), "loss (logarithmic scale)");
}

}  // namespace
