#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "score/class_counts.hpp"
#include "score/reports.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

std::optional<std::string> ClassName(const OutputInfo& output, int64_t c) {
  if (c < 0 || c >= static_cast<int64_t>(output.classes.size())) return std::nullopt;
  return output.classes[static_cast<size_t>(c)];
}

}  // namespace

ReportRows ConfusionMatrix(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key) {
  const ScoredTable scored = OpenScoredTable(model_table, test_table, mst_key, "the confusion matrix", train::kConfusionMemoryHint);
  const std::vector<OutputInfo>& outputs = scored.outputs;
  if (std::none_of(outputs.begin(), outputs.end(), HasOneClass)) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported,
                      "the model with mst_key " + std::to_string(scored.model().mst_key) + " has no confusion matrix",
                      "It is a regression, or a row may have several classes.", "See cerebro.evaluate() for its loss and metrics.");
  }
  const std::vector<ClassCounts> counts = CountClasses(scored);
  ReportRows rows;
  for (size_t i = 0; i < outputs.size(); i++) {
    for (const auto& [pair, count] : counts[i].confusions) {
      rows.push_back({outputs[i].name, ClassName(outputs[i], pair.first), ClassName(outputs[i], pair.second), std::to_string(count)});
    }
  }
  return rows;
}

}  // namespace score
