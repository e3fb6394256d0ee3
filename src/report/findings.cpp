#include "report/findings.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "plan/metric_order.hpp"
#include "report/axis.hpp"
#include "report/charts.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kOverfits = 0.05;   // of the least validation loss, above it in the end
constexpr double kStillMoves = 0.02; // of the loss, in the last quarter of the evaluations
constexpr double kWorthMuch = 0.1;
constexpr double kCalibrated = 0.02;
constexpr double kSure = 2;          // deviations from 0

std::string Named(const Model& model) { return "Model " + std::to_string(model.mst_key); }

double LossAt(const Evaluation& e, bool validation) { return validation ? e.validation_loss : e.training_loss; }

}  // namespace

std::string BestFinding(const Run& run) {
  if (run.models.empty()) return "The run has no models.";
  const Model& best = run.models.front();
  if (best.diverged) return run.models.size() == 1 ? "The model diverged." : "All models diverged.";
  const double score = ScoreOf(run, best);
  if (run.models.size() == 1) return Named(best) + " has a " + ScoreName(run) + " of " + Number(score) + ".";
  std::string text = Named(best) + " is best, with a " + ScoreName(run) + " of " + Number(score);
  const Model& second = run.models[1];
  if (second.diverged) return text + "; all others diverged.";
  if (ScoreOf(run, second) == score) return text + "; " + "model " + std::to_string(second.mst_key) + " has the same.";
  return text + ".";
}

std::string LeaderboardFinding(const Run& run) {
  Range range;
  int64_t diverged = 0;
  for (const Model& model : run.models) {
    diverged += model.diverged ? 1 : 0;
    if (!model.diverged) range.Add(ScoreOf(run, model));
  }
  const auto models = static_cast<int64_t>(run.models.size());
  std::string text = Counted(models, "model");
  if (models > diverged + 1 && !range.empty) {
    text += range.least == range.greatest ? " with the same " + ScoreName(run) + ", " + Number(range.least)
                                          : " with a " + ScoreName(run) + " from " + Number(range.least) + " to " + Number(range.greatest);
  }
  return text + (diverged > 0 ? "; " + Count(diverged) + " diverged." : ".");
}

std::string CurveFinding(const Run& run) {
  if (run.models.empty() || run.models.front().diverged) return "How the models learned";
  const Model& best = run.models.front();
  std::vector<Evaluation> curve;
  bool validated = false;
  for (const Evaluation& e : best.curve) validated = validated || IsFinite(e.validation_loss);
  for (const Evaluation& e : best.curve) {
    if (IsFinite(LossAt(e, validated))) curve.push_back(e);
  }
  if (curve.size() < 2) return Named(best) + " was evaluated once: there is no curve to judge.";
  const std::string kind = validated ? "validation loss" : "training loss";
  const auto least = std::min_element(curve.begin(), curve.end(),
                                      [&](const Evaluation& a, const Evaluation& b) { return LossAt(a, validated) < LossAt(b, validated); });
  const double last = LossAt(curve.back(), validated), lowest = LossAt(*least, validated);
  if (validated && last > lowest + kOverfits * std::fabs(lowest) && curve.back().training_loss < least->training_loss) {
    return Named(best) + " overfits after iteration " + std::to_string(least->iteration) + ": its validation loss rises from " + Number(lowest) +
           " to " + Number(last) + " while its training loss still falls.";
  }
  const double before = LossAt(curve[curve.size() - 1 - std::max<size_t>(1, curve.size() / 4)], validated);
  const std::string fell = "its " + kind + " went from " + Number(LossAt(curve.front(), validated)) + " to " + Number(last);
  if (before - last > kStillMoves * std::fabs(before)) return Named(best) + " was still improving at the end: " + fell + ".";
  return Named(best) + " has levelled off: " + fell + ".";
}

std::string WorthFinding(const Run& run, const Worths& worths) {
  if (!worths.absent.empty()) return "What each parameter is worth cannot be told";
  const Worth& first = worths.settings.front();
  if (first.share < kWorthMuch) return "No single parameter explains the differences in " + ScoreName(run) + ".";
  return first.setting + " matters most: by itself it explains " + Percent(first.share) + " of the differences in " + ScoreName(run) + ".";
}

std::string VisitFinding(const Run& run) {
  const Visits& visits = run.visits;
  double working = 0;
  for (const double seconds : visits.working) working += seconds;
  const double all = visits.seconds * static_cast<double>(visits.workers.size());
  const std::string share = all > 0 ? Percent(std::min(1.0, working / all)) : "100 %";
  if (visits.workers.size() == 1) {
    return (visits.workers[0] < 0 ? std::string("The session") : "One worker") + " trained for " + share + " of " + Seconds(visits.seconds) + ".";
  }
  return Count(static_cast<int64_t>(visits.workers.size())) + " workers trained for " + share + " of " + Seconds(visits.seconds) + ".";
}

std::string ConfusionFinding(const Confusion& confusion) {
  int64_t rows = 0, right = 0;
  const Confusion::Cell* worst = nullptr;
  for (const Confusion::Cell& cell : confusion.cells) {
    rows += cell.rows;
    if (cell.actual == cell.predicted) {
      right += cell.rows;
    } else if (worst == nullptr || cell.rows > worst->rows) {
      worst = &cell;
    }
  }
  if (rows == 0) return "There are no rows to classify.";
  if (worst == nullptr) return "All " + Count(rows) + " rows are classified as they should be.";
  const auto name = [&](int64_t c) {
    return c >= 0 && c < static_cast<int64_t>(confusion.classes.size()) ? confusion.classes[static_cast<size_t>(c)] : "class " + std::to_string(c);
  };
  return Percent(static_cast<double>(right) / static_cast<double>(rows)) + " of " + Counted(rows, "row") + " are classified right; " +
         name(worst->actual) + " is most often taken for " + name(worst->predicted) + ".";
}

double CalibrationError(const Calibration& calibration) {
  double rows = 0, distance = 0;
  for (const Calibration::Bin& bin : calibration.bins) {
    rows += static_cast<double>(bin.rows);
    distance += std::fabs(bin.confidence - static_cast<double>(bin.right));
  }
  return rows > 0 ? distance / rows : kNoNumber;
}

std::string CalibrationFinding(const Calibration& calibration) {
  double rows = 0, excess = 0;
  for (const Calibration::Bin& bin : calibration.bins) {
    rows += static_cast<double>(bin.rows);
    excess += bin.confidence - static_cast<double>(bin.right);
  }
  if (rows == 0) return "There are no rows to compare probabilities with.";
  const double error = CalibrationError(calibration);
  if (error < kCalibrated) return "Its probabilities can be taken at their word: they are off by " + Percent(error) + " on average.";
  return std::string(excess > 0 ? "It is too sure of itself" : "It is more often right than it says") + ": its probabilities are off by " +
         Percent(error) + " on average.";
}

std::string ImportanceFinding(const Validation& validation) {
  const Importance& first = validation.importances.front();
  if (!(first.mean > kSure * first.deviation) || first.mean <= 0) {
    return "No column matters by itself for the " + validation.importance_metric + ".";
  }
  const bool up = plan::GoesUp(validation.importance_metric);
  return first.column + " matters most: without it the " + validation.importance_metric + (up ? " falls by " : " rises by ") + Number(first.mean) + ".";
}

}  // namespace report
