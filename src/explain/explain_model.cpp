#include "explain/explain_model.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/estimate.hpp"
#include "data/buffer_source.hpp"
#include "data/buffer_view.hpp"
#include "data/packed_table.hpp"
#include "store/model_spec.hpp"
#include "train/arguments.hpp"
#include "train/memory.hpp"
#include "train/prepare.hpp"
#include "train/prepare_model.hpp"

namespace explain {
namespace {

constexpr double kDoubleCosts = 2;  // of a mini-batch in float64: half as many numbers fit into vectors and caches

std::vector<int> Keys(const train::PreparedFit& fit, const std::vector<int>& models) {
  std::vector<int> keys;
  for (const int m : models) keys.push_back(fit.models[static_cast<size_t>(m)].mst_key);
  return keys;
}

ExplainedTable Table(const data::PackedTable& table) {
  const double bytes = static_cast<double>(table.spec.rows) * static_cast<double>(data::RowBytes(table.spec));
  return {table.name.Text(), table.spec.rows, table.spec.num_partitions, bytes};
}

ExplainedRewrite Rewrite(const char* name, const plan::Rewrite& rewrite) {
  return {name, rewrite.applied, rewrite.reason, rewrite.saved_seconds};
}

// Processes that train at once.
int Hands(const train::PreparedFit& fit) {
  if (fit.segments) return std::max(1, fit.segments->data_segments);
  return std::max(1, std::min(fit.workers, pg::Cores()));
}

// The part of the models' iterations that is trained as far as the plan knows: who stops early, it does not know.
double Share(const train::FitArguments& arguments, const train::PreparedFit& fit) {
  const auto models = static_cast<int64_t>(fit.models.size());
  if (fit.policy) return fit.SearchShare(arguments.num_iterations);
  if (!fit.stopping.halving) return 1;
  return static_cast<double>(plan::HalvingWork(*fit.stopping.halving, models, arguments.num_iterations)) /
         (static_cast<double>(models) * arguments.num_iterations);
}

// Input density of each model, sampled from one buffer; used for estimates only, by no plan.
std::vector<double> InputDensities(const train::PreparedFit& fit) {
  std::map<int, const train::PreparedModel*> looking;  // by architecture
  for (const train::PreparedModel& model : fit.models) {
    if (model.program->uses_sparse_product() && model.spec->cuts.empty()) looking.try_emplace(model.architecture->model_id, &model);
  }
  std::map<int, double> densities;
  const auto rows = std::find_if(fit.training.partition_rows.begin(), fit.training.partition_rows.end(), [](int64_t n) { return n > 0; });
  if (!looking.empty() && rows != fit.training.partition_rows.end()) {
    const auto partition = static_cast<int>(rows - fit.training.partition_rows.begin());
    data::PackedTable table = fit.frozen.TableOf(fit.training);  // features may not be there yet
    for (size_t i = fit.training.spec.inputs.size(); i < table.spec.inputs.size(); i++) table.fetched[i] = false;
    data::BufferSource(table).First(partition, [&](const base::Buffer& buffer) {
      for (const auto& [architecture, model] : looking) {
        densities[architecture] = fit.pool->Lend(model->program, model->spec->config)->InputDensity(buffer);
      }
    });
  }
  std::vector<double> of_models;
  for (const train::PreparedModel& model : fit.models) {
    const auto known = model.spec->cuts.empty() ? densities.find(model.architecture->model_id) : densities.end();
    of_models.push_back(known == densities.end() || !model.kernels() ? 1 : known->second);
  }
  return of_models;
}

plan::RunEstimate Estimate(const train::FitArguments& arguments, const train::PreparedFit& fit, const std::vector<double>& densities) {
  plan::RunWork work;
  const double rows_a_visit = fit.RowsAVisit();
  const double width = fit.options.precision == base::DType::kFloat64 ? kDoubleCosts : 1;
  for (size_t m = 0; m < fit.models.size(); m++) {
    const train::PreparedModel& model = fit.models[m];
    plan::ModelCost cost;  // of one that has diverged: it is neither trained nor scored
    if (model.stored_diverged_step == 0) cost = plan::EstimateCost(*model.spec->TrainedGraph(), model.spec->config, model.kernels(), densities[m]);
    work.visit_seconds.push_back(cost.Visit(rows_a_visit, model.spec->config.batch_size, model.spec->config.epochs) * width);
    cost.seconds_per_scored_row *= width;
    work.costs.push_back(cost);
    work.autograd = work.autograd || !model.kernels();
  }
  work.data = fit.fusion_data;
  if (fit.validation) {
    const ExplainedTable validation = Table(*fit.validation);
    work.validation_rows = static_cast<double>(validation.rows);
    work.validation_bytes = validation.bytes;
    work.validation_partitions = validation.partitions;
  }
  work.iterations = arguments.num_iterations;
  work.evaluations = static_cast<int>(fit.Evaluations(arguments.num_iterations));
  work.share = Share(arguments, fit);
  work.hands = Hands(fit);
  work.started = fit.segments ? work.hands : fit.workers;
  work.segments = fit.segments ? fit.segments->data_segments : 0;
  return plan::EstimateRun(fit.plan, fit.fusion, work);
}

ExplainedDriver Driver(const train::PreparedFit& fit, const plan::RunEstimate& estimate) {
  ExplainedDriver driver;
  driver.cores = pg::Cores();
  if (fit.segments) {
    driver.kind = "segments";
    driver.data_segments = fit.segments->data_segments;
    driver.rounds = estimate.rounds;
    driver.partitions_each = fit.segments->partitions_each;
  } else if (fit.workers > 0) {
    driver.kind = "parallel workers";
    driver.workers = fit.workers;
  } else {
    driver.kind = "this session";
    driver.reason = fit.too_short ? "workers would take longer to start than they save" : fit.serial_reason;
  }
  return driver;
}

const char* StatesText(train::StatesLocation location) {
  switch (location) {
    case train::StatesLocation::kSegments: return "tables on the segments";
    case train::StatesLocation::kMappedFile: return "a mapped file";
    default: return train::StatesLocationName(location);
  }
}

ExplainedMemory Memory(const train::FitArguments& arguments, const train::PreparedFit& fit) {
  const pg::Settings settings = pg::CurrentSettings();
  ExplainedMemory memory;
  memory.states = static_cast<double>(fit.StateBytes());
  memory.has_room = !fit.segments && fit.workers > 0;
  memory.shared_state_mem = static_cast<double>(fit.states.shared_state_mem);
  memory.shared_free = static_cast<double>(fit.states.shared_free);
  memory.states_location = StatesText(fit.states.location);
  memory.fusion_mem = static_cast<double>(settings.fusion_mem);
  for (const plan::BundleFusion& bundle : fit.fusion.bundles) {
    for (const plan::FusionGroup& fusion_group : bundle.fusion_groups) memory.widest_fusion = std::max(memory.widest_fusion, fusion_group.state_bytes + fusion_group.workspace_bytes);
  }
  memory.table = Table(fit.training).bytes;
  memory.cache_mem = static_cast<double>(settings.cache_mem);
  if (fit.segments) return memory;
  const plan::MemoryNeed need = train::MemoryOf(train::MakeRequest(arguments, fit), train::TasksOf(fit));
  memory.has_need = true;
  memory.all = need.All();
  memory.session = need.session + need.shared;
  memory.process = need.process.Sum();
  memory.processes = need.Processes();
  memory.allowed = static_cast<double>(train::MemoryAllowed().bytes);
  memory.allowed_by = settings.max_memory >= 0 ? "cerebro.max_memory" : "free memory";
  return memory;
}

ExplainedFusionGroup FusionGroup(const train::PreparedFit& fit, const plan::FusionGroup& fusion_group, const plan::FusionEstimate& estimate,
                     const std::vector<double>& densities) {
  const train::PreparedModel& first = fit.models[static_cast<size_t>(fusion_group.models.front())];
  ExplainedFusionGroup explained;
  explained.mst_keys = Keys(fit, fusion_group.models);
  explained.model_id = first.architecture->model_id;
  explained.architecture = first.architecture->name;
  explained.trainer = train::DeviceTrainingOf(fit, first).on_device ? "device" : first.kernels() ? "kernels" : "autograd";
  explained.batch_size = first.spec->config.batch_size;
  explained.batches_per_switch = fusion_group.batches_per_switch;
  explained.parameters = first.spec->graph->WeightCount();
  explained.state_bytes = fusion_group.state_bytes;
  explained.workspace_bytes = fusion_group.workspace_bytes;
  explained.flops = estimate.visit_flops;
  explained.input_density = densities[static_cast<size_t>(fusion_group.models.front())];
  explained.visit_seconds = estimate.visit_seconds;
  explained.iteration_seconds = estimate.visit_seconds * fit.plan.visits();
  explained.rewrites.push_back(Rewrite("Horizontal", fusion_group.horizontal));
  return explained;
}

ExplainedBundle Bundle(const train::PreparedFit& fit, size_t b, const plan::BundleEstimate& estimate,
                       const std::vector<double>& densities) {
  const plan::BundleFusion& together = fit.fusion.bundles[b];
  ExplainedBundle bundle;
  bundle.mst_keys = Keys(fit, fit.plan.bundles[b].models);
  for (int v = 0; v < fit.plan.visits(); v++) {
    bundle.partitions.push_back(fit.plan.PartitionAt(static_cast<int>(b), 0, v));
  }
  bundle.visit_seconds = estimate.visit_seconds;
  bundle.iteration_seconds = estimate.visit_seconds * fit.plan.visits();
  bundle.rewrites.push_back(Rewrite("Shared Scan", together.shared_scan));
  for (size_t g = 0; g < together.fusion_groups.size(); g++) bundle.fusion_groups.push_back(FusionGroup(fit, together.fusion_groups[g], estimate.fusion_groups[g], densities));
  return bundle;
}

// Fewer models: a rewrite of the whole run.
ExplainedRewrite FewerModels(const train::FitArguments& arguments, const train::PreparedFit& fit, double iteration_seconds) {
  ExplainedRewrite rewrite;
  rewrite.name = "Fewer Models";
  rewrite.applied = fit.stopping.any() || fit.policy != nullptr;
  if (fit.policy) {
    rewrite.reason = "the policy of the search says who is trained and how far";
  } else if (fit.stopping.halving) {
    rewrite.reason = "halving drops the worse ones";
    rewrite.saved_seconds = iteration_seconds * (1 - Share(arguments, fit));
  } else if (fit.stopping.early_stopping) {
    rewrite.reason = "early stopping; how much it saves is known when it happens";
  } else {
    rewrite.reason = "neither early_stopping nor halving is given";
  }
  return rewrite;
}

}  // namespace

ExplainedFit ExplainPlan(const train::FitArguments& arguments, const train::PreparedFit& fit) {
  const std::vector<double> densities = InputDensities(fit);
  const plan::RunEstimate estimate = Estimate(arguments, fit, densities);
  ExplainedFit explained;
  explained.models = static_cast<int64_t>(fit.models.size());
  explained.iterations = arguments.num_iterations;
  explained.partitions = fit.plan.partitions;
  explained.folds = fit.folds;
  explained.source = Table(fit.training);
  if (fit.validation) explained.validation = Table(*fit.validation);
  explained.output = fit.output.models.Text();
  explained.warm_start = arguments.warm_start;
  explained.due = fit.policy ? plan::DueIterations(arguments.num_iterations, 1, {}) : fit.due;
  explained.stopping = plan::DescribeStopping(fit.stopping, explained.models, arguments.num_iterations);
  if (fit.policy) {
    explained.search = ExplainedSearch{fit.search->policy, fit.policy->MostTrials(), fit.policy->ExpectedWork(),
                                       plan::RoundsLeft(*fit.search, fit.policy.get(), {}), fit.policy->Describe()};
  }
  explained.driver = Driver(fit, estimate);
  explained.memory = Memory(arguments, fit);
  explained.iteration_seconds = estimate.iteration;
  explained.bound_seconds = estimate.lower_bound;
  explained.start_seconds = estimate.start;
  explained.training_seconds = estimate.training;
  explained.metrics_seconds = estimate.metrics;
  explained.total_seconds = estimate.total;
  explained.rewrites.push_back(FewerModels(arguments, fit, estimate.iteration));
  const train::PreparedFrozen& frozen = fit.frozen;
  if (!frozen.graph.nodes.empty() || !frozen.off_reason.empty()) {
    explained.features = ExplainFeatures(frozen.graph.nodes, frozen.rates, frozen.decision, frozen.off_reason);
    const double making = explained.features->store_seconds / frozen.rates.processes;
    explained.start_seconds += making;
    explained.total_seconds += making;
  }
  for (size_t b = 0; b < fit.plan.bundles.size(); b++) explained.bundles.push_back(Bundle(fit, b, estimate.bundles[b], densities));
  return explained;
}

}  // namespace explain
