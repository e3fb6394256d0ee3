#include "run/evaluate.hpp"

#include <limits>
#include <memory>
#include <utility>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "run/buffer_view.hpp"
#include "run/loaded_model.hpp"
#include "run/model_store.hpp"

namespace run {
namespace {

// one at a time: a buffer is some megabytes
constexpr int64_t kBuffersAtOnce = 1;
constexpr size_t kLeadingColumns = 1;  // buffer_id, before the data columns

std::string ScanSql(const PackedTable& table) {
  return "SELECT buffer_id, " + table.DataColumns() + " FROM " + table.name.Sql() +
         " WHERE partition_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4 ORDER BY partition_id, buffer_id";
}

}  // namespace

PartitionScan::PartitionScan(const PackedTable& table) : sql_(ScanSql(table)), spec_(table.spec) {}

void PartitionScan::ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const {
  pg::Cursor cursor(sql_, {static_cast<int64_t>(partition)});
  for (;;) {
    const pg::Result batch = cursor.Fetch(kBuffersAtOnce);
    if (batch.empty()) return;
    for (const auto& row : batch.rows) {
      std::vector<base::Bytes> columns;
      for (size_t i = kLeadingColumns; i < row.size(); i++) {
        if (!row[i]) {
          throw base::Error(base::ErrorCode::kNullValue, "column \"" + batch.columns[i] + "\" of partition " + std::to_string(partition) + " is NULL");
        }
        columns.push_back({reinterpret_cast<const uint8_t*>(row[i]->data()), row[i]->size()});
      }
      use(ViewBuffer(spec_, partition, std::stoi(row[0].value()), columns));
    }
  }
}

Scorer::Scorer(std::vector<engine::Model*> models, const PackedTable& table) : models_(std::move(models)), scan_(table) {
  for (const engine::Model* model : models_) {
    offsets_.push_back(sums_size_);
    sums_size_ += model->sums_size();
  }
}

void Scorer::ScorePartition(int partition, double* sums) const {
  scan_.ForEach(partition, [&](const base::Buffer& buffer) {
    for (size_t i = 0; i < models_.size(); i++) models_[i]->Evaluate(buffer, sums + offsets_[i], pg::CheckInterrupts);
  });
}

std::vector<double> Scorer::Finish(size_t model, const double* sums) const { return models_[model]->Finish(sums + offsets_[model]); }

namespace {

struct Scored {
  std::vector<double> values;
  std::vector<std::string> names;
};

// The models that can be scored, in one scan; diverged ones get NaN.
std::vector<Scored> ScoreAll(const ModelTable& models, const PackedTable& test, bool use_gpus) {
  const engine::Options options = ScoringOptions(models, use_gpus);
  std::vector<LoadedModel> loaded;
  std::vector<engine::Model*> scored;
  std::vector<size_t> places;
  std::vector<Scored> results(models.models.size());
  for (size_t i = 0; i < models.models.size(); i++) {
    pg::CheckInterrupts();
    LoadedModel model = LoadModelForScoring(models, models.models[i], models.data, options);
    results[i].names = model.model->metric_names();
    if (IsDiverged(models.models[i])) {
      results[i].values.assign(results[i].names.size(), std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    scored.push_back(model.model.get());
    places.push_back(i);
    loaded.push_back(std::move(model));
  }
  const Scorer scorer(scored, test);
  // each partition's sums from zero, added in their order: what fit_multiple_model's workers compute, to the bit
  std::vector<double> sums(scorer.sums_size(), 0.0);
  for (int partition = 0; !scored.empty() && partition < test.spec.num_partitions; partition++) {
    std::vector<double> part(scorer.sums_size(), 0.0);
    scorer.ScorePartition(partition, part.data());
    for (size_t i = 0; i < sums.size(); i++) sums[i] += part[i];
  }
  for (size_t i = 0; i < scored.size(); i++) results[places[i]].values = scorer.Finish(i, sums.data());
  return results;
}

void WriteScores(const pg::TableName& output, const ModelTable& models, const std::vector<Scored>& results) {
  const std::string insert =
      "INSERT INTO " + output.Sql() + " (mst_key, loss, metric, metrics_type, loss_type, metric_names, metric_values)"
      " VALUES ($1::pg_catalog.int4, $2, $3::pg_catalog.float8, $4::pg_catalog.text[], $5, $6, $7)";
  for (size_t i = 0; i < results.size(); i++) {
    const StoredModel& model = models.models[i];
    std::vector<std::string> metrics;
    for (const base::MetricConfig& metric : model.config.metrics) metrics.push_back(metric.name);
    std::string loss;
    for (const base::LossConfig& part : model.config.losses) loss += (loss.empty() ? "" : ",") + part.name;
    const std::vector<double>& values = results[i].values;
    pg::Execute(insert, {static_cast<int64_t>(model.mst_key), values.at(0), values.size() > 1 ? pg::Param(values[1]) : pg::Param(pg::Null{}),
                         metrics.empty() ? pg::Param(pg::Null{}) : pg::Param(metrics), loss, results[i].names, values});
  }
}

}  // namespace

void Evaluate(std::string_view model_table, std::string_view test_table, std::string_view output_table, bool use_gpus,
              std::optional<int> mst_key) {
  const pg::TableName output = pg::ParseTableName(output_table, "output_table");
  const ModelTable models = OpenModelTable(model_table, "model_table", mst_key);
  const PackedTable test = OpenPackedTable(test_table, "test_table");
  PackedTable training;
  training.spec = models.data;
  training.name = models.name;
  RequireCompatible(training, test);
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);
  const std::vector<Scored> results = ScoreAll(models, test, use_gpus);
  pg::Execute("CREATE TABLE " + output.Sql() +
              " (mst_key pg_catalog.int4, loss pg_catalog.float8, metric pg_catalog.float8, metrics_type pg_catalog.text[],"
              " loss_type pg_catalog.text, metric_names pg_catalog.text[], metric_values pg_catalog.float8[])");
  WriteScores(output, models, results);
}

}  // namespace run
