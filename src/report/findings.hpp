// What a section of the page found, as a sentence: its heading.
#pragma once

#include <string>

#include "report/run.hpp"
#include "report/worth.hpp"

namespace report {

std::string BestFinding(const Run& run);
/// How far the models' scores are apart, and how many diverged.
std::string LeaderboardFinding(const Run& run);
/// How the best model learned: still improving, levelled off, or overfitting.
std::string CurveFinding(const Run& run);
std::string WorthFinding(const Run& run, const Worths& worths);
std::string VisitFinding(const Run& run);
std::string ConfusionFinding(const Confusion& confusion);
std::string CalibrationFinding(const Calibration& calibration);
std::string ImportanceFinding(const Validation& validation);

/// The mean distance between probability and share of right rows, weighted by rows (expected calibration error).
double CalibrationError(const Calibration& calibration);

}  // namespace report
