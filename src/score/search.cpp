#include "score/search.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "pg/report.hpp"
#include "plan/flat_params.hpp"
#include "plan/metric_order.hpp"
#include "plan/parameter_importance.hpp"
#include "score/ranked_models.hpp"
#include "store/result_columns.hpp"
#include "store/result_tables.hpp"
#include "train/trial_table.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

using Histories = std::map<int, store::StoredHistory>;

Histories ReadHistories(const pg::TableName& table) {
  Histories histories;
  for (store::StoredHistory& history : store::ReadHistory(store::ResultTables(table), kRunArgument)) {
    const int key = history.mst_key;
    histories.emplace(key, std::move(history));
  }
  return histories;
}

const plan::Evaluation* EvaluationAt(const store::StoredHistory& history, int64_t iteration) {
  for (const plan::Evaluation& evaluation : history.evaluations) {
    if (evaluation.iteration == iteration) return &evaluation;
  }
  return nullptr;
}

// The most iterations after which at least half of the models that have been evaluated and have not diverged were evaluated.
int64_t CommonIteration(const Ranking& ranking, const Histories& histories) {
  std::map<int64_t, size_t> models;
  size_t alive = 0;
  for (const RankedModel& model : ranking.models) {
    const auto history = histories.find(static_cast<int>(model.standing.mst_key));
    if (model.standing.diverged || history == histories.end() || history->second.evaluations.empty()) continue;
    alive++;
    for (const plan::Evaluation& evaluation : history->second.evaluations) models[evaluation.iteration]++;
  }
  for (auto at = models.rbegin(); at != models.rend(); ++at) {
    if (2 * at->second >= alive) return at->first;
  }
  throw Error(ErrorCode::kPrerequisiteState, "no models of the run were evaluated after the same number of iterations",
              "", "Name an iteration, of those in cerebro.learning_curve().");
}

// As a loss; NaN where there is no such value.
double LossOf(const Ranking& ranking, const plan::Evaluation& evaluation) {
  const std::vector<double>& values = ranking.validated ? evaluation.validation : evaluation.training;
  const size_t at = ranking.metric.empty() ? 0 : 1;
  if (at >= values.size()) return std::nan("");
  return at == 1 && plan::GoesUp(ranking.metric) ? -values[at] : values[at];
}

}  // namespace

std::optional<int> BestModel(std::string_view model_output_table) {
  const Ranking ranking = RankModels(pg::ParseTableName(model_output_table, kRunArgument));
  const RankedModel* const best = BestOf(ranking);
  return best == nullptr ? std::nullopt : std::optional<int>(static_cast<int>(best->standing.mst_key));
}

ReportRows ImportanceOfParameters(std::string_view model_output_table, std::optional<int64_t> iteration, int64_t seed) {
  const pg::TableName table = pg::ParseTableName(model_output_table, kRunArgument);
  const Ranking ranking = RankModels(table);
  const Histories histories = ReadHistories(table);
  const int64_t at = iteration ? *iteration : CommonIteration(ranking, histories);
  std::vector<plan::ImportanceTrial> trials;
  bool found = false;
  for (const RankedModel& model : ranking.models) {
    pg::CheckInterrupts();
    const auto history = histories.find(static_cast<int>(model.standing.mst_key));
    const plan::Evaluation* evaluation = history == histories.end() ? nullptr : EvaluationAt(history->second, at);
    if (evaluation == nullptr && !model.standing.diverged) continue;
    plan::ImportanceTrial trial;
    trial.loss = evaluation == nullptr ? std::nan("") : LossOf(ranking, *evaluation);
    trial.parameters = plan::FlatParams(model.cells[kCompileParams].value_or(""), model.cells[kFitParams].value_or(""));
    trial.parameters.emplace_back("model_id", model.cells[kModelId].value_or(""));
    trials.push_back(std::move(trial));
    found = found || evaluation != nullptr;
  }
  if (!found) {
    throw Error(ErrorCode::kInvalidParameter,
                "no model of run " + table.Text() + " was evaluated after iteration " + std::to_string(at), "",
                "cerebro.learning_curve() lists the iterations.");
  }
  ReportRows rows;
  for (const plan::ParameterImportance& p :
       plan::ParameterImportances(trials, static_cast<uint64_t>(seed), [] { pg::CheckInterrupts(); })) {
    rows.push_back({p.name, pg::NumberText(p.importance), pg::NumberText(p.deviation)});
  }
  return rows;
}

ReportRows AskTrials(std::string_view run) {
  const pg::TableName table = pg::ParseTableName(run, "run");
  const store::ResultTables tables(table);
  if (!pg::TableExists(tables.trials)) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + table.Text() + " has no trials", "",
                "Begin it by CALL cerebro.fit(..., search => '{\"policy\": \"external\", \"max_models\": 100}').");
  }
  pg::RequireSelect(tables.trials);
  ReportRows rows;
  for (const train::LivingTrial& living : train::ReadTrials(tables)) {
    const plan::Trial& trial = living.trial;
    const bool known = !trial.points.empty();
    const std::string& remark = living.error.empty() ? trial.remark : living.error;
    rows.push_back({std::to_string(trial.key), std::string(plan::TrialStateName(trial.state)),
                    std::to_string(trial.candidate.model_id), trial.candidate.params.compile_params,
                    trial.candidate.params.fit_params, std::to_string(trial.iterations),
                    known ? pg::Cell(pg::NumberText(trial.points.back().value)) : pg::Cell(),
                    remark.empty() ? pg::Cell() : pg::Cell(remark)});
  }
  return rows;
}

}  // namespace score
