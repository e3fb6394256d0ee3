#include "score/ranked_models.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/plain_number.hpp"
#include "pg/foreign_code.hpp"
#include "store/group_tables.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"
#include "train/result_values.hpp"

namespace score {
namespace {


// The first metric after the loss, of the text of metric_names.
pg::Cell FirstMetric(const pg::Cell& names) {
  if (!names) return {};
  const std::vector<pg::Cell> list = pg::ParseArrayText(*names);
  return list.size() > 1 ? list[1] : pg::Cell();
}

bool IsDiverged(const std::vector<pg::Cell>& row) { return row[kStatus].value_or("") == store::kStatusDiverged; }

// Whether the model has values that others are compared by.
bool Counts(const std::vector<pg::Cell>& row) { return !IsDiverged(row) && row[kStatus].value_or("") != train::kStatusUntrained; }

}  // namespace

Ranking RankModels(const pg::TableName& models) {
  store::RequireOrdinaryRun(models, kRunArgument);
  const store::ResultReader info(store::ResultTables(models).info, store::ResultTable::kInfo, kRunArgument,
                                 {"mst_key", "model_id", "compile_params", "fit_params", "status", "training_loss_final",
                                  "training_metrics_final", "validation_loss_final", "validation_metrics_final", "metric_names",
                                  "parameters", "training_seconds"});
  pg::Result result = pg::Read("SELECT " + info.Columns("i") + " FROM " + info.Sql() + " i ORDER BY 1");
  Ranking ranking;
  for (auto& row : result.rows) row[kMetric] = FirstMetric(row[kMetric]);
  ranking.validated = !result.empty();
  for (const auto& row : result.rows) ranking.validated = ranking.validated && (row[kValidationLoss] || !Counts(row));
  for (const auto& row : result.rows) {
    RankedModel model;
    model.metric_names = {"loss"};
    if (row[kMetric]) model.metric_names.push_back(*row[kMetric]);
    model.standing.mst_key = base::WholeNumber(row[kMstKey].value_or("0"));
    model.standing.metric = base::RealOrNaN(row[ranking.validated ? kValidationMetric : kTrainingMetric]);
    model.standing.loss = base::RealOrNaN(row[ranking.validated ? kValidationLoss : kTrainingLoss]);
    model.standing.diverged = IsDiverged(row);
    model.cells = row;
    ranking.models.push_back(std::move(model));
  }
  std::vector<const std::vector<std::string>*> names;
  for (const RankedModel& model : ranking.models) {
    if (Counts(model.cells)) names.push_back(&model.metric_names);
  }
  ranking.metric = plan::CommonMetric(names);
  std::sort(ranking.models.begin(), ranking.models.end(),
            [&ranking](const RankedModel& a, const RankedModel& b) { return plan::StandsBefore(ranking.metric, a.standing, b.standing); });
  return ranking;
}

const RankedModel* BestOf(const Ranking& ranking) {
  if (ranking.models.empty()) return nullptr;
  const plan::Standing& best = ranking.models.front().standing;
  const bool scored = !std::isnan(best.metric) || !std::isnan(best.loss);  // a search may end before it has scored any
  return best.diverged || !scored ? nullptr : &ranking.models.front();
}

bool MayRead(const pg::TableName& table) {
  if (!pg::TableExists(table)) return false;
  const pg::Result readable =
      pg::Read("SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') AND c.relkind OPERATOR(pg_catalog.=) ANY "
               "(ARRAY['r', 'p', 'v', 'm', 'f']::pg_catalog.\"char\"[]) FROM pg_catalog.pg_class c"
               " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass",
               {table.Sql()});
  return !readable.empty() && readable.at(0, 0).value_or("f") == "t";
}

std::vector<std::pair<std::string, std::string>> ArchitectureNames(const pg::TableName& models) {
  std::vector<std::pair<std::string, std::string>> names;
  const pg::TableName summary = store::ResultTables(models).summary;
  if (!pg::TableExists(summary) || pg::FindColumn(pg::TableColumns(summary, kRunArgument), "model_arch_table") == nullptr) return names;
  const pg::Result found = pg::Read("SELECT s.model_arch_table FROM " + summary.Sql() + " s WHERE s.model_arch_table IS NOT NULL LIMIT 1");
  if (found.empty()) return names;
  const pg::TableName architectures = pg::ParseStoredName(found.Text(), "model_arch_table", summary);
  if (!MayRead(architectures)) return names;
  // nobody has named it in this call
  if (!pg::WhyNotSafe(architectures, pg::TableUse::kRead, {{"model_id", "pg_catalog.int4"}, {"name", "pg_catalog.text"}}).empty()) return names;
  const std::vector<pg::Column> columns = pg::TableColumns(architectures, "model_arch_table");
  if (pg::FindColumn(columns, "model_id") == nullptr || pg::FindColumn(columns, "name") == nullptr) return names;
  const pg::Result rows =
      pg::Read("SELECT model_id::pg_catalog.text, name::pg_catalog.text FROM " + architectures.Sql() + " WHERE name IS NOT NULL");
  for (const auto& row : rows.rows) {
    if (row[0] && row[1]) names.emplace_back(*row[0], *row[1]);
  }
  return names;
}

}  // namespace score
