// Horizontal bars: what parameters and columns are worth.
#include <algorithm>
#include <cmath>
#include <vector>

#include "report/charts.hpp"
#include "report/frame.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kRow = 26;
constexpr double kBar = 14;
constexpr double kLabelRoom = 190;
constexpr double kValueRoom = 70;
constexpr double kTop = 6;

// Where bars are: their height is that of the rows, with the axis below.
Frame FrameOf(size_t rows) { return {kLabelRoom, kTop, kChartWidth - kValueRoom, kTop + kRow * static_cast<double>(rows)}; }

// 0 of one repeat.
double DeviationOf(const Importance& column) { return IsFinite(column.deviation) ? column.deviation : 0; }

}  // namespace

std::string WorthChart(const std::string& id, const Run& run, const Worths& worths) {
  std::vector<const Worth*> shown;
  for (const Worth& worth : worths.settings) {
    if (!std::isnan(worth.share) && shown.size() < kMostColumns) shown.push_back(&worth);
  }
  const Frame frame = FrameOf(shown.size());
  Svg svg(id, kChartWidth, frame.bottom + 4, "Share of the differences in " + ScoreName(run) + " that each parameter explains by itself",
          "One bar a parameter, the greatest first.");
  svg.Line(frame.left, frame.top, frame.left, frame.bottom, "axis");
  for (size_t i = 0; i < shown.size(); i++) {
    const double y = frame.top + kRow * static_cast<double>(i) + (kRow - kBar) / 2;
    const double width = std::max(1.0, shown[i]->share * (frame.right - frame.left));
    svg.Text(frame.left - 10, y + kBar - 3, shown[i]->setting, "label", Anchor::kEnd, kLabelRoom - 14);
    svg.Rect(frame.left, y, width, kBar, "bar", shown[i]->setting + ": " + Percent(shown[i]->share));
    svg.Text(frame.left + width + 8, y + kBar - 3, Percent(shown[i]->share), "tick");
  }
  return svg.Finish();
}

std::string ImportanceChart(const std::string& id, const Validation& validation) {
  const size_t shown = std::min(validation.importances.size(), kMostColumns);
  const Frame frame = FrameOf(shown);
  Range range;
  range.Add(0);
  for (size_t i = 0; i < shown; i++) {
    const Importance& column = validation.importances[i];
    range.Add(column.mean - DeviationOf(column));
    range.Add(column.mean + DeviationOf(column));
  }
  const Scale scale(range, frame.left, frame.right, false);
  Svg svg(id, kChartWidth, frame.bottom + 44, "What the best model loses in " + validation.importance_metric + " without a column",
          "One bar a column, the greatest first; a thin line shows the deviation over repeats.");
  DrawBottomAxis(frame, scale, "loss of " + validation.importance_metric, &svg);
  svg.Line(scale.At(0), frame.top, scale.At(0), frame.bottom, "axis");
  for (size_t i = 0; i < shown; i++) {
    const Importance& column = validation.importances[i];
    const double y = frame.top + kRow * static_cast<double>(i) + (kRow - kBar) / 2;
    svg.Text(frame.left - 10, y + kBar - 3, column.column, "label", Anchor::kEnd, kLabelRoom - 14);
    if (!IsFinite(column.mean)) continue;
    const double from = scale.At(std::min(0.0, column.mean)), to = scale.At(std::max(0.0, column.mean));
    svg.Rect(from, y, std::max(1.0, to - from), kBar, "bar",
             column.column + ": " + Number(column.mean) + " \xC2\xB1 " + Number(column.deviation));
    const double deviation = DeviationOf(column);
    if (deviation > 0) svg.Line(scale.At(column.mean - deviation), y + kBar / 2, scale.At(column.mean + deviation), y + kBar / 2, "whisker");
  }
  return svg.Finish();
}

}  // namespace report
