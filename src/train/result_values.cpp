#include "train/result_values.hpp"

#include <algorithm>
#include <string>

#include "store/result_tables.hpp"

namespace train {
namespace {

bool HasValues(const std::vector<plan::Evaluation>& evaluations, EvaluatedValues table) {
  return std::any_of(evaluations.begin(), evaluations.end(),
                     [&](const plan::Evaluation& evaluation) { return !(evaluation.*table).empty(); });
}

}  // namespace

pg::Param Curve(const std::vector<plan::Evaluation>& evaluations, EvaluatedValues table, size_t value) {
  std::string text;
  bool any = false;
  for (const plan::Evaluation& evaluation : evaluations) {
    const std::vector<double>& values = evaluation.*table;
    const bool there = value < values.size();
    text += (text.empty() ? "{" : ",") + (there ? pg::NumberText(values[value]) : std::string("NULL"));
    any = any || there;
  }
  return any ? pg::Param(text + "}") : pg::Param(pg::Null{});
}

pg::Param Curves(const std::vector<plan::Evaluation>& evaluations, EvaluatedValues table, size_t metrics) {
  if (!HasValues(evaluations, table)) return pg::Null{};
  std::string text;
  for (const plan::Evaluation& evaluation : evaluations) {
    const std::vector<double>& values = evaluation.*table;
    text += text.empty() ? "{{" : ",{";
    for (size_t k = 0; k < metrics; k++)
      text += (k > 0 ? "," : "") + (values.empty() ? std::string("NULL") : pg::NumberText(values[k]));
    text += '}';
  }
  return text + "}";
}

pg::Param Final(const plan::Evaluation* kept, EvaluatedValues table, size_t value) {
  return kept != nullptr && value < (kept->*table).size() ? pg::Param((kept->*table)[value]) : pg::Param(pg::Null{});
}

const char* StatusOf(const ModelResult& result) {
  if (result.diverged_step != 0) return store::kStatusDiverged;
  if (result.iterations_done == 0) return kStatusUntrained;
  return result.stopped_iteration != 0 ? store::kStatusStopped : store::kStatusTrained;
}

const plan::Evaluation* KeptEvaluation(const ModelResult& result) {
  if (result.evaluations.empty()) return nullptr;
  return result.best >= 0 ? &result.evaluations[static_cast<size_t>(result.best)] : &result.evaluations.back();
}

}  // namespace train
