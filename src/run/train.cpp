#include "run/train.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "data/buffer_source.hpp"
#include "data/packed_table.hpp"
#include "engine/math/row_decoder.hpp"
#include "explain/explain_model.hpp"
#include "pack/packing.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "run/fit.hpp"
#include "score/ranked_models.hpp"
#include "store/builders.hpp"
#include "store/registry.hpp"
#include "store/runs.hpp"
#include "store/selection_table.hpp"
#include "train/prepare.hpp"
#include "wire/builders.hpp"

namespace run {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kDefaultBudget = 60;
constexpr double kDefaultValidation = 0.2;
constexpr int kFewestModels = 4;     // of a search by the clock, however slow they are
constexpr int kMostModels = 48;      // of a search by the clock, however fast they are
constexpr int kFewestIterations = 5, kMostIterations = 200;
constexpr double kWantedUpdates = 6000;  // of the optimizer, of a model that trains to the end
constexpr double kShareOfBudget = 0.8;     // that the plan may take by its own estimate
constexpr int64_t kMostEvaluations = 40;   // of a run
constexpr int64_t kHalvingEta = 3;

/// The tables of a search.
struct Tables {
  std::string packed, validation, architectures, configurations, models;
};

Tables TablesOf(const TrainArguments& a) {
  // a registered name may have characters that a table's name has not
  const std::string prefix = a.output_table ? *a.output_table : pg::QuoteIdent("train_" + a.name);
  const pg::TableName name = pg::ParseNewTableName(prefix, "output_table");
  const auto with = [&name](const char* suffix) { return name.WithSuffix(suffix).Sql(); };
  const std::string validation = std::string("_packed") + pack::kValidationSuffix;
  return {with("_packed"), with(validation.c_str()), with("_archs"), with("_configs"), with("_models")};
}

void Check(const TrainArguments& a) {
  const auto refuse = [](const std::string& message, const std::string& hint) { throw Error(ErrorCode::kInvalidParameter, message, "", hint); };
  if (a.time_budget && !(*a.time_budget > 0)) refuse("time_budget must be above zero", "Give an interval, such as '60 s'.");
  if (a.max_models && *a.max_models < 1) refuse("max_models is " + std::to_string(*a.max_models), "It is a number of configurations, 1 or more.");
  if (a.num_iterations && *a.num_iterations < 1) refuse("num_iterations is " + std::to_string(*a.num_iterations), "It must be 1 or more.");
}

/// A label of whole numbers is predicted as a number where it has more values than this.
constexpr int kMostWholeClasses = 20;

/// What the label means where nobody said.
std::optional<std::string> MeaningOf(const TrainArguments& a) {
  if (a.dependent_type) return a.dependent_type;
  const pg::TableName source = pg::ParseTableName(a.source_table, "source_table");
  if (!pg::TableExists(source)) return std::nullopt;  // packing says so
  const std::vector<std::string> labels = pg::ParseColumnList(a.label, "label");
  const std::vector<pg::Column> columns = pg::TableColumns(source, "source_table");
  const pg::Column* const column = labels.size() == 1 ? pg::FindColumn(columns, labels.front()) : nullptr;
  if (column == nullptr || column->is_array) return std::nullopt;
  if (column->base_type != "integer" && column->base_type != "bigint" && column->base_type != "smallint") return std::nullopt;
  const std::string name = pg::QuoteIdent(column->name);
  const pg::Result distinct = pg::Read("SELECT pg_catalog.count(*) FROM (SELECT DISTINCT s." + name + " FROM " + source.Sql() + " s WHERE s." + name +
                                       " IS NOT NULL LIMIT " + std::to_string(kMostWholeClasses + 1) + ") d");
  if (std::stoll(distinct.Text()) <= kMostWholeClasses) return std::nullopt;
  pg::Notice("column " + name + " has more than " + std::to_string(kMostWholeClasses) + " whole numbers: it is predicted as a number",
             "Give dependent_type => 'one_hot' to have them as classes.");
  return std::string("real");
}

void Pack(const TrainArguments& a, const Tables& tables) {
  pack::TrainingPackArguments p;
  p.source_table = a.source_table;
  p.output_table = tables.packed;
  p.dependent_varname = a.label;
  p.independent_varname = "*";
  p.exclude = a.exclude;
  p.preprocess = a.preprocess;
  p.seed = a.seed;
  p.dependent_type = MeaningOf(a);
  p.split.split_column = a.split_column;
  p.split.split_by_time = a.split_by_time;
  p.split.validation_fraction = a.validation_fraction;
  if (!a.validation_fraction && !a.split_column) p.split.validation_fraction = kDefaultValidation;
  pack::PackTraining(p);
}

/// Images make convolutional networks, sequences recurrent ones, all else multilayer perceptrons.
wire::Family FamilyFor(const base::DataSpec& data) {
  size_t rank = 0;
  for (const base::ColumnSpec& input : data.inputs) rank = std::max(rank, input.shape.size());
  return rank == 3 ? wire::Family::kCnn : rank == 2 ? wire::Family::kRnn : wire::Family::kMlp;
}

wire::BuilderRequest ArchitecturesFor(const base::DataSpec& data) {
  wire::BuilderRequest request(FamilyFor(data));
  switch (request.family) {
    case wire::Family::kCnn:
      request.filters = {{16, 32}, {32, 64}};
      request.hidden = {{64}, {128}};
      request.dropout = {0, 0.3};
      break;
    case wire::Family::kRnn:
      request.units = {{32}, {64}};
      request.cell = {"lstm", "gru"};
      request.dropout = {0, 0.2};
      break;
    default:
      request.hidden = {{32}, {64, 32}, {128, 64}, {256, 128, 64}};
      request.dropout = {0, 0.2};
  }
  return request;
}

const char* BatchSizesFor(int64_t rows) { return rows < 5000 ? "16, 32, 64" : rows < 100000 ? "32, 64, 128" : "128, 256, 512"; }
double MiddleBatchSizeFor(int64_t rows) { return rows < 5000 ? 32 : rows < 100000 ? 64 : 256; }
const std::vector<double> kLearningRates = {0.0005, 0.001, 0.002, 0.005};
constexpr int kBatchSizes = 3;

/// A random choice of configurations, or all of them.
void Choose(const TrainArguments& a, const Tables& tables, const std::vector<int>& models, const std::string& compile_grid, int64_t rows, int count) {
  const auto all = static_cast<int>(models.size() * kLearningRates.size() * kBatchSizes);
  store::GridRequest grid;
  grid.model_arch_table = tables.architectures;
  grid.model_selection_table = tables.configurations;
  grid.model_id_list.assign(models.begin(), models.end());
  grid.compile_params_grid = compile_grid;
  grid.fit_params_grid = std::string("{'batch_size': [") + BatchSizesFor(rows) + "], 'epochs': [1]}";
  grid.search_type = count < all ? "random" : "grid";
  if (count < all) {
    grid.num_configs = count;
    grid.random_state = a.seed;
  }
  store::GenerateModelConfigs(grid);
}

void DropTable(const std::string& table) { pg::Execute("DROP TABLE " + table); }

void DropConfigurations(const Tables& tables) {
  DropTable(tables.configurations);
  DropTable(pg::ParseTableName(tables.configurations, "model_selection_table").WithSuffix("_summary").Sql());
}

train::FitArguments FitOf(const TrainArguments& a, const Tables& tables, int iterations) {
  train::FitArguments fit;
  fit.source_table = tables.packed;
  fit.model_output_table = tables.models;
  fit.model_selection_table = tables.configurations;
  fit.num_iterations = iterations;
  fit.validation_table = tables.validation;
  fit.metrics_compute_frequency = static_cast<int>(std::max<int64_t>(1, iterations / kMostEvaluations));
  fit.name = "train " + a.name;
  fit.seed = a.seed;
  fit.restore_best = true;
  fit.quiet = true;
  if (iterations >= kHalvingEta * kHalvingEta) {
    const int first = *fit.metrics_compute_frequency * std::max(1, iterations / static_cast<int>(kHalvingEta * kHalvingEta) / *fit.metrics_compute_frequency);
    const int second = *fit.metrics_compute_frequency * std::max(2, iterations / static_cast<int>(kHalvingEta) / *fit.metrics_compute_frequency);
    fit.halving = "{'eta': " + std::to_string(kHalvingEta) + ", 'iterations': [" + std::to_string(first) + ", " + std::to_string(second) + "]}";
  }
  return fit;
}

/// Seconds, by the plan.
double Estimate(const train::FitArguments& fit) {
  const pg::FreshSnapshot snapshot;
  const train::PreparedFit prepared = train::PrepareFit(fit);
  return explain::ExplainPlan(fit, prepared).total_seconds;
}

void ForEachTarget(const data::PackedTable& table, const std::function<void(double)>& use) {
  const engine::math::RowDecoder<double> decoder(table.spec.targets.front());
  const data::BufferSource source(table);
  std::vector<double> values;
  for (int p = 0; p < table.spec.num_partitions; ++p) {
    source.ForEach(p, [&](const base::Buffer& buffer) {
      values.resize(static_cast<size_t>(buffer.rows));
      decoder.Decode(buffer.targets.front(), nullptr, buffer.rows, values.data());
      for (const double value : values) use(value);
    });
  }
}

/// What the most frequent class of the training rows, or their mean, comes to on the rows that validate.
std::optional<double> Baseline(const data::PackedTable& training, const data::PackedTable& validation, const std::string& metric) {
  if (training.spec.targets.size() != 1) return std::nullopt;
  const base::ColumnSpec& target = training.spec.targets.front();
  if (!target.class_rows.empty() && (metric == "accuracy" || metric == "acc")) {
    const auto most = static_cast<size_t>(std::max_element(target.class_rows.begin(), target.class_rows.end()) - target.class_rows.begin());
    const std::vector<int64_t>& rows = validation.spec.targets.front().class_rows;
    if (most >= rows.size() || validation.spec.rows == 0) return std::nullopt;
    return static_cast<double>(rows[most]) / static_cast<double>(validation.spec.rows);
  }
  if (target.kind != base::TargetKind::kReal || (metric != "rmse" && metric != "mse" && metric != "mae")) return std::nullopt;
  double sum = 0, error = 0;
  ForEachTarget(training, [&](double value) { sum += value; });
  const double mean = sum / static_cast<double>(training.spec.rows);
  ForEachTarget(validation, [&](double value) { error += metric == "mae" ? std::fabs(value - mean) : (value - mean) * (value - mean); });
  error /= static_cast<double>(validation.spec.rows);
  return metric == "rmse" ? std::sqrt(error) : error;
}

}  // namespace

