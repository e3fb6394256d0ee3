#include "train/memory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "engine/core/feature_extractor.hpp"
#include "pg/settings.hpp"
#include "store/training_state.hpp"

namespace train {
namespace {

// Of what autograd keeps of a training step, and of what is alive at once in a forward pass, in results of all layers.
constexpr double kTrainingResults = 4, kForwardResults = 2;
constexpr double kGradients = 2;  // and as much while the optimizer moves the weights
constexpr double kForwardRows = 256;

bool IsOrthogonal(const base::WeightSpec& weight) {
  const base::Value* name = weight.initializer.Find("class_name");
  return name != nullptr && name->is_string() && name->string() == "Orthogonal";
}

// Its matrix is made as a whole.
double InitialBytes(const base::Graph& graph) {
  double largest = 0;
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      if (IsOrthogonal(weight)) largest = std::max(largest, sizeof(double) * static_cast<double>(base::ElementCount(weight.shape)));
    }
  }
  return largest;
}

double AutogradBytes(const base::Graph& graph, double rows, base::DType precision, bool trains) {
  double results = 0;
  for (const base::Call& call : graph.calls) results += static_cast<double>(base::ElementCount(call.output_shape));
  double elements = kForwardResults * results * std::max(kForwardRows, rows);
  if (trains) {
    const double training = kTrainingResults * results * rows + kGradients * static_cast<double>(graph.WeightCount());
    elements = std::max(elements, training);
  }
  return elements * static_cast<double>(base::DTypeSize(precision));
}

bool HasSeveralBuffers(const data::PackedTable& table) {
  return std::any_of(table.partition_buffers.begin(), table.partition_buffers.end(), [](int64_t buffers) { return buffers > 1; });
}

void AddTable(const data::PackedTable& table, plan::RunMemory* run) {
  if (table.spec.num_partitions == 0) return;
  const auto row = static_cast<double>(table.RowBytes());
  run->table_bytes += static_cast<double>(table.spec.rows) * row;
  run->buffer_rows = std::max(run->buffer_rows, static_cast<double>(table.max_buffer_rows));
  run->buffer_bytes = std::max(run->buffer_bytes, static_cast<double>(table.max_buffer_rows) * row);
}

plan::ModelMemory MemoryOfModel(const RunRequest& request, size_t m) {
  const engine::Program& program = *request.programs[m];
  const base::TrainConfig& config = request.spec.models[m]->config;
  const bool trains = request.iterations > 0;
  plan::ModelMemory memory;
  memory.state_bytes = static_cast<double>(AlignedState(program.layout().bytes));
  memory.weight_bytes = static_cast<double>(program.layout().weight_count) * sizeof(float);
  memory.initial_bytes = trains ? InitialBytes(program.graph()) : 0;
  if (program.has_kernels()) {
    const engine::LentModel model = request.pool->Lend(request.programs[m], config);
    const size_t training = trains ? model->workspace_bytes(MostRowsOfABatch(request.spec.training, config)) : 0;
    const int64_t scored = std::max(request.spec.training.max_buffer_rows, request.spec.validation.max_buffer_rows);
    memory.workspace_bytes = static_cast<double>(std::max(training, model->scoring_bytes(scored)));
  } else {
    const double rows = static_cast<double>(std::min<int64_t>(config.batch_size, MostRowsOfABatch(request.spec.training, config)));
    memory.autograd_bytes = AutogradBytes(program.graph(), rows, program.layout().precision, trains);
  }
  return memory;
}

// Of the largest computation of shared features; what it gives is among the buffer's columns.
double FeatureBytes(const RunRequest& request) {
  double largest = 0;
  for (const SharedFeature& feature : request.spec.shared_features) {
    const auto& [model, call] = feature.makers.front();
    const std::shared_ptr<const base::Graph>& graph = request.spec.models[static_cast<size_t>(model)]->graph;
    engine::Options options;
    options.precision = request.spec.precision;
    const engine::FeatureExtractor extractor(graph, {call}, request.spec.training.spec, options);
    const base::Graph prefix = base::PrefixGraph(*graph, {call});
    largest = std::max(largest, extractor.has_kernels() ? static_cast<double>(extractor.workspace_bytes())
                                                        : AutogradBytes(prefix, kForwardRows, options.precision, false));
  }
  return largest;
}

std::string Each(const plan::MemoryNeed& need) {
  const plan::ProcessMemory& process = need.process;
  return (need.workers > 0 ? "Each of " + std::to_string(need.workers) + " workers takes " : "The work in the session takes ") +
         pg::SizeText(process.Sum()) + ": " + pg::SizeText(process.libraries) + " for a process and its libraries, " +
         pg::SizeText(process.data) + " for packed buffers, " + pg::SizeText(process.work) + " to compute in.";
}

std::string Figures(const plan::MemoryNeed& need) {
  std::string text = "Training states take " + pg::SizeText(need.states + need.in_file) + (need.in_file > 0 ? " in a mapped file" : "") + ". " + Each(need) +
                     " The session takes " + pg::SizeText(need.session) + " for states on their way in and out";
  return text + (need.shared > 0 ? ", metrics " + pg::SizeText(need.shared) + "." : ".");
}

