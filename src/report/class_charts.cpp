// How the best model does on classes: which it confuses, and whether its probabilities can be believed.
#include <algorithm>
#include <cmath>
#include <vector>

#include "report/charts.hpp"
#include "report/frame.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kLabelRoom = 150;
constexpr double kMatrix = 560;   // at most
constexpr double kGreatestCell = 46;
constexpr double kCellForNumbers = 24;
constexpr double kMatrixTop = 44;

std::string ClassName(const Confusion& confusion, int64_t c) {
  if (c < 0 || c >= static_cast<int64_t>(confusion.classes.size())) return "class " + std::to_string(c);
  return confusion.classes[static_cast<size_t>(c)];
}

}  // namespace

std::string ConfusionChart(const std::string& id, const Confusion& confusion) {
  const auto classes = static_cast<int64_t>(confusion.classes.size());
  const double cell = std::min(kGreatestCell, kMatrix / static_cast<double>(std::max<int64_t>(1, classes)));
  const double size = cell * static_cast<double>(classes);
  const double left = kLabelRoom;
  std::vector<int64_t> rows(confusion.classes.size(), 0);
  const auto inside = [&](const Confusion::Cell& c) { return c.actual >= 0 && c.actual < classes && c.predicted >= 0 && c.predicted < classes; };
  for (const Confusion::Cell& c : confusion.cells) {
    if (inside(c)) rows[static_cast<size_t>(c.actual)] += c.rows;
  }
  Svg svg(id, std::max(left + size + 20, 360.0), kMatrixTop + size + 8, "Confusion matrix of " + confusion.output,
          "A row for each actual class, a column for each predicted one; the diagonal is right.");
  svg.Text(left, 12, "predicted " + confusion.output, "name");
  svg.Text(left - 8, kMatrixTop - 6, "actual", "name", Anchor::kEnd);
  svg.Rect(left, kMatrixTop, size, size, "track");
  for (int64_t c = 0; c < classes; c++) {
    const double at = cell * (static_cast<double>(c) + 0.5);
    const std::string& name = confusion.classes[static_cast<size_t>(c)];
    if (cell >= kFontSize) svg.Text(left - 8, kMatrixTop + at + 3.5, name, "label", Anchor::kEnd, kLabelRoom - 14);
    // a name that is cut to nothing tells nothing
    if (Fit(name, cell - 2, kFontSize).size() > 3 || TextWidth(name, kFontSize) <= cell - 2) {
      svg.Text(left + at, kMatrixTop - 6, name, "label", Anchor::kMiddle, cell - 2);
    }
  }
  for (const Confusion::Cell& c : confusion.cells) {
    if (!inside(c) || c.rows <= 0) continue;
    const double x = left + cell * static_cast<double>(c.predicted), y = kMatrixTop + cell * static_cast<double>(c.actual);
    const double share = static_cast<double>(c.rows) / static_cast<double>(std::max<int64_t>(1, rows[static_cast<size_t>(c.actual)]));
    const bool right = c.actual == c.predicted;
    svg.Rect(x + 0.5, y + 0.5, cell - 1, cell - 1, right ? "right" : "wrong",
             "actual " + ClassName(confusion, c.actual) + ", predicted " + ClassName(confusion, c.predicted) + ": " + Counted(c.rows, "row") + ", " +
                 Percent(share) + " of the class",
             0.12 + 0.88 * share);
    const std::string number = Count(c.rows);
    if (cell < kCellForNumbers || TextWidth(number, kFontSize) > cell) continue;
    svg.Text(x + cell / 2, y + cell / 2 + 4, number, share > 0.5 ? "number on" : "number", Anchor::kMiddle);
  }
  return svg.Finish();
}

std::string CalibrationChart(const std::string& id, const Calibration& calibration) {
  constexpr double kWidth = 420, kHeight = 340;
  constexpr Frame kFrame{54, 14, kWidth - 24, kHeight - 46};
  constexpr double kLeastRadius = 2.5, kRadius = 9;
  Range range;
  range.Add(0);
  range.Add(1);
  const Scale x(range, kFrame.left, kFrame.right, false), y(range, kFrame.bottom, kFrame.top, false);
  Svg svg(id, kWidth, kHeight, "Calibration of " + calibration.output,
          "For rows by the probability of the predicted class: how many are right. On the diagonal probabilities can be taken at their word.");
  DrawLeftAxis(kFrame, y, &svg);
  DrawBottomAxis(kFrame, x, "probability of the predicted class", &svg);
  svg.Line(x.At(0), y.At(0), x.At(1), y.At(1), "diagonal");
  double most = 1;
  for (const Calibration::Bin& bin : calibration.bins) most = std::max(most, static_cast<double>(bin.rows));
  std::vector<Spot> spots;
  svg.Open("model s1");
  for (const Calibration::Bin& bin : calibration.bins) {
    if (bin.rows <= 0 || !IsFinite(bin.confidence)) continue;
    const auto rows = static_cast<double>(bin.rows);
    const double confidence = bin.confidence / rows, right = static_cast<double>(bin.right) / rows;
    const double error = std::sqrt(right * (1 - right) / rows);
    const Spot spot{x.At(confidence), y.At(right)};
    spots.push_back(spot);
    svg.Line(spot.x, y.At(right - error), spot.x, y.At(right + error), "whisker");
    // circles end at the edge of the drawing, not of the frame
    svg.Circle(spot.x, spot.y, kLeastRadius + (kRadius - kLeastRadius) * std::sqrt(rows / most), "dot",
               Counted(bin.rows, "row") + " of probability " + Percent(confidence) + ": " + Percent(right) + " right");
  }
  svg.Polyline(spots, "line");
  svg.Close();
  return svg.Finish();
}

}  // namespace report