Trained Train(const TrainArguments& a) {
  const double began = pg::Now();
  Check(a);
  store::RequireRegistrable(a.name);
  const Tables tables = TablesOf(a);
  Pack(a, tables);

  std::optional<pg::FreshSnapshot> snapshot;
  snapshot.emplace();
  const data::PackedTable training = data::OpenPackedTable(tables.packed, "source_table");
  const data::PackedTable validation = data::OpenPackedTable(tables.validation, "validation_table");
  const int64_t rows = training.spec.rows;
  const std::vector<int> models = store::BuildArchitectures(tables.architectures, tables.packed, ArchitecturesFor(training.spec));
  const std::string compile_grid = store::DefaultCompileGrid(tables.packed, kLearningRates, {});
  snapshot.reset();

  const double batches = std::max(1.0, std::ceil(static_cast<double>(rows) / MiddleBatchSizeFor(rows)));
  struct {
    int models, iterations;
  } size;
  size.iterations = a.num_iterations.value_or(std::clamp(static_cast<int>(kWantedUpdates / batches), kFewestIterations, kMostIterations));
  size.models = a.max_models.value_or(kMostModels);
  const double budget = a.time_budget.value_or(a.max_models ? std::numeric_limits<double>::infinity() : kDefaultBudget);
  Choose(a, tables, models, compile_grid, rows, size.models);
  if (std::isfinite(budget)) {
    const double left = kShareOfBudget * std::max(1.0, budget - (pg::Now() - began));
    double estimate = Estimate(FitOf(a, tables, size.iterations));
    if (estimate > left && !a.max_models) {
      size.models = std::clamp(static_cast<int>(size.models * left / estimate), std::min(kFewestModels, size.models), size.models);
      DropConfigurations(tables);
      Choose(a, tables, models, compile_grid, rows, size.models);
      estimate = Estimate(FitOf(a, tables, size.iterations));
    }
    if (estimate > left && !a.num_iterations) {
      size.iterations = std::max(1, static_cast<int>(size.iterations * left / estimate));
    }
  }
  train::FitArguments fit = FitOf(a, tables, size.iterations);
  if (std::isfinite(budget)) fit.deadline = began + budget;
  {
    const pg::FreshSnapshot with_tables;
    FitMultipleModel(fit);
  }

  snapshot.emplace();
  const pg::TableName run = pg::ParseTableName(tables.models, "model_output_table");
  const score::Ranking ranking = score::RankModels(run);
  if (ranking.models.empty() || ranking.models.front().standing.diverged) {
    throw Error(ErrorCode::kPrerequisiteState, "every model that was trained on " + a.source_table + " has diverged", "",
                "Look for values without meaning in its columns, or give preprocess => '...' another scale for them.");
  }
  const score::RankedModel& best = ranking.models.front();
  Trained trained;
  trained.metric = ranking.metric.empty() ? "loss" : ranking.metric;
  trained.value = ranking.metric.empty() ? best.standing.loss : best.standing.metric;
  trained.baseline = Baseline(training, validation, trained.metric);
  for (const auto& [id, name] : score::ArchitectureNames(run)) {
    if (best.cells[score::kModelId] && *best.cells[score::kModelId] == id) trained.architecture = name;
  }
  trained.compile_params = best.cells[score::kCompileParams].value_or("");
  trained.fit_params = best.cells[score::kFitParams].value_or("");
  trained.models = static_cast<int64_t>(ranking.models.size());
  trained.iterations = size.iterations;
  trained.training_rows = rows;
  trained.validation_rows = validation.spec.rows;
  const pg::TableName source = pg::ParseTableName(a.source_table, "source_table");
  const int64_t all_rows = std::stoll(pg::Read("SELECT pg_catalog.count(*) FROM " + source.Sql()).Text());
  trained.rows_left_out = std::max<int64_t>(0, all_rows - rows - validation.spec.rows);
  const int version = store::Register(a.name, tables.models, static_cast<int>(best.standing.mst_key), a.remark);
  trained.model = a.name + "@" + std::to_string(version);

  if (!a.output_table) {
    store::DropRun(tables.models);
    DropConfigurations(tables);
    DropTable(tables.architectures);
    for (const std::string& packed : {tables.packed, tables.validation}) {
      DropTable(pg::ParseTableName(packed, "source_table").WithSuffix("_summary").Sql());
      DropTable(packed);
    }
  }
  snapshot.reset();
  trained.seconds = pg::Now() - began;
  return trained;
}

}  // namespace run