[[noreturn]] void Refuse(const std::string& message, const plan::MemoryNeed& need, const pg::MemoryLimit& limit, const char* hint) {
  throw base::Error(base::ErrorCode::kOutOfMemory, message, Figures(need) + " May be used: " + pg::SizeText(static_cast<double>(limit.bytes)) +
                        "; " + limit.set_by + ".",
                    hint);
}

}  // namespace

plan::MemoryNeed MemoryOf(const RunRequest& request, const RunTasks& tasks) {
  plan::RunMemory run;
  double sums = 0;
  for (size_t m = 0; m < request.programs.size(); m++) {
    run.models.push_back(MemoryOfModel(request, m));
    sums += static_cast<double>(request.programs[m]->sums_size()) * sizeof(double);
  }
  for (const plan::BundleFusion& bundle : request.spec.fusion.bundles) {
    for (const plan::FusionGroup& fusion_group : bundle.fusion_groups) {  // rows that members side by side gather at once
      double& workspace = run.models[static_cast<size_t>(fusion_group.models.front())].workspace_bytes;
      workspace = std::max(workspace, fusion_group.workspace_bytes);
    }
  }
  if (request.iterations > 0) {
    for (const plan::Bundle& bundle : request.spec.plan.bundles) run.bundles.push_back(bundle.models);
  }
  // rows at the end of a buffer wait for those of the next one
  if (request.iterations > 0 && HasSeveralBuffers(request.spec.training)) {
    for (const auto& model : request.spec.models) {
      const auto most = std::min<int64_t>(model->config.batch_size, MostRowsOfABatch(request.spec.training, model->config));
      run.carried_bytes = std::max(run.carried_bytes, static_cast<double>(most) * static_cast<double>(request.spec.training.RowBytes()));
    }
  }
  run.features_bytes = FeatureBytes(request);
  AddTable(request.spec.training, &run);
  AddTable(request.spec.validation, &run);
  run.cache_bytes = static_cast<double>(pg::CurrentSettings().cache_mem) + static_cast<double>(request.spec.feature_cache);
  run.sums_bytes = sums * (request.spec.training.spec.num_partitions + request.spec.validation.spec.num_partitions);
  run.piece_bytes = static_cast<double>(store::kStatePieceBytes);
  run.column_bytes = static_cast<double>(store::kMostWeightBytes);
  run.stored = tasks.stored;
  run.written = tasks.written;
  run.keep_best = request.keep_best;
  run.states_in_file = request.states.location == StatesLocation::kMappedFile;
  run.workers = request.workers;
  return plan::EstimateMemory(run);
}

double WorkBytes(const engine::Program& program, const base::TrainConfig& config, size_t workspace_bytes, const data::PackedTable& table) {
  if (program.has_kernels()) return static_cast<double>(workspace_bytes);
  const auto rows = static_cast<double>(std::min<int64_t>(config.batch_size, MostRowsOfABatch(table, config)));
  return AutogradBytes(program.graph(), rows, program.layout().precision, true);
}

int64_t MostRowsOfABatch(const data::PackedTable& table, const base::TrainConfig& config) {
  const std::vector<int64_t>& rows = table.partition_rows;
  return (rows.empty() ? 0 : *std::max_element(rows.begin(), rows.end())) * config.epochs;
}

plan::MemoryNeed MemoryOfPrediction(const base::Graph& graph, const base::TrainConfig& config, base::DType precision, double batch_bytes) {
  const auto weights = static_cast<double>(graph.WeightCount());
  plan::ModelMemory model;
  model.state_bytes = weights * static_cast<double>(base::DTypeSize(precision));
  model.weight_bytes = weights * sizeof(float);
  model.autograd_bytes = AutogradBytes(graph, static_cast<double>(config.batch_size), precision, false);
  plan::RunMemory run;
  run.models.push_back(model);
  run.buffer_bytes = batch_bytes;
  run.piece_bytes = static_cast<double>(store::kStatePieceBytes);
  run.column_bytes = static_cast<double>(store::kMostWeightBytes);
  run.stored = true;
  return plan::EstimateMemory(run);
}

pg::MemoryLimit MemoryAllowed() {
  const int64_t set = pg::CurrentSettings().max_memory;
  if (set >= 0) return {static_cast<uint64_t>(set), "that is cerebro.max_memory"};
  return pg::ReadFreeMemory().all;
}

double RequireMemory(const std::string& what, const plan::MemoryNeed& need, const char* hint) {
  const pg::MemoryLimit allowed = MemoryAllowed();
  const auto limit = static_cast<double>(allowed.bytes);
  if (need.All() > limit) {
    Refuse(what + " needs " + pg::SizeText(need.All()) + " of memory, which is more than the " + pg::SizeText(limit) + " that may be used", need, allowed, hint);
  }
  const pg::MemoryLimit process = pg::ReadFreeMemory().process;
  const auto space = static_cast<double>(process.bytes);
  if (need.Largest() > space) {
    Refuse("a process of " + what + " needs " + pg::SizeText(need.Largest()) + " of address space, which is more than the " + pg::SizeText(space) +
               " that it may use",
           need, process, hint);
  }
  return std::min(limit - need.All(), space - need.Largest());
}

}  // namespace train
