#include "run/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/cost.hpp"
#include "run/buffer_view.hpp"
#include "run/hop_loop.hpp"
#include "run/loaded_model.hpp"
#include "run/model_store.hpp"
#include "run/wave_evaluate.hpp"

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

void PartitionScan::ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const { Scan(sql_, partition, use); }

void PartitionScan::First(int partition, const std::function<void(const base::Buffer&)>& use) const { Scan(sql_ + " LIMIT 1", partition, use); }

void PartitionScan::Scan(const std::string& sql, int partition, const std::function<void(const base::Buffer&)>& use) const {
  pg::Cursor cursor(sql, {static_cast<int64_t>(partition)});
  for (;;) {
    const pg::Result batch = cursor.Fetch(kBuffersAtOnce);
    if (batch.empty()) return;
    for (const auto& row : batch.rows) {
      std::vector<base::Bytes> columns;
      for (size_t i = kLeadingColumns; i < row.size(); i++) {
        if (!row[i]) {
          throw base::Error(base::ErrorCode::kNullValue,
                            "column \"" + batch.columns[i] + "\" of partition " + std::to_string(partition) + " is NULL");
        }
        columns.push_back({reinterpret_cast<const uint8_t*>(row[i]->data()), row[i]->size()});
      }
      use(ViewBuffer(spec_, partition, std::stoi(row[0].value()), columns));
    }
  }
}

Scorer::Scorer(const std::vector<engine::Model*>& models, const PackedTable& table, std::shared_ptr<engine::KernelMemory> workspace)
    : scan_(table) {
  if (!models.empty()) models_ = std::make_unique<engine::ModelGroup>(models, 0, std::move(workspace));
}

void Scorer::ScorePartition(int partition, double* sums) const {
  if (models_ == nullptr) return;
  scan_.ForEach(partition, [&](const base::Buffer& buffer) { models_->Evaluate(buffer, sums, pg::CheckInterrupts); });
}

namespace {

struct Scored {
  std::vector<double> values;
  std::vector<std::string> names;
};

// Seconds of work in this session from which it pays to start other processes: each loads the engine's libraries anew.
constexpr double kWorthWorkers = 2.0;

int ChooseWorkers(const HopSpec& spec) {
  const pg::Settings settings = pg::CurrentSettings();
  if (spec.training.temporary || pg::InParallelWorker()) return 0;
  int workers = settings.workers;
  if (workers < 0) {
    double seconds = 0;
    for (const double cost : spec.costs) seconds += cost * spec.training.spec.num_partitions;
    workers = seconds < kWorthWorkers ? 0 : std::min(pg::Cores(), pg::WorkerLimit());
  }
  return std::min(workers, spec.training.spec.num_partitions);
}

// All models in one scan, by the hop loop without training: its workers take partitions, and each reads its partition once for all models.
// Diverged models come out as NaN.
std::vector<Scored> ScoreAll(const ModelTable& models, const PackedTable& test, bool use_gpus) {
  HopRequest request;
  HopSpec& spec = request.spec;
  spec.training = test;
  const double rows = static_cast<double>(test.spec.rows) / test.spec.num_partitions;
  for (const StoredModel& stored : models.models) {
    request.mst_keys.push_back(stored.mst_key);
    spec.models.push_back(ScoringSpec(stored));
    spec.costs.push_back(rows * plan::EstimateCost(stored.graph, stored.config, true).seconds_per_scored_row);
  }
  spec.plan = plan::MakePlan(spec.costs, test.spec.num_partitions, 1, 0);
  spec.first_iteration.assign(spec.plan.bundles.size(), 0);
  spec.precision = ScoringOptions(models, use_gpus).precision;
  spec.use_gpus = use_gpus;
  request.iterations = 0;
  request.workers = ChooseWorkers(spec);
  std::vector<Scored> results(models.models.size());
  request.initialise = [&](int m, engine::Model* engine, void* block) {
    const StoredModel& stored = models.models[static_cast<size_t>(m)];
    results[static_cast<size_t>(m)].names = engine->metric_names();
    LoadStoredWeights(models, stored, *engine, block);
    if (IsDiverged(stored)) static_cast<engine::StateCounters*>(block)->diverged_step = 1;
  };
  const HopResult scored = RunHopLoop(request, models.name.Sql());
  for (size_t m = 0; m < results.size(); m++) results[m].values = scored.models[m].training.front();
  return results;
}

// The same on segments.
std::vector<Scored> ScoreOnCluster(const ModelTable& models, const PackedTable& test, const pg::TableName& output, bool use_gpus) {
  const std::vector<std::vector<double>> sums = SumsOnSegments(models, test, output, use_gpus);
  std::vector<Scored> results;
  for (size_t m = 0; m < models.models.size(); m++) {
    const auto model = BuildModel(ScoringSpec(models.models[m]), test.spec, ScoringOptions(models, false));
    Scored scored;
    scored.names = model->metric_names();
    scored.values.assign(scored.names.size(), std::nan(""));
    if (!sums[m].empty()) scored.values = model->Finish(sums[m].data());
    results.push_back(std::move(scored));
  }
  return results;
}

void WriteScores(const pg::TableName& output, const ModelTable& models, const std::vector<Scored>& results) {
  const std::string insert = "INSERT INTO " + output.Sql() +
                             " (mst_key, loss, metric, metrics_type, loss_type, metric_names, metric_values)"
                             " VALUES ($1::pg_catalog.int4, $2, $3::pg_catalog.float8, $4::pg_catalog.text[], $5, $6, $7)";
  for (size_t i = 0; i < results.size(); i++) {
    const StoredModel& model = models.models[i];
    std::vector<std::string> metrics;
    for (const base::MetricConfig& metric : model.config.metrics) metrics.push_back(metric.name);
    std::string loss;
    for (const base::LossConfig& part : model.config.losses) loss += (loss.empty() ? "" : ",") + part.name;
    const std::vector<double>& values = results[i].values;
    pg::Execute(insert,
                {static_cast<int64_t>(model.mst_key), values.at(0), values.size() > 1 ? pg::Param(values[1]) : pg::Param(pg::Null{}),
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
  const std::vector<Scored> results =
      pg::OnGreenplum() ? ScoreOnCluster(models, test, output, use_gpus) : ScoreAll(models, test, use_gpus);
  pg::Execute("CREATE TABLE " + output.Sql() +
              " (mst_key pg_catalog.int4, loss pg_catalog.float8, metric pg_catalog.float8, metrics_type pg_catalog.text[],"
              " loss_type pg_catalog.text, metric_names pg_catalog.text[], metric_values pg_catalog.float8[])" + pg::DistributedBy("mst_key"));
  WriteScores(output, models, results);
}

}  // namespace run
