// Parallel coordinates: an axis a parameter, the score at the right. An axis of few values has them at equal distances,
// in order; models with the same value are spread a little around it by their rank, so that lines can be followed. An
// axis of many numbers is a scale.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "report/charts.hpp"
#include "report/frame.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kHeight = 320;
constexpr double kTop = 46, kBottom = kHeight - 16;
constexpr double kFirst = 60, kLast = kChartWidth - 70;
constexpr size_t kMostAxes = 7;
constexpr size_t kMostPositions = 12;  // of an axis without a scale, where the values are numbers
constexpr size_t kMostLabels = 14;
constexpr double kSpread = 9;          // to both sides of a value

struct ParallelAxis {
  std::string name;
  double x = 0;
  std::vector<Tick> labels;       // value: the coordinate
  std::vector<double> positions;  // a model; NaN: none
};

// The order of values: numbers by size, others by name, "default" first.
bool Before(const std::string& a, const std::string& b) {
  double x = 0, y = 0;
  const bool first = ReadNumber(a, &x), second = ReadNumber(b, &y);
  if (a == kDefaultValue || b == kDefaultValue) return a == kDefaultValue && b != kDefaultValue;
  if (first && second && x != y) return x < y;
  return first != second ? first : a < b;
}

ParallelAxis SettingAxis(const Run& run, const std::string& name, size_t drawn) {
  ParallelAxis axis;
  axis.name = name;
  std::map<std::string, std::vector<size_t>, bool (*)(const std::string&, const std::string&)> models(Before);
  Range range;
  bool numeric = true;
  for (size_t m = 0; m < drawn; m++) {
    std::string value = ValueOf(run.models[m], name);
    double number = 0;
    if (ReadNumber(value, &number)) {
      range.Add(number);
    } else {
      numeric = false;
    }
    models[value.empty() ? kDefaultValue : value].push_back(m);
  }
  axis.positions.assign(drawn, kNoNumber);
  if (numeric && models.size() > kMostPositions) {
    const Scale scale(range, kBottom, kTop, SuitsLogarithm(range));
    for (const auto& [value, those] : models) {
      double number = 0;
      ReadNumber(value, &number);
      for (const size_t m : those) axis.positions[m] = scale.At(number);
    }
    for (const Tick& tick : scale.ticks()) axis.labels.push_back({scale.At(tick.value), tick.label});
    return axis;
  }
  const double distance = (kBottom - kTop) / static_cast<double>(models.size());
  const double spread = std::min(kSpread, distance / 3);
  const size_t stride = (models.size() - 1) / kMostLabels + 1;
  size_t n = 0;
  for (const auto& [value, those] : models) {
    const double y = kBottom - distance * (static_cast<double>(n) + 0.5);
    if (n % stride == 0) axis.labels.push_back({y, value});
    for (size_t i = 0; i < those.size(); i++) {
      const double share = those.size() == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(those.size() - 1);
      axis.positions[those[i]] = y + spread * (2 * share - 1);
    }
    n++;
  }
  return axis;
}

// Without a score a model's line ends at the axis's foot.
ParallelAxis ScoreAxis(const Run& run, size_t drawn) {
  ParallelAxis axis;
  axis.name = ScoreName(run);
  Range range;
  bool missing = false;
  for (size_t m = 0; m < drawn; m++) {
    const double score = run.models[m].diverged ? kNoNumber : ScoreOf(run, run.models[m]);
    range.Add(score);
    missing = missing || !IsFinite(score);
  }
  const double foot = missing ? kBottom - 22 : kBottom;
  axis.positions.assign(drawn, kBottom);
  if (missing) axis.labels.push_back({kBottom, "diverged"});
  if (range.empty) return axis;
  const Scale scale(range, foot, kTop, SuitsLogarithm(range));
  for (size_t m = 0; m < drawn; m++) {
    const double score = run.models[m].diverged ? kNoNumber : ScoreOf(run, run.models[m]);
    if (IsFinite(score)) axis.positions[m] = scale.At(score);
  }
  for (const Tick& tick : scale.ticks()) axis.labels.push_back({scale.At(tick.value), tick.label});
  return axis;
}

}  // namespace

std::string ParallelChart(const std::string& id, const Run& run, const Worths& worths) {
  const size_t drawn = std::min(run.models.size(), kMostDrawn);
  std::vector<ParallelAxis> axes;
  for (size_t i = 0; i < std::min(worths.settings.size(), kMostAxes); i++) axes.push_back(SettingAxis(run, worths.settings[i].setting, drawn));
  // the most valuable one is next to the score
  std::reverse(axes.begin(), axes.end());
  axes.push_back(ScoreAxis(run, drawn));
  const double distance = (kLast - kFirst) / static_cast<double>(axes.size() - 1);
  for (size_t a = 0; a < axes.size(); a++) axes[a].x = kFirst + distance * static_cast<double>(a);
  Svg svg(id, kChartWidth, kHeight, "Parameters of each model and its " + ScoreName(run),
          "One line a model, through the values of its parameters from left to right, to its score at the right.");
  for (size_t rank = drawn; rank-- > 0;) {
    const Model& model = run.models[rank];
    std::vector<Spot> spots;
    for (const ParallelAxis& axis : axes) spots.push_back({axis.x, axis.positions[rank]});
    std::string tip = ModelName(model.mst_key) + ": " + ScoreName(run) + " " + (model.diverged ? "none, it diverged" : Number(ScoreOf(run, model)));
    for (const Setting& setting : model.settings) tip += "\n" + setting.name + " = " + setting.value;
    svg.Open("model " + std::string(model.diverged ? "muted lost" : SeriesClass(rank)), tip);
    svg.Polyline(spots, "line");
    svg.Circle(spots.back().x, spots.back().y, 3, "dot");
    svg.Close();
  }
  for (size_t a = 0; a < axes.size(); a++) {
    const ParallelAxis& axis = axes[a];
    const bool last = a + 1 == axes.size();
    svg.Line(axis.x, kTop, axis.x, kBottom, "axis");
    svg.Text(axis.x, kTop - 24, axis.name, last ? "name strong" : "name", Anchor::kMiddle, distance - 6);
    for (const Tick& label : axis.labels) {
      svg.Line(axis.x - 3, label.value, axis.x + 3, label.value, "axis");
      svg.Text(axis.x + 8, label.value + 3.5, label.label, "tick halo", Anchor::kStart, last ? 60 : distance - 16);
    }
  }
  return svg.Finish();
}

}  // namespace report
