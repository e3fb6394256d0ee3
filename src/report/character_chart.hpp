// Curves in characters, for a terminal. Plain ASCII but for texts that are given.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace report {

struct CharacterSeries {
  std::string name;                                // of the legend
  std::vector<std::pair<double, double>> points;   // (iteration, value), ascending; values that are not finite are left out
};

constexpr int kLeastCharacters = 30, kMostCharacters = 400;
constexpr int kLeastLines = 8, kMostLines = 200;
constexpr size_t kMostSeries = 8;

/// Lines: the title, the curves with axes, the legend. The first series lies above the others. width, height: of the
/// lines with the curves and the axes, in characters. REQUIRES values within the limits above, at most kMostSeries.
std::vector<std::string> CharacterChart(const std::string& title, const std::vector<CharacterSeries>& series, int width, int height);

}  // namespace report
