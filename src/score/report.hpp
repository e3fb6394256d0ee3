// cerebro.report and cerebro.learning_curve_text: collects what src/report lays out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "score/reports.hpp"

namespace score {

/// cerebro.report: the page of a run. It needs what the leaderboard needs. What else it shows is left out with a sentence
/// where its tables are gone or may not be read: visits, and what the best model does on the run's validation table.
std::string Report(std::string_view model_output_table);

struct CurveTextRequest {
  std::string model_output_table;
  std::optional<int> mst_key;         // nothing: the best models
  std::optional<std::string> metric;  // nothing: the loss
  int64_t width = 78, height = 20;    // in characters and lines
};

/// cerebro.learning_curve_text: a row a line. Errors: kUndefinedObject for an mst_key or a metric that the run does not
/// have; kInvalidParameter for a size out of range.
ReportRows LearningCurveText(const CurveTextRequest& request);

}  // namespace score
