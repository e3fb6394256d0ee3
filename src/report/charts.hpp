// The drawings of a page. Each is one <svg> whose marks lie within its view box, whatever the values are: NaN and
// infinities are not drawn. id: unique in the page.
#pragma once

#include <cstddef>
#include <string>

#include "report/run.hpp"
#include "report/worth.hpp"

namespace report {

/// The best models have colours of their own, the same in every drawing; all others are muted.
constexpr size_t kHighlighted = 4;
/// No drawing has more models.
constexpr size_t kMostDrawn = 300;

enum class CurveOf { kLoss, kMetric };

/// Whether there is a value to be drawn.
bool HasCurve(const Run& run, CurveOf what);
/// Training (dashed) and validation by iterations. REQUIRES HasCurve.
std::string CurveChart(const std::string& id, const Run& run, CurveOf what);
/// A line a model through an axis a parameter, the most valuable first, to the score. REQUIRES worths.settings.
std::string ParallelChart(const std::string& id, const Run& run, const Worths& worths);
/// A bar a parameter. REQUIRES a share.
std::string WorthChart(const std::string& id, const Run& run, const Worths& worths);
/// A row a worker over time. REQUIRES a visit.
std::string VisitChart(const std::string& id, const Run& run);
/// A cell a pair of classes. REQUIRES at most kMostClasses classes.
std::string ConfusionChart(const std::string& id, const Confusion& confusion);
constexpr size_t kMostClasses = 40;
/// How often rows of a probability are right. REQUIRES a row.
std::string CalibrationChart(const std::string& id, const Calibration& calibration);
/// A bar a column, at most kMostColumns. REQUIRES a column.
std::string ImportanceChart(const std::string& id, const Validation& validation);
constexpr size_t kMostColumns = 30;

/// What a worker is called.
std::string WorkerName(int64_t worker);

}  // namespace report
