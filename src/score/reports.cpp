#include "score/reports.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "pg/transaction.hpp"
#include "plan/evaluation.hpp"
#include "score/group_reports.hpp"
#include "score/ranked_models.hpp"
#include "store/group_tables.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"
#include "store/run_record.hpp"
#include "store/runs.hpp"

namespace score {

ReportRows Leaderboard(std::string_view model_output_table) {
  const pg::TableName models = pg::ParseTableName(model_output_table, kRunArgument);
  if (store::IsGroupRun(models)) return ConfigurationLeaderboard(models);
  const Ranking ranking = RankModels(models);
  const auto names = ArchitectureNames(models);
  ReportRows rows;
  for (const RankedModel& model : ranking.models) {
    const std::vector<pg::Cell>& c = model.cells;
    const auto name = std::find_if(names.begin(), names.end(), [&](const auto& n) { return c[kModelId] && n.first == *c[kModelId]; });
    rows.push_back({std::to_string(rows.size() + 1), c[kMstKey], c[kModelId], name == names.end() ? pg::Cell() : pg::Cell(name->second),
                    c[kCompileParams], c[kFitParams], c[kStatus], c[kTrainingLoss], c[kTrainingMetric], c[kValidationLoss],
                    c[kValidationMetric], c[kMetric], c[kParameters], c[kSeconds]});
  }
  return rows;
}

namespace {


/// Mean and standard deviation of the sample.
class Spread {
 public:
  void Add(const pg::Cell& cell) {
    if (cell) values_.push_back(base::RealOrNaN(cell));
  }
  double Mean() const { return values_.empty() ? std::nan("") : std::accumulate(values_.begin(), values_.end(), 0.0) / Count(); }
  pg::Cell MeanCell() const { return values_.empty() ? pg::Cell() : pg::Cell(pg::NumberText(Mean())); }
  pg::Cell DeviationCell() const {
    if (values_.size() < 2) return {};
    double squares = 0;
    for (const double v : values_) squares += (v - Mean()) * (v - Mean());
    return pg::NumberText(std::sqrt(squares / (Count() - 1)));
  }

 private:
  double Count() const { return static_cast<double>(values_.size()); }
  std::vector<double> values_;
};

/// The models of a configuration.
struct Configuration {
  const RankedModel* first = nullptr;
  int64_t folds = 0, diverged = 0;
  Spread metric, loss, training_metric, training_loss;
  double seconds = 0;
  plan::Standing standing;
};

}  // namespace

ReportRows FoldLeaderboard(std::string_view model_output_table) {
  const pg::TableName models = pg::ParseTableName(model_output_table, kRunArgument);
  const store::ResultReader info(store::ResultTables(models).info, store::ResultTable::kInfo, kRunArgument, {"mst_key", "configuration", "fold"});
  std::map<int64_t, int64_t> configuration_of;  // by mst_key
  for (const auto& row : pg::Read("SELECT " + info.Columns("i") + " FROM " + info.Sql() + " i").rows) {
    if (row[1] && row[2]) configuration_of[base::WholeNumber(row[0])] = base::WholeNumber(row[1]);
  }
  if (configuration_of.empty()) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "the models of table " + models.Text() + " were not trained on folds", "",
                      "Use cerebro.leaderboard(), or train with folds on a table that was packed with folds.");
  }
  const Ranking ranking = RankModels(models);
  std::map<int64_t, Configuration> configurations;  // by mst_key of the selection table
  for (const RankedModel& model : ranking.models) {
    const auto found = configuration_of.find(model.standing.mst_key);
    if (found == configuration_of.end()) continue;
    Configuration& c = configurations[found->second];
    c.first = &model;
    c.standing.mst_key = found->second;
    c.folds++;
    c.seconds += base::RealOrNaN(model.cells[kSeconds]);
    c.standing.diverged = c.standing.diverged || model.standing.diverged;
    if (model.standing.diverged) {
      c.diverged++;
      continue;
    }
    c.metric.Add(model.cells[kValidationMetric]);
    c.loss.Add(model.cells[kValidationLoss]);
    c.training_metric.Add(model.cells[kTrainingMetric]);
    c.training_loss.Add(model.cells[kTrainingLoss]);
  }
  std::vector<Configuration*> ranked;
  for (auto& [key, c] : configurations) {
    c.standing.metric = c.metric.Mean();
    c.standing.loss = c.loss.Mean();
    ranked.push_back(&c);
  }
  std::sort(ranked.begin(), ranked.end(),
            [&](const Configuration* a, const Configuration* b) { return plan::StandsBefore(ranking.metric, a->standing, b->standing); });
  const auto names = ArchitectureNames(models);
  ReportRows rows;
  for (const Configuration* c : ranked) {
    const std::vector<pg::Cell>& cells = c->first->cells;
    const auto name = std::find_if(names.begin(), names.end(), [&](const auto& n) { return cells[kModelId] && n.first == *cells[kModelId]; });
    rows.push_back({std::to_string(rows.size() + 1), std::to_string(c->standing.mst_key), cells[kModelId],
                    name == names.end() ? pg::Cell() : pg::Cell(name->second), cells[kCompileParams], cells[kFitParams],
                    std::to_string(c->folds), std::to_string(c->diverged), cells[kMetric], c->metric.MeanCell(), c->metric.DeviationCell(),
                    c->loss.MeanCell(), c->loss.DeviationCell(), c->training_metric.MeanCell(), c->training_loss.MeanCell(), cells[kParameters],
                    pg::NumberText(c->seconds)});
  }
  return rows;
}

