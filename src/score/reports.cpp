#include "score/reports.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "plan/evaluation.hpp"
#include "plan/ranking.hpp"
#include "store/result_columns.hpp"
#include "store/result_tables.hpp"
#include "store/runs.hpp"

namespace score {
namespace {

constexpr const char* kArgument = "model_output_table";

// In the order of the query.
enum InfoColumn : size_t {
  kMstKey, kModelId, kCompileParams, kFitParams, kStatus, kTrainingLoss, kTrainingMetric, kValidationLoss, kValidationMetric,
  kMetric, kParameters, kSeconds
};

struct Entry {
  std::vector<std::string> metric_names;  // the loss, then the first metric where there is one
  plan::Standing standing;
  std::vector<pg::Cell> cells;
};

double Number(const pg::Cell& cell) { return cell ? std::strtod(cell->c_str(), nullptr) : std::nan(""); }

// The first metric after the loss, of the text of metric_names.
pg::Cell FirstMetric(const pg::Cell& names) {
  if (!names) return {};
  const std::vector<pg::Cell> list = pg::ParseArrayText(*names);
  return list.size() > 1 ? list[1] : pg::Cell();
}

std::vector<Entry> ReadEntries(const pg::TableName& models) {
  const store::ResultReader info(store::ResultTables(models).info, store::ResultTable::kInfo, kArgument,
                                 {"mst_key", "model_id", "compile_params", "fit_params", "status", "training_loss_final",
                                  "training_metrics_final", "validation_loss_final", "validation_metrics_final", "metric_names",
                                  "parameters", "training_seconds"});
  pg::Result result = pg::Read("SELECT " + info.Columns("i") + " FROM " + info.Sql() + " i ORDER BY 1");
  for (auto& row : result.rows) row[kMetric] = FirstMetric(row[kMetric]);
  bool validated = !result.empty();
  const auto diverged = [](const std::vector<pg::Cell>& row) { return row[kStatus].value_or("") == store::kStatusDiverged; };
  for (const auto& row : result.rows) validated = validated && (row[kValidationLoss] || diverged(row));
  std::vector<Entry> entries;
  for (const auto& row : result.rows) {
    Entry entry;
    entry.metric_names = {"loss"};
    if (row[kMetric]) entry.metric_names.push_back(*row[kMetric]);
    entry.standing.mst_key = std::stoll(row[kMstKey].value_or("0"));
    entry.standing.metric = Number(row[validated ? kValidationMetric : kTrainingMetric]);
    entry.standing.loss = Number(row[validated ? kValidationLoss : kTrainingLoss]);
    entry.standing.diverged = diverged(row);
    entry.cells = row;
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// The models of a run, best first, and the metric that decides; "" where the loss does.
struct Ranking {
  std::vector<Entry> entries;
  std::string metric;
};

Ranking RankEntries(const pg::TableName& models) {
  Ranking ranking;
  ranking.entries = ReadEntries(models);
  std::vector<const std::vector<std::string>*> names;
  for (const Entry& entry : ranking.entries) {
    if (!entry.standing.diverged) names.push_back(&entry.metric_names);
  }
  ranking.metric = plan::CommonMetric(names);
  std::sort(ranking.entries.begin(), ranking.entries.end(),
            [&ranking](const Entry& a, const Entry& b) { return plan::StandsBefore(ranking.metric, a.standing, b.standing); });
  return ranking;
}

// model_id -> name, where the architecture table is still there and the caller may read it.
std::vector<std::pair<std::string, std::string>> ReadNames(const pg::TableName& models) {
  std::vector<std::pair<std::string, std::string>> names;
  const pg::TableName summary = store::ResultTables(models).summary;
  if (!pg::TableExists(summary) || pg::FindColumn(pg::TableColumns(summary, kArgument), "model_arch_table") == nullptr) return names;
  const pg::Result found = pg::Read("SELECT s.model_arch_table FROM " + summary.Sql() + " s WHERE s.model_arch_table IS NOT NULL LIMIT 1");
  if (found.empty()) return names;
  const pg::TableName architectures = pg::ParseStoredName(found.Text(), "model_arch_table", summary);
  if (!pg::TableExists(architectures)) return names;
  const pg::Result readable =
      pg::Read("SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') AND c.relkind OPERATOR(pg_catalog.=) ANY "
               "(ARRAY['r', 'p', 'v', 'm', 'f']::pg_catalog.\"char\"[]) FROM pg_catalog.pg_class c"
               " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass",
               {architectures.Sql()});
  if (readable.empty() || readable.at(0, 0).value_or("f") != "t") return names;
  const std::vector<pg::Column> columns = pg::TableColumns(architectures, "model_arch_table");
  if (pg::FindColumn(columns, "model_id") == nullptr || pg::FindColumn(columns, "name") == nullptr) return names;
  const pg::Result rows =
      pg::Read("SELECT model_id::pg_catalog.text, name::pg_catalog.text FROM " + architectures.Sql() + " WHERE name IS NOT NULL");
  for (const auto& row : rows.rows) {
    if (row[0] && row[1]) names.emplace_back(*row[0], *row[1]);
  }
  return names;
}

}  // namespace

ReportRows Leaderboard(std::string_view model_output_table) {
  const pg::TableName models = pg::ParseTableName(model_output_table, kArgument);
  const std::vector<Entry> entries = RankEntries(models).entries;
  const auto names = ReadNames(models);
  ReportRows rows;
  for (const Entry& entry : entries) {
    const std::vector<pg::Cell>& c = entry.cells;
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
    if (cell) values_.push_back(Number(cell));
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
  const Entry* first = nullptr;
  int64_t folds = 0, diverged = 0;
  Spread metric, loss, training_metric, training_loss;
  double seconds = 0;
  plan::Standing standing;
};

}  // namespace

ReportRows FoldLeaderboard(std::string_view model_output_table) {
  const pg::TableName models = pg::ParseTableName(model_output_table, kArgument);
  const store::ResultReader info(store::ResultTables(models).info, store::ResultTable::kInfo, kArgument, {"mst_key", "configuration", "fold"});
  std::map<int64_t, int64_t> configuration_of;  // by mst_key
  for (const auto& row : pg::Read("SELECT " + info.Columns("i") + " FROM " + info.Sql() + " i").rows) {
    if (row[1] && row[2]) configuration_of[std::stoll(row[0].value())] = std::stoll(*row[1]);
  }
  if (configuration_of.empty()) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "the models of table " + models.Text() + " were not trained on folds", "",
                      "Use cerebro.leaderboard(), or train with folds on a table that was packed with folds.");
  }
  const Ranking ranking = RankEntries(models);
  std::map<int64_t, Configuration> configurations;  // by mst_key of the selection table
  for (const Entry& entry : ranking.entries) {
    const auto found = configuration_of.find(entry.standing.mst_key);
    if (found == configuration_of.end()) continue;
    Configuration& c = configurations[found->second];
    c.first = &entry;
    c.standing.mst_key = found->second;
    c.folds++;
    c.seconds += Number(entry.cells[kSeconds]);
    c.standing.diverged = c.standing.diverged || entry.standing.diverged;
    if (entry.standing.diverged) {
      c.diverged++;
      continue;
    }
    c.metric.Add(entry.cells[kValidationMetric]);
    c.loss.Add(entry.cells[kValidationLoss]);
    c.training_metric.Add(entry.cells[kTrainingMetric]);
    c.training_loss.Add(entry.cells[kTrainingLoss]);
  }
  std::vector<Configuration*> ranked;
  for (auto& [key, c] : configurations) {
    c.standing.metric = c.metric.Mean();
    c.standing.loss = c.loss.Mean();
    ranked.push_back(&c);
  }
  std::sort(ranked.begin(), ranked.end(),
            [&](const Configuration* a, const Configuration* b) { return plan::StandsBefore(ranking.metric, a->standing, b->standing); });
  const auto names = ReadNames(models);
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

ReportRows Runs() {
  ReportRows rows;
  for (const pg::TableName& name : store::FindRuns()) {
    const store::ResultTables tables(name);
    const store::ResultReader summary(tables.summary, store::ResultTable::kSummary, kArgument,
                                      {"name", "description", "source_table", "start_training_time", "end_training_time"});
    const pg::Result run = pg::Read("SELECT " + summary.Columns("s") + " FROM " + summary.Sql() + " s");
    if (run.rows.size() != 1) continue;  // damaged: the other reports say so
    const store::ResultReader info(tables.info, store::ResultTable::kInfo, kArgument, {"iterations_done"});
    const pg::Result iterations = pg::Read("SELECT pg_catalog.max(" + info.Columns("i") + ") FROM " + info.Sql() + " i");
    Ranking ranking = RankEntries(name);
    const auto diverged = std::count_if(ranking.entries.begin(), ranking.entries.end(), [](const Entry& e) { return e.standing.diverged; });
    std::vector<pg::Cell> row{name.Sql()};
    row.insert(row.end(), run.rows[0].begin(), run.rows[0].end());
    row.emplace_back(std::to_string(ranking.entries.size()));
    row.emplace_back(std::to_string(diverged));
    row.push_back(iterations.at(0, 0));
    const bool any = ranking.entries.size() > static_cast<size_t>(diverged);
    row.push_back(any ? pg::Cell(ranking.metric.empty() ? "loss" : ranking.metric) : pg::Cell());
    row.push_back(any ? ranking.entries.front().cells[kMstKey] : pg::Cell());
    row.push_back(any && !ranking.metric.empty() ? pg::Cell(pg::NumberText(ranking.entries.front().standing.metric)) : pg::Cell());
    row.push_back(any ? pg::Cell(pg::NumberText(ranking.entries.front().standing.loss)) : pg::Cell());
    rows.push_back(std::move(row));
  }
  return rows;
}

ReportRows LearningCurve(std::string_view model_output_table) {
  const auto cell = [](const std::vector<double>& values, size_t at) {
    return at < values.size() ? pg::Cell(pg::NumberText(values[at])) : pg::Cell();
  };
  ReportRows rows;
  for (const store::StoredHistory& history :
       store::ReadHistory(store::ResultTables(pg::ParseTableName(model_output_table, kArgument)), kArgument)) {
    for (const plan::Evaluation& evaluation : history.evaluations) {
      rows.push_back({std::to_string(history.mst_key), std::to_string(evaluation.iteration), cell(evaluation.training, 0),
                      cell(evaluation.training, 1), cell(evaluation.validation, 0), cell(evaluation.validation, 1)});
    }
  }
  return rows;
}

}  // namespace score
