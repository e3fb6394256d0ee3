#include "score/evaluation.hpp"

#include <cstdint>
#include <string>

#include "definitions/torchscript.hpp"
#include "pg/cluster.hpp"
#include "pg/sql.hpp"
#include "data/packed_table.hpp"
#include "store/result_tables.hpp"
#include "store/loaded_model.hpp"
#include "train/run.hpp"
#include "train/value_check.hpp"

namespace score {

void CheckTestValues(const store::ModelTable& models, const data::PackedTable& test) {
  std::vector<train::CheckedModel> checked;
  for (const store::StoredModel& model : models.models) {
    if (!store::IsDiverged(model)) checked.push_back({model.mst_key, model.graph.get(), &model.config});
  }
  train::CheckValues(checked, test, "test table", models.float64 ? base::DType::kFloat64 : base::DType::kFloat32);
}

Evaluation OpenEvaluation(std::string_view model_table, std::string_view test_table, std::string_view output_table, std::optional<int> mst_key) {
  Evaluation evaluation;
  evaluation.output = pg::ParseNewTableName(output_table, "output_table");
  evaluation.models = store::OpenModelTable(model_table, "model_table", mst_key);
  evaluation.test = data::OpenPackedTable(test_table, "test_table");
  data::PackedTable training;
  training.spec = evaluation.models.data;
  training.name = evaluation.models.name;
  data::RequireCompatible(training, evaluation.test);
  pg::ClaimOutput(evaluation.output, "output_table");
  pg::RequireAbsent(evaluation.output, "output_table");
  pg::RequireCreate(evaluation.output);
  CheckTestValues(evaluation.models, evaluation.test);
  return evaluation;
}

void WriteScores(const Evaluation& evaluation, const std::vector<train::ModelScores>& scores) {
  const pg::TableName& output = evaluation.output;
  pg::Execute("CREATE TABLE " + output.Sql() +
              " (mst_key pg_catalog.int4, loss pg_catalog.float8, metric pg_catalog.float8, metrics_type pg_catalog.text[],"
              " loss_type pg_catalog.text, metric_names pg_catalog.text[], metric_values pg_catalog.float8[])" + pg::DistributedBy("mst_key"));
  const std::string insert = "INSERT INTO " + output.Sql() +
                             " (mst_key, loss, metric, metrics_type, loss_type, metric_names, metric_values)"
                             " VALUES ($1::pg_catalog.int4, $2, $3::pg_catalog.float8, $4::pg_catalog.text[], $5, $6, $7)";
  for (size_t i = 0; i < scores.size(); i++) {
    const store::StoredModel& model = evaluation.models.models[i];
    std::vector<std::string> metrics;
    for (const base::MetricConfig& metric : model.config.metrics) metrics.push_back(definitions::ShownName(metric.name));
    const std::vector<double>& values = scores[i].values;
    pg::Execute(insert,
                {static_cast<int64_t>(model.mst_key), values.at(0), values.size() > 1 ? pg::Param(values[1]) : pg::Param(pg::Null{}),
                 metrics.empty() ? pg::Param(pg::Null{}) : pg::Param(metrics), store::LossType(model.config), scores[i].names, values});
  }
}

}  // namespace score