namespace {

constexpr size_t kRunCells = 13;  // of a row of cerebro.runs, before those of its state

void AddStatus(const store::RunStatus& status, const pg::Cell& end_reason, std::vector<pg::Cell>* row) {
  row->push_back(status.state.empty() ? pg::Cell() : pg::Cell(status.state));
  row->push_back(status.iteration ? pg::Cell(std::to_string(*status.iteration)) : pg::Cell());
  row->push_back(status.committed_at);
  row->push_back(status.error);
  row->push_back(end_reason);
}

// Of a run over groups: the best configuration over all of them.
std::vector<pg::Cell> GroupRunRow(const pg::TableName& name, const std::vector<pg::Cell>& summary, const pg::Cell& end_reason) {
  const store::ResultReader info(store::ResultTables(name).info, store::ResultTable::kGroupInfo, kRunArgument, {"status", "iterations_done"});
  const pg::Result models = pg::Read("SELECT pg_catalog.count(*), pg_catalog.count(CASE WHEN i.status OPERATOR(pg_catalog.=) '" +
                                     std::string(store::kStatusDiverged) + "' THEN 1 END), pg_catalog.max(i.iterations_done) FROM " + info.Sql() + " i");
  std::vector<pg::Cell> row{name.Sql()};
  row.insert(row.end(), summary.begin(), summary.end());
  for (size_t i = 0; i < 3; i++) row.push_back(models.at(0, i));
  const ReportRows configurations = ConfigurationLeaderboard(name);
  enum : size_t { kKey = 1, kTrainLoss = 7, kTrainMetric = 8, kValLoss = 9, kValMetric = 10, kName = 11 };
  const bool any = !configurations.empty() && configurations[0][kTrainLoss];
  const std::vector<pg::Cell> best = any ? configurations[0] : std::vector<pg::Cell>(kName + 1);
  row.push_back(any ? pg::Cell(best[kName].value_or("loss")) : pg::Cell());
  row.push_back(best[kKey]);
  row.push_back(best[kValLoss] ? best[kValMetric] : best[kTrainMetric]);
  row.push_back(best[kValLoss] ? best[kValLoss] : best[kTrainLoss]);
  store::RunStatus status;
  status.state = store::kRunFinished;  // it is one statement
  AddStatus(status, end_reason, &row);
  return row;
}

void AddRun(const pg::TableName& name, ReportRows* rows) {
  const store::ResultTables tables(name);
  const store::ResultReader summary(tables.summary, store::ResultTable::kSummary, kRunArgument,
                                    {"name", "description", "source_table", "start_training_time", "end_training_time", "end_reason"});
  const pg::Result run = pg::Read("SELECT " + summary.Columns("s") + " FROM " + summary.Sql() + " s");
  const std::optional<store::RunStatus> status = store::ReadRunStatus(tables);
  const bool durable = pg::TableExists(tables.run);
  if (run.rows.empty() && durable && status) {
    std::vector<pg::Cell> row{name.Sql()};
    row.resize(kRunCells);
    AddStatus(*status, {}, &row);
    rows->push_back(std::move(row));
  }
  if (run.rows.size() != 1) return;  // damaged: the other reports say so
  std::vector<pg::Cell> about = run.rows[0];
  const pg::Cell end_reason = about.back();
  about.pop_back();
  if (store::IsGroupRun(name)) {
    rows->push_back(GroupRunRow(name, about, end_reason));
    return;
  }
  const store::ResultReader info(tables.info, store::ResultTable::kInfo, kRunArgument, {"iterations_done"});
  const pg::Result iterations = pg::Read("SELECT pg_catalog.max(" + info.Columns("i") + ") FROM " + info.Sql() + " i");
  const Ranking ranking = RankModels(name);
  const auto diverged = std::count_if(ranking.models.begin(), ranking.models.end(), [](const RankedModel& m) { return m.standing.diverged; });
  std::vector<pg::Cell> row{name.Sql()};
  row.insert(row.end(), about.begin(), about.end());
  row.emplace_back(std::to_string(ranking.models.size()));
  row.emplace_back(std::to_string(diverged));
  row.push_back(iterations.at(0, 0));
  const RankedModel* const best = BestOf(ranking);
  const bool any = best != nullptr;
  row.push_back(any ? pg::Cell(ranking.metric.empty() ? "loss" : ranking.metric) : pg::Cell());
  row.push_back(any ? best->cells[kMstKey] : pg::Cell());
  row.push_back(any && !ranking.metric.empty() ? pg::Cell(pg::NumberText(best->standing.metric)) : pg::Cell());
  row.push_back(any ? pg::Cell(pg::NumberText(best->standing.loss)) : pg::Cell());
  AddStatus(status.value_or(store::RunStatus()), end_reason, &row);
  rows->push_back(std::move(row));
}

}  // namespace

