// Learning curves. The best models are drawn last, with their names at the ends of their lines; the others are muted and
// have their names as tool tips. Scales come from models that did not diverge, where there are any: the last values
// of one that diverges would leave the others no room. What lies outside is left out.
#include <algorithm>
#include <cmath>
#include <vector>

#include "report/charts.hpp"
#include "report/frame.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kHeight = 330;
constexpr Frame kFrame{62, 14, kChartWidth - 96, kHeight - 46};
constexpr double kLabelDistance = 14;
constexpr size_t kMostSpots = 400;   // of a line
constexpr size_t kMostCircles = 30;  // on a line

double ValueAt(const Evaluation& e, CurveOf what, bool validation) {
  if (what == CurveOf::kLoss) return validation ? e.validation_loss : e.training_loss;
  return validation ? e.validation_metric : e.training_metric;
}

struct CurveScales {
  Scale x, y;
};

// A line is cut where a value is missing or outside.
std::vector<std::vector<Spot>> LinesOf(const Model& model, CurveOf what, bool validation, const CurveScales& scales) {
  std::vector<std::vector<Spot>> lines(1);
  const size_t stride = model.curve.size() / kMostSpots + 1;
  for (size_t i = 0; i < model.curve.size(); i++) {
    if (i % stride != 0 && i + 1 < model.curve.size()) continue;
    const double value = ValueAt(model.curve[i], what, validation);
    if (scales.y.Holds(value)) {
      lines.back().push_back({scales.x.At(static_cast<double>(model.curve[i].iteration)), scales.y.At(value)});
    } else if (!lines.back().empty()) {
      lines.emplace_back();
    }
  }
  return lines;
}

std::string NameOf(const Model& model) { return model.label.empty() ? ModelName(model.mst_key) : model.label; }

std::string TipOf(const Model& model, CurveOf what, bool validation, const Run& run) {
  const std::string value = what == CurveOf::kLoss ? "loss" : run.metric;
  std::string tip = NameOf(model) + (model.architecture.empty() ? "" : ", " + model.architecture) + ": " + (validation ? "validation " : "training ") + value;
  double last = kNoNumber;
  for (const Evaluation& e : model.curve) last = ValueAt(e, what, validation);
  tip += " " + Number(last);
  if (!model.curve.empty()) tip += " after iteration " + std::to_string(model.curve.back().iteration);
  for (const Setting& setting : model.settings) tip += "\n" + setting.name + " = " + setting.value;
  return tip;
}

// Points of a line that has one, or few.
void DrawCircles(const std::vector<std::vector<Spot>>& lines, const std::string& classes, double radius, bool all, Svg* svg) {
  for (const std::vector<Spot>& line : lines) {
    if (!all && line.size() != 1) continue;
    for (const Spot& spot : line) svg->Circle(spot.x, spot.y, radius, classes + " dot");
  }
}

struct EndLabel {
  double y;
  std::string text, classes;
};

// Labels at least a line apart, in the order of their lines.
void DrawEndLabels(std::vector<EndLabel> labels, Svg* svg) {
  std::stable_sort(labels.begin(), labels.end(), [](const EndLabel& a, const EndLabel& b) { return a.y < b.y; });
  for (size_t i = 1; i < labels.size(); i++) labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLabelDistance);
  double lowest = kFrame.bottom;
  for (size_t i = labels.size(); i-- > 0;) {
    labels[i].y = std::min(labels[i].y, lowest);
    lowest = labels[i].y - kLabelDistance;
  }
  for (const EndLabel& label : labels) svg->Text(kFrame.right + 10, label.y + 3.5, label.text, "label " + label.classes);
}

void AddValues(const Model& model, CurveOf what, Range* values) {
  for (const Evaluation& e : model.curve) {
    values->Add(ValueAt(e, what, false));
    values->Add(ValueAt(e, what, true));
  }
}

// Of models that did not diverge, or else of all.
Range ValuesOf(const Run& run, CurveOf what) {
  Range values;
  for (const Model& model : run.models) {
    if (!model.diverged) AddValues(model, what, &values);
  }
  if (!values.empty) return values;
  for (const Model& model : run.models) AddValues(model, what, &values);
  return values;
}

bool HasValidation(const Run& run, CurveOf what) {
  for (const Model& model : run.models) {
    for (const Evaluation& e : model.curve) {
      if (IsFinite(ValueAt(e, what, true))) return true;
    }
  }
  return false;
}

}  // namespace

bool HasCurve(const Run& run, CurveOf what) { return !ValuesOf(run, what).empty; }

std::string CurveChart(const std::string& id, const Run& run, CurveOf what) {
  Range iterations;
  for (const Model& model : run.models) {
    for (const Evaluation& e : model.curve) iterations.Add(static_cast<double>(e.iteration));
  }
  const Range values = ValuesOf(run, what);
  const bool logarithm = SuitsLogarithm(values);
  const CurveScales scales{Scale(iterations, kFrame.left, kFrame.right, false, true, 8), Scale(values, kFrame.bottom, kFrame.top, logarithm)};
  const bool validated = HasValidation(run, what);
  const std::string name = what == CurveOf::kLoss ? "loss" : run.metric;
  Svg svg(id, kChartWidth, kHeight, (what == CurveOf::kLoss ? "Loss" : run.metric) + " by iteration",
          "One line a model. " + std::string(validated ? "Solid lines are of the validation table, dashed ones of the training table." : "") +
              " Values are between " + Number(values.least) + " and " + Number(values.greatest) + (logarithm ? ", on a logarithmic scale." : "."));
  DrawLeftAxis(kFrame, scales.y, &svg);
  DrawBottomAxis(kFrame, scales.x, "iteration" + std::string(logarithm ? " \xC2\xB7 " + name + " on a logarithmic scale" : ""), &svg);
  std::vector<EndLabel> labels;
  const size_t drawn = std::min(run.models.size(), kMostDrawn);
  for (size_t rank = drawn; rank-- > 0;) {
    const Model& model = run.models[rank];
    const bool best = rank < kHighlighted && !model.diverged;
    const std::string classes = best ? SeriesClass(rank) : "muted";
    const auto lines = LinesOf(model, what, validated, scales);
    svg.Open("model " + classes, TipOf(model, what, validated, run));
    if (validated && best) {
      const auto training = LinesOf(model, what, false, scales);
      for (const std::vector<Spot>& line : training) svg.Polyline(line, "line training");
      DrawCircles(training, classes, 2, false, &svg);
    }
    for (const std::vector<Spot>& line : lines) svg.Polyline(line, "line");
    DrawCircles(lines, classes, best ? 2.5 : 1.8, best && model.curve.size() <= kMostCircles, &svg);
    svg.Close();
    if (!best) continue;
    for (size_t i = lines.size(); i-- > 0;) {
      if (lines[i].empty()) continue;
      labels.push_back({lines[i].back().y, NameOf(model), classes});
      break;
    }
  }
  DrawEndLabels(std::move(labels), &svg);
  return svg.Finish();
}

}  // namespace report
