#include "score/reports.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "plan/ranking.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kArgument = "model_output_table";

pg::TableName OpenInfo(const pg::TableName& models, const std::vector<const char*>& needed) {
  const pg::TableName info = models.WithSuffix("_info");
  const char* hint = "Pass the model_output_table of a finished cerebro.fit_multiple_model().";
  if (!pg::TableExists(info)) throw Error(ErrorCode::kUndefinedTable, "table " + info.Sql() + " does not exist", "", hint);
  const std::vector<pg::Column> columns = pg::TableColumns(info, kArgument);
  for (const char* name : needed) {
    if (pg::FindColumn(columns, name) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "table " + info.Sql() + " has no column \"" + name + "\"", "", hint);
    }
  }
  pg::RequireSelect(info);
  return info;
}

// Columns of the leaderboard's query, in its order.
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

std::vector<Entry> ReadEntries(const pg::TableName& info) {
  const pg::Result result = pg::Read(
      "SELECT mst_key, model_id, compile_params, fit_params, status, training_loss_final, training_metrics_final, validation_loss_final,"
      " validation_metrics_final, metric_names[2], parameters, training_seconds FROM " +
      info.Sql() + " ORDER BY mst_key");
  bool validated = !result.empty();
  for (const auto& row : result.rows) validated = validated && (row[kValidationLoss] || row[kStatus].value_or("") == "diverged");
  std::vector<Entry> entries;
  for (const auto& row : result.rows) {
    Entry entry;
    entry.metric_names = {"loss"};
    if (row[kMetric]) entry.metric_names.push_back(*row[kMetric]);
    entry.standing.mst_key = std::stoll(row[kMstKey].value_or("0"));
    entry.standing.metric = Number(row[validated ? kValidationMetric : kTrainingMetric]);
    entry.standing.loss = Number(row[validated ? kValidationLoss : kTrainingLoss]);
    entry.standing.diverged = row[kStatus].value_or("") == "diverged";
    entry.cells = row;
    entries.push_back(std::move(entry));
  }
  return entries;
}

void SortEntries(std::vector<Entry>* entries) {
  std::vector<const std::vector<std::string>*> names;
  for (const Entry& entry : *entries) {
    if (!entry.standing.diverged) names.push_back(&entry.metric_names);
  }
  const std::string metric = plan::CommonMetric(names);
  std::sort(entries->begin(), entries->end(),
            [&metric](const Entry& a, const Entry& b) { return plan::StandsBefore(metric, a.standing, b.standing); });
}

// model_id -> name, where the architecture table is still there and the caller may read it.
std::vector<std::pair<std::string, std::string>> ReadNames(const pg::TableName& models) {
  std::vector<std::pair<std::string, std::string>> names;
  const pg::TableName summary = models.WithSuffix("_summary");
  if (!pg::TableExists(summary) || pg::FindColumn(pg::TableColumns(summary, kArgument), "model_arch_table") == nullptr) return names;
  const pg::Result found = pg::Read("SELECT s.model_arch_table FROM " + summary.Sql() + " s WHERE s.model_arch_table IS NOT NULL LIMIT 1");
  if (found.empty()) return names;
  const pg::TableName architectures = pg::ParseTableName(found.Text(), "model_arch_table");
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
  const pg::TableName info =
      OpenInfo(models, {"mst_key", "model_id", "compile_params", "fit_params", "status", "training_loss_final", "training_metrics_final",
                        "validation_loss_final", "validation_metrics_final", "metric_names", "parameters", "training_seconds"});
  std::vector<Entry> entries = ReadEntries(info);
  SortEntries(&entries);
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

ReportRows LearningCurve(std::string_view model_output_table) {
  const pg::TableName info =
      OpenInfo(pg::ParseTableName(model_output_table, kArgument),
               {"mst_key", "metrics_iters", "training_loss", "training_metrics", "validation_loss", "validation_metrics"});
  return pg::Read("SELECT i.mst_key, u.iteration, u.tl, u.tm, u.vl, u.vm FROM " + info.Sql() +
                  " i CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.metrics_iters), pg_catalog.unnest(i.training_loss),"
                  " pg_catalog.unnest(i.training_metrics), pg_catalog.unnest(i.validation_loss), pg_catalog.unnest(i.validation_metrics))"
                  " AS u(iteration, tl, tm, vl, vm) WHERE u.iteration IS NOT NULL ORDER BY i.mst_key, u.iteration")
      .rows;
}

}  // namespace score