// Whoever may create tables may make some that look like a run's and cannot be read: they do not end the listing.
ReportRows Runs() {
  ReportRows rows;
  for (const pg::TableName& name : store::FindRuns()) {
    if (pg::OnGreenplum()) {  // a subtransaction is a matter of the whole cluster there
      AddRun(name, &rows);
      continue;
    }
    ReportRows row;
    const std::optional<pg::CaughtError> error = pg::Attempt([&] { AddRun(name, &row); });
    if (error && error->cancelled()) error->Throw();
    if (!error) rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

ReportRows LearningCurve(std::string_view model_output_table) {
  const auto cell = [](const std::vector<double>& values, size_t at) {
    return at < values.size() ? pg::Cell(pg::NumberText(values[at])) : pg::Cell();
  };
  ReportRows rows;
  for (const store::StoredHistory& history :
       store::ReadHistory(store::ResultTables(pg::ParseTableName(model_output_table, kRunArgument)), kRunArgument)) {
    for (const plan::Evaluation& evaluation : history.evaluations) {
      rows.push_back({std::to_string(history.mst_key), std::to_string(evaluation.iteration), cell(evaluation.training, 0),
                      cell(evaluation.training, 1), cell(evaluation.validation, 0), cell(evaluation.validation, 1)});
    }
  }
  return rows;
}

}  // namespace score
