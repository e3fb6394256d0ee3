#include "score/group_reports.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/plain_number.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "plan/metric_order.hpp"
#include "plan/ranking.hpp"
#include "score/ranked_models.hpp"
#include "store/group_tables.hpp"
#include "store/result_rows.hpp"

namespace score {
namespace {

constexpr int64_t kRowsAtOnce = 1000;

// {"region": ..., "store": ...} of a row of <out>_groups.
std::string KeyJson(const store::GroupRunTable& run) {
  std::string list;
  for (const pg::Column& key : run.keys) list += (list.empty() ? "g." : ", g.") + pg::QuoteIdent(key.name);
  return "(SELECT pg_catalog.row_to_json(k) FROM (SELECT " + list + ") AS k)";
}

}  // namespace

void GroupLeaderboard(std::string_view model_output_table, const std::function<void(const ReportRows&)>& use) {
  const store::GroupRunTable run = store::OpenGroupRun(model_output_table, kRunArgument);
  const store::ResultTables tables = run.Tables();
  const store::ResultReader groups(tables.groups, store::ResultTable::kGroups, kRunArgument,
                                   {"group_id", "status", "chosen", "mst_key", "metric", "value", "loss",
                                    "global_value", "group_rows", "validation_rows", "seconds", "reason"});
  const store::ResultReader configurations(tables.configurations, store::ResultTable::kConfigurations, kRunArgument,
                                           {"mst_key", "compile_params", "fit_params"});
  const pg::Result metric = pg::Read("SELECT g.metric FROM " + groups.Sql() + " g WHERE g.metric IS NOT NULL LIMIT 1");
  const bool up = !metric.empty() && plan::GoesUp(metric.Text());
  const std::string order = std::string(up ? "DESC" : "ASC") + " NULLS LAST";
  // NaN is larger than all numbers to the server, and the worst of all to us
  const std::string value = "NULLIF(g.value, 'NaN'::pg_catalog.float8)";
  pg::Cursor cursor("SELECT CASE WHEN " + value + " IS NOT NULL THEN pg_catalog.row_number() OVER (ORDER BY " + value +
                    " " + order + ", g.group_id) END AS rank, g.group_id, " + KeyJson(run) +
                    "::pg_catalog.text, g.status, g.chosen, g.mst_key, c.compile_params, c.fit_params, g.metric, "
                    "g.value, g.loss, g.global_value,"
                    " g.group_rows, g.validation_rows, g.seconds, g.reason FROM " +
                    groups.Sql() + " g LEFT JOIN " + configurations.Sql() +
                    " c ON c.mst_key OPERATOR(pg_catalog.=) g.mst_key ORDER BY " + value + " " + order +
                    ", g.group_id");
  for (;;) {
    const pg::Result rows = cursor.Fetch(kRowsAtOnce);
    if (rows.empty()) return;
    use(rows.rows);
  }
}

namespace {


/// A configuration over all groups.
struct RankedConfiguration {
  plan::Standing standing;
  std::vector<std::string> metric_names;
  std::vector<pg::Cell> cells;
};

// The mean over groups, weighted by rows; values that are no numbers do not count.
std::string Mean(const std::string& column, const std::string& rows) {
  const std::string there =
      "i." + column + " IS NOT NULL AND i." + column + " OPERATOR(pg_catalog.<>) 'NaN'::pg_catalog.float8";
  const std::string weight = "CASE WHEN " + there + " THEN g." + rows + "::pg_catalog.float8 END";
  return "pg_catalog.sum(CASE WHEN " + there + " THEN i." + column + " OPERATOR(pg_catalog.*) g." + rows +
         "::pg_catalog.float8 END)"
         " OPERATOR(pg_catalog./) NULLIF(pg_catalog.sum(" +
         weight + "), 0)";
}

}  // namespace

ReportRows ConfigurationLeaderboard(const pg::TableName& name) {
  const store::ResultTables tables(name);
  const store::ResultReader info(tables.info, store::ResultTable::kGroupInfo, kRunArgument,
                                 {"group_id", "mst_key", "status", "training_loss_final", "training_metrics_final",
                                  "validation_loss_final", "validation_metrics_final", "training_seconds"});
  const store::ResultReader groups(tables.groups, store::ResultTable::kGroups, kRunArgument,
                                   {"group_id", "group_rows", "validation_rows"});
  const store::ResultReader configurations(
      tables.configurations, store::ResultTable::kConfigurations, kRunArgument,
      {"mst_key", "model_id", "compile_params", "fit_params", "metric_names", "parameters"});
  enum : size_t {
    kKey,
    kId,
    kCompile,
    kFit,
    kDiverged,
    kTrainLoss,
    kTrainMetric,
    kValLoss,
    kValMetric,
    kNames,
    kSize,
    kTime,
    kGroups
  };
  const pg::Result rows = pg::Read(
      "SELECT c.mst_key, c.model_id, c.compile_params, c.fit_params, s.diverged, s.training_loss, s.training_metric, "
      "s.validation_loss,"
      " s.validation_metric, c.metric_names::pg_catalog.text, c.parameters, s.seconds, s.groups FROM " +
      configurations.Sql() +
      " c LEFT JOIN (SELECT i.mst_key, pg_catalog.count(*) AS groups, pg_catalog.sum(CASE WHEN i.status "
      "OPERATOR(pg_catalog.=) '" +
      std::string(store::kStatusDiverged) + "' THEN 1 ELSE 0 END) AS diverged, " +
      Mean("training_loss_final", "group_rows") + " AS training_loss, " + Mean("training_metrics_final", "group_rows") +
      " AS training_metric, " + Mean("validation_loss_final", "validation_rows") + " AS validation_loss, " +
      Mean("validation_metrics_final", "validation_rows") +
      " AS validation_metric, pg_catalog.sum(i.training_seconds) AS seconds FROM " + info.Sql() + " i JOIN " +
      groups.Sql() +
      " g ON g.group_id OPERATOR(pg_catalog.=) i.group_id GROUP BY i.mst_key) s ON s.mst_key OPERATOR(pg_catalog.=) "
      "c.mst_key"
      " ORDER BY c.mst_key");
  bool validated = !rows.empty();
  for (const auto& row : rows.rows) validated = validated && row[kValLoss];
  std::vector<RankedConfiguration> ranked;
  for (const auto& row : rows.rows) {
    RankedConfiguration c;
    c.cells = row;
    c.metric_names = {"loss"};
    if (row[kNames]) {
      const std::vector<pg::Cell> names = pg::ParseArrayText(*row[kNames]);
      if (names.size() > 1) c.metric_names.push_back(names[1].value_or(""));
    }
    c.standing.mst_key = base::WholeNumber(row[kKey].value_or("0"));
    c.standing.loss = base::RealOrNaN(row[validated ? kValLoss : kTrainLoss]);
    c.standing.metric = base::RealOrNaN(row[validated ? kValMetric : kTrainMetric]);
    ranked.push_back(std::move(c));
  }
  std::vector<const std::vector<std::string>*> names;
  for (const RankedConfiguration& c : ranked) names.push_back(&c.metric_names);
  const std::string metric = plan::CommonMetric(names);
  std::sort(ranked.begin(), ranked.end(), [&metric](const RankedConfiguration& a, const RankedConfiguration& b) {
    return plan::StandsBefore(metric, a.standing, b.standing);
  });
  const auto architectures = ArchitectureNames(name);
  ReportRows report;
  for (const RankedConfiguration& c : ranked) {
    const auto architecture = std::find_if(architectures.begin(), architectures.end(),
                                           [&](const auto& n) { return c.cells[kId] && n.first == *c.cells[kId]; });
    const std::string diverged = c.cells[kDiverged].value_or("0");
    const std::string status = !c.cells[kGroups] ? "no group was trained"
                               : diverged == "0" ? std::string(store::kStatusTrained)
                                                 : "diverged in " + diverged + " of " + *c.cells[kGroups] + " groups";
    report.push_back(
        {std::to_string(report.size() + 1), c.cells[kKey], c.cells[kId],
         architecture == architectures.end() ? pg::Cell() : pg::Cell(architecture->second), c.cells[kCompile],
         c.cells[kFit], status, c.cells[kTrainLoss], c.cells[kTrainMetric], c.cells[kValLoss], c.cells[kValMetric],
         c.metric_names.size() > 1 ? pg::Cell(c.metric_names[1]) : pg::Cell(), c.cells[kSize], c.cells[kTime]});
  }
  return report;
}

}  // namespace score
