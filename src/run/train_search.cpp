#include "run/train_search.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "data/buffer_source.hpp"
#include "engine/math/row_decoder.hpp"
#include "explain/explain_model.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "run/fit.hpp"
#include "store/builders.hpp"
#include "store/runs.hpp"
#include "store/selection_table.hpp"
#include "train/prepare.hpp"
#include "wire/builders.hpp"

namespace run {
namespace {

constexpr int kFewestModels = 4;  // of a search by the clock, unless they would train for less than kFewestIterations
constexpr int kModels = 48;       // unless the clock leaves no time for so many
constexpr int kMostModels = 96;   // of a search by the clock, however fast they are
constexpr int kFewestIterations = 5, kMostIterations = 200;
constexpr double kWantedUpdates = 6000;  // of the optimizer, of a model that trains to the end
constexpr int kMostGrowth = 3;           // of the iterations, where the clock leaves time
constexpr double kShareOfBudget = 0.85;  // that is planned for
constexpr double kPilotShare = 0.03;     // of the time, for the pilot
constexpr int kPilotModels = 4, kMostPilotIterations = 10;
constexpr int64_t kMostEvaluations = 24;  // of a run
constexpr int64_t kHalvingEta = 3;
constexpr int64_t kLargestEmbedding = 16;  // larger ones learn thousands of rare categories by heart, and take longer
constexpr double kUneven = 0.2;  // the share of the rarer of two classes below which accuracy says little

const std::vector<double> kLearningRates = {0.001, 0.002, 0.005, 0.01};
const std::vector<double> kWeightDecays = {0, 0.2};

/// The middle one first: of few configurations it has most.
std::vector<int> BatchSizesFor(int64_t rows) {
  if (rows < 5000) return {32, 16, 64};
  if (rows < 100000) return {64, 32, 128};
  return {256, 128, 512};
}

/// Images make convolutional networks, sequences recurrent ones, all else multilayer perceptrons.
wire::Family FamilyFor(const base::DataSpec& data) {
  size_t rank = 0;
  for (const base::ColumnSpec& input : data.inputs) rank = std::max(rank, input.shape.size());
  return rank == 3 ? wire::Family::kCnn : rank == 2 ? wire::Family::kRnn : wire::Family::kMlp;
}

wire::BuilderRequest ArchitecturesFor(const base::DataSpec& data) {
  wire::BuilderRequest request(FamilyFor(data));
  request.largest_embedding = kLargestEmbedding;
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

/// Two classes of the only dependent column, as 0 and 1.
bool HasTwoClasses(const base::DataSpec& data) {
  return data.targets.size() == 1 && data.targets.front().kind == base::TargetKind::kClassIndex &&
         data.targets.front().num_classes == 2;
}

/// Mean and deviation, in one pass (Welford); nothing of a constant column.
std::optional<wire::NumberRange> RangeOf(const data::PackedTable& table) {
  double rows = 0, mean = 0, squares = 0;
  ForEachTarget(table, [&](double value) {
    rows += 1;
    const double distance = value - mean;
    mean += distance / rows;
    squares += distance * (value - mean);
  });
  const double deviation = std::sqrt(squares / std::max(rows, 1.0));
  if (!(deviation > 0) || !std::isfinite(deviation)) return std::nullopt;
  return wire::NumberRange{mean, deviation};
}

int Scaled(int count, double factor) { return static_cast<int>(std::min(count * factor, 1e6)); }

}  // namespace

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

void DropSelection(const std::string& table) {
  pg::Execute("DROP TABLE " + table);
  pg::Execute("DROP TABLE " + pg::ParseTableName(table, "model_selection_table").WithSuffix("_summary").Sql());
}

bool TrainSearch::ranks() const {
  if (!HasTwoClasses(training_.spec) || training_.spec.rows == 0) return false;
  const std::vector<int64_t>& rows = training_.spec.targets.front().class_rows;
  if (rows.size() != 2) return false;
  return static_cast<double>(std::min(rows[0], rows[1])) < kUneven * static_cast<double>(training_.spec.rows);
}

void TrainSearch::MakeArchitectures() {
  wire::BuilderRequest request = ArchitecturesFor(training_.spec);
  if (HasTwoClasses(training_.spec)) request.output_activation = {"sigmoid"};
  const std::vector<base::ColumnSpec>& targets = training_.spec.targets;
  if (targets.size() == 1 && targets.front().kind == base::TargetKind::kReal) {
    const std::optional<wire::NumberRange> range = RangeOf(training_);
    request.ranges = {range};
    // the loss is then that of numbers of mean 0 and deviation 1, whatever the column's unit is
    if (range) loss_weights_ = {1 / (range->deviation * range->deviation)};
  }
  outputs_ = store::OutputDefaultsOf(tables_.packed, request.output_activation);
  if (ranks()) outputs_.front().metrics = {"AUC(num_thresholds=1000)", "accuracy"};
  architectures_ = store::BuildArchitectures(tables_.architectures, tables_.packed, request);
}

/// A random choice of configurations, or all of them; as many of each batch size, or one more.
void TrainSearch::Choose(const std::string& table, int count, int iterations) const {
  const std::vector<int> batch_sizes = BatchSizesFor(training_.spec.rows);
  const auto sizes = static_cast<int>(batch_sizes.size());
  const auto all = static_cast<int>(architectures_.size() * kLearningRates.size() * kWeightDecays.size());
  const double partitions = training_.spec.num_partitions,
               partition_rows = std::ceil(static_cast<double>(training_.spec.rows) / partitions);
  for (int i = 0; i < sizes; ++i) {
    const int here = std::min(all, count / sizes + (i < count % sizes ? 1 : 0));
    if (here == 0) continue;
    const int batch_size = batch_sizes[static_cast<size_t>(i)];
    plan::AdamChoices adam;
    adam.learning_rates = kLearningRates;
    adam.weight_decays = kWeightDecays;
    adam.decay_steps = static_cast<int64_t>(iterations * partitions * std::ceil(partition_rows / batch_size));
    adam.loss_weights = loss_weights_;
    store::GridRequest grid;
    grid.model_arch_table = tables_.architectures;
    grid.model_selection_table = table;
    grid.model_id_list.assign(architectures_.begin(), architectures_.end());
    grid.compile_params_grid = plan::CompileGrid(outputs_, adam);
    grid.fit_params_grid = "{'batch_size': [" + std::to_string(batch_size) + "], 'epochs': [1]}";
    grid.search_type = here < all ? "random" : "grid";
    if (here < all) {
      grid.num_configs = here;
      grid.random_state = arguments_.seed + i;
    }
    store::GenerateModelConfigs(grid);
  }
}

void TrainSearch::DropConfigurations() const { DropSelection(tables_.configurations); }

train::FitArguments TrainSearch::FitOf(const std::string& configurations, const std::string& models, int iterations) const {
  train::FitArguments fit;
  fit.source_table = tables_.packed;
  fit.model_output_table = models;
  fit.model_selection_table = configurations;
  fit.num_iterations = iterations;
  fit.validation_table = tables_.validation;
  const auto every = static_cast<int>(std::max<int64_t>(1, iterations / kMostEvaluations));
  fit.metrics_compute_frequency = every;
  fit.name = "train " + arguments_.name;
  fit.seed = arguments_.seed;
  fit.restore_best = true;
  fit.quiet = true;
  if (iterations >= kHalvingEta * kHalvingEta) {
    const int first = every * std::max(1, iterations / static_cast<int>(kHalvingEta * kHalvingEta) / every);
    const int second = every * std::max(2, iterations / static_cast<int>(kHalvingEta) / every);
    fit.halving = "{'eta': " + std::to_string(kHalvingEta) + ", 'iterations': [" + std::to_string(first) + ", " +
                  std::to_string(second) + "]}";
  }
  return fit;
}

/// Seconds, by the plan.
double TrainSearch::EstimateOf(const train::FitArguments& fit) const {
  const pg::FreshSnapshot snapshot;
  const train::PreparedFit prepared = train::PrepareFit(fit);
  return explain::ExplainPlan(fit, prepared).total_seconds;
}

/// What the pilot took, in parts of what the plan says of it; 1 where even that would take too long.
double TrainSearch::MeasuredToEstimated(double seconds) const {
  Choose(tables_.pilot_configurations, kPilotModels, iterations_);
  const double one = EstimateOf(FitOf(tables_.pilot_configurations, tables_.pilot_models, 1));
  double ratio = 1;
  if (one < 4 * kPilotShare * seconds) {
    const int iterations = std::clamp(static_cast<int>(kPilotShare * seconds / one), 1, kMostPilotIterations);
    train::FitArguments fit = FitOf(tables_.pilot_configurations, tables_.pilot_models, iterations);
    fit.metrics_compute_frequency = iterations;
    fit.halving.reset();
    const double estimate = EstimateOf(fit), began = pg::Now();
    {
      const pg::FreshSnapshot snapshot;
      FitMultipleModel(fit);
    }
    ratio = (pg::Now() - began) / estimate;
    const pg::FreshSnapshot with_results;
    store::DropRun(tables_.pilot_models);
  }
  DropSelection(tables_.pilot_configurations);
  return ratio;
}

/// Fewer models, then fewer iterations, where the time is short; more of both where there is time left.
void TrainSearch::FitToTime(double seconds) {
  const double began = pg::Now();
  const double ratio = MeasuredToEstimated(seconds);
  const double left = kShareOfBudget * std::max(1.0, seconds - (pg::Now() - began));
  const auto estimate = [&] {
    Choose(tables_.configurations, models_, iterations_);
    const double estimated = ratio * EstimateOf(Fit());
    DropConfigurations();
    return estimated;
  };
  double time = estimate();
  if (time < left) {
    const double growth = std::sqrt(left / time);
    if (!arguments_.num_iterations)
      iterations_ = std::clamp(Scaled(iterations_, growth), iterations_, kMostGrowth * iterations_);
    if (!arguments_.max_models) models_ = std::clamp(Scaled(models_, growth), models_, kMostModels);
    time = estimate();
  }
  if (time > left && !arguments_.max_models) {
    models_ = std::clamp(Scaled(models_, left / time), std::min(kFewestModels, models_), models_);
    time = estimate();
  }
  if (time <= left || arguments_.num_iterations) return;
  double iterations = iterations_ * left / time;
  if (iterations < kFewestIterations && !arguments_.max_models) {  // one model that learns tells more than some that do not
    const int fewer = std::max(1, Scaled(models_, iterations / kFewestIterations));
    iterations *= static_cast<double>(models_) / fewer;
    models_ = fewer;
  }
  iterations_ = std::max(1, static_cast<int>(iterations));
}

void TrainSearch::MakeConfigurations(double seconds) {
  const double batches =
      std::max(1.0, std::ceil(static_cast<double>(training_.spec.rows) / BatchSizesFor(training_.spec.rows).front()));
  iterations_ = arguments_.num_iterations.value_or(
      std::clamp(static_cast<int>(kWantedUpdates / batches), kFewestIterations, kMostIterations));
  models_ = arguments_.max_models.value_or(kModels);
  if (std::isfinite(seconds)) FitToTime(seconds);
  Choose(tables_.configurations, models_, iterations_);
}

}  // namespace run
