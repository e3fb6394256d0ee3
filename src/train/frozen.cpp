// The plan's input, gathered from the prepared models: which weights are given, and by which digest each layer's are known.
//
// Weights are given where the architecture's row has them, or where the model goes on from a stored state. They are read, digested layer by
// layer, and let go of; those from which features are made are read again then. A frozen layer whose weights are drawn by the run itself
// belongs to its model alone.
#include "train/frozen.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "base/hash.hpp"
#include "base/literal.hpp"
#include "engine/api/binding.hpp"
#include "engine/api/state.hpp"
#include "engine/core/feature_extractor.hpp"
#include "layers/frozen.hpp"
#include "pg/library.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/cost.hpp"
#include "plan/estimate.hpp"
#include "plan/stopping.hpp"
#include "store/graph_cutter.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"
#include "train/memory.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"
#include "train/search_features.hpp"

namespace train {
namespace {

constexpr uint64_t kWeightsSeed = 0x77656967687473;  // "weights"

engine::StateLayout LayoutOf(const base::Graph& graph) { return engine::MakeStateLayout(graph, {}, base::DType::kFloat32); }

/// The weights that a model begins with, as a state without optimizer slots; nullptr when they are not given.
std::shared_ptr<store::Block> GivenWeights(const PreparedFit& fit, const PreparedModel& model) {
  if (!model.began_stored() && !model.architecture->weights) return nullptr;
  const engine::StateLayout layout = LayoutOf(*model.spec->graph);
  auto block = std::make_shared<store::Block>(layout.bytes);
  if (model.began_stored()) {
    store::StateDecoder state(layout, block->data());
    store::ReadState(*fit.stored, model.mst_key, [&](int64_t piece, std::string_view data) {
      pg::CheckInterrupts();
      state.Add(piece, data);
      return !state.complete();
    });
    state.Finish();
    return block;
  }
  const char* from = model.architecture->weights->data();
  for (const engine::StateTensor& tensor : layout.tensors) {
    const size_t bytes = tensor.count * sizeof(float);
    if (bytes > 0) std::memcpy(static_cast<char*>(block->data()) + tensor.offset, from, bytes);
    from += bytes;
  }
  return block;
}

/// By layer: a digest of its weights' bytes; empty where it has none.
std::vector<std::string> WeightDigests(const base::Graph& graph, const store::Block& block) {
  const engine::StateLayout layout = LayoutOf(graph);
  std::vector<std::string> digests;
  size_t tensor = 0;
  for (const base::Layer& layer : graph.layers) {
    base::Hasher hasher(kWeightsSeed);
    for (size_t w = 0; w < layer.weights.size(); ++w, ++tensor) {
      pg::CheckInterrupts();
      const engine::StateTensor& at = layout.tensors[tensor];
      hasher.UpdateU64(at.count);
      hasher.Update(static_cast<const char*>(block.data()) + at.offset, at.count * sizeof(float));
    }
    digests.push_back(layer.weights.empty() ? std::string() : base::ToHex(hasher.Finish()));
  }
  return digests;
}

void AddNumbers(const char* name, const std::vector<double>& values, std::string* text) {
  if (values.empty()) return;
  *text += std::string(" ") + name;
  for (const double value : values) *text += " " + base::FormatNumber(value, true);
}

/// What decides the numbers of an input: positions of columns, since tables of one run agree in these and not in names, and what is done to
/// their values.
std::string InputText(const base::Graph& graph, const engine::InputBinding& binding, int call, const base::DataSpec& data) {
  std::string text = engine::TakesIndexes(graph, binding, call) ? "indexes" : "numbers";
  for (const engine::InputPart& part : binding.parts) {
    const base::ColumnSpec& column = data.inputs[static_cast<size_t>(part.column)];
    text += "; column " + std::to_string(part.column) + " " + base::DTypeName(column.dtype) + base::FormatShape(column.shape) + " from " +
            std::to_string(part.first) + " " + std::to_string(part.count) + " scale " + base::FormatNumber(column.scale, true);
    AddNumbers("mean", column.mean, &text);
    AddNumbers("std", column.std, &text);
    if (column.exact_standardisation) text += " exact";
  }
  // features of another build are other bits; a release may have mended a kernel
  return text + "; shape " + base::FormatShape(binding.shape) + "; build " + engine::BuildDescription() + "; release " + pg::LibraryVersion();
}

/// What is known of the models besides their graphs: each architecture's given weights are digested once.
class ModelReader {
 public:
  explicit ModelReader(const PreparedFit& fit) : fit_(fit) {}

  plan::FrozenModel Read(const PreparedModel& model) {
    const base::Graph& graph = *model.spec->graph;
    plan::FrozenModel found;
    found.graph = &graph;
    found.kernels = HasKernels(model);
    found.own = (model.program != nullptr ? "mst_key " + std::to_string(model.mst_key) : "model_id " + std::to_string(model.architecture->model_id)) +
                " seed " + std::to_string(fit_.seed);
    const std::vector<engine::InputBinding> bindings = engine::BindInputs(graph, fit_.training.spec);
    for (size_t i = 0; i < bindings.size(); ++i)
      found.columns.push_back(InputText(graph, bindings[i], graph.inputs[i], fit_.training.spec));
    found.weights = Weights(model);
    return found;
  }

 private:
  std::vector<std::string> Weights(const PreparedModel& model) {
    const auto read = [&] {
      const std::shared_ptr<store::Block> block = GivenWeights(fit_, model);
      if (block == nullptr) return std::vector<std::string>(model.spec->graph->layers.size());
      std::vector<std::string> digests = WeightDigests(*model.spec->graph, *block);
      const std::vector<bool>& given = model.architecture->given;
      for (size_t layer = 0; !model.began_stored() && layer < given.size(); ++layer) {
        if (!given[layer]) digests[layer].clear();
      }
      return digests;
    };
    if (model.began_stored()) return read();
    const auto [known, first] = digests_.try_emplace(model.architecture->model_id);
    if (first) known->second = read();
    return known->second;
  }

  // Of the model's frozen part. What stands for trials has no program.
  bool HasKernels(const PreparedModel& model) {
    if (model.program != nullptr && model.kernels()) return true;
    const auto [known, first] = kernels_.try_emplace(model.spec->graph.get(), false);
    if (first) {
      const std::vector<int> cuts = layers::DeepestCuts(*model.spec->graph);
      known->second = engine::FeatureExtractor(model.spec->graph, cuts, fit_.training.spec, fit_.options).has_kernels();
    }
    return known->second;
  }

  const PreparedFit& fit_;
  std::map<int, std::vector<std::string>> digests_;  // by model_id
  std::map<const base::Graph*, bool> kernels_;
};

/// Whether the frozen part of a graph does more than to lay out its inputs in another way, so that a plan is worth making.
bool HasFrozenWork(const base::Graph& graph) {
  const std::vector<int> cuts = layers::DeepestCuts(graph);
  if (cuts.empty()) return false;
  const base::Graph prefix = base::PrefixGraph(graph, cuts);
  return std::any_of(prefix.calls.begin(), prefix.calls.end(), [&](const base::Call& call) {
    return call.forward_flops > 0 || !prefix.layers[static_cast<size_t>(call.layer)].weights.empty();
  });
}

// 0: no model can stop early, or only after more evaluations than anybody waits for.
int64_t FirstStop(const PreparedFit& fit) {
  constexpr int64_t kMostEvaluations = 1000000;
  if (!fit.stopping.early_stopping || fit.stopping.early_stopping->patience >= kMostEvaluations) return 0;
  int64_t iteration = 0;
  for (int64_t evaluation = 0; evaluation <= fit.stopping.early_stopping->patience; ++evaluation) {
    iteration = fit.due.After(iteration);
    if (iteration == 0) break;
  }
  return iteration;
}

/// How often the models of a run that is not searched will see all rows.
void CountModels(const FitArguments& arguments, const PreparedFit& fit, double scored, std::vector<plan::FrozenCandidate>* candidates) {
  std::vector<int> bundle_of(fit.models.size());
  for (size_t b = 0; b < fit.plan.bundles.size(); ++b) {
    for (const int m : fit.plan.bundles[b].models) bundle_of[static_cast<size_t>(m)] = static_cast<int>(b);
  }
  const double part = plan::ExpectedPart(fit.stopping, FirstStop(fit), static_cast<int64_t>(fit.models.size()), arguments.num_iterations);
  for (size_t m = 0; m < fit.models.size(); ++m) {
    plan::FrozenCandidate& candidate = (*candidates)[m];
    plan::CountPasses(arguments.num_iterations, fit.models[m].spec->config.epochs, static_cast<double>(fit.due.count()) * scored, &candidate);
    candidate.stop_factor = part;
    candidate.bundle = bundle_of[m];
    if (fit.models[m].stored_diverged_step != 0) candidate.needs.clear();
  }
}

/// Why no features are made that are not there, or "".
std::string WhyNoMaking(const PreparedFit& fit) {
  const auto why = [](const data::PackedTable& table) {
    return table.temporary ? "features of temporary tables are not stored" : store::WhyNoFeatures(table);
  };
  std::string reason = why(fit.training);
  if (reason.empty() && fit.validation) reason = why(*fit.validation);
  return reason;
}

double Buffers(const data::PackedTable& table) {
  return static_cast<double>(std::accumulate(table.partition_buffers.begin(), table.partition_buffers.end(), int64_t{0}));
}

// What the session alone does, the other processes wait for. On PostgreSQL that is all writing.
void AddFixedCosts(const PreparedFit& fit, plan::FrozenRates* rates) {
  const double tables = fit.validation ? 2 : 1;
  const double buffers = Buffers(fit.training), all_buffers = buffers + (fit.validation ? Buffers(*fit.validation) : 0);
  rates->statement_seconds = rates->processes * tables * plan::kStoreStatementSeconds;
  rates->making_seconds = rates->processes * tables * plan::kStoreStartSeconds;
  rates->pass_seconds = fit.training.spec.num_partitions * plan::kStoredVisitSeconds + buffers * plan::kStoredBufferSeconds;
  rates->share_seconds = plan::kShareProcessSeconds;
  if (fit.segments) return;
  rates->write_bytes_s /= rates->processes;
  rates->statement_seconds += rates->processes * all_buffers * plan::kStoreBufferSeconds;
  if (rates->processes > 1) rates->making_seconds += rates->processes * tables * plan::kStoreWorkerSeconds;
}

plan::FrozenRates RatesOf(const PreparedFit& fit) {
  const pg::Settings settings = pg::CurrentSettings();
  plan::FrozenRates rates;
  rates.rows = static_cast<double>(fit.training.spec.rows);
  rates.stored_rows = rates.rows + (fit.validation ? static_cast<double>(fit.validation->spec.rows) : 0);
  rates.buffer_rows = static_cast<double>(std::max(fit.training.max_buffer_rows, fit.validation ? fit.validation->max_buffer_rows : 0));
  rates.processes = std::max(1, fit.segments ? fit.segments->data_segments : fit.workers);
  rates.process_rows = rates.stored_rows / (fit.segments ? rates.processes : 1);
  rates.disk_budget = static_cast<double>(settings.materialize_disk);
  rates.memory_budget = static_cast<double>(settings.materialize_mem);
  rates.store = settings.enable_feature_materialization;
  if (rates.store) rates.no_making = WhyNoMaking(fit);
  rates.share = settings.enable_feature_sharing && !fit.policy;  // processes would have to know of new trials
  AddFixedCosts(fit, &rates);
  return rates;
}

/// What could be stored, and what is there already: in all tables of the run, fresh and of the precision that is asked for.
void MarkStored(const PreparedFit& fit, const std::string& precision, double buffer_rows, std::vector<plan::FrozenNode>* nodes) {
  std::vector<const data::PackedTable*> tables = {&fit.training};
  if (fit.validation) tables.push_back(&*fit.validation);
  std::map<std::string, size_t> times;
  std::map<std::string, double> row_bytes;
  for (const data::PackedTable* table : tables) {
    for (const store::StoredFeatures& found : store::FindFeatures(*table)) {
      if (found.precision != precision || !found.complete) continue;
      ++times[found.digest];
      if (found.rows > 0) row_bytes[found.digest] = static_cast<double>(found.bytes) / static_cast<double>(found.rows);
    }
  }
  double stored_rows = 0;
  for (const data::PackedTable* table : tables) stored_rows += static_cast<double>(table->spec.rows);
  const data::PageLayout pages = store::ServerPages();
  for (plan::FrozenNode& node : *nodes) {
    double bytes = 0;
    const auto elements = static_cast<int64_t>(node.row_bytes / sizeof(float));
    for (const data::PackedTable* table : tables) bytes += store::MostSetBytes(pages, *table, precision, elements, node.channels);
    node.stored_row_bytes = bytes / std::max(1.0, stored_rows);
    node.can_store = node.can_store && node.row_bytes * buffer_rows <= static_cast<double>(store::kMostFeatureBytes);
    const auto known = times.find(node.digest);
    if (known == times.end() || known->second != tables.size()) continue;
    node.stored = true;
    if (row_bytes.count(node.digest) != 0) node.stored_row_bytes = row_bytes.at(node.digest);
  }
}

/// Why no run on this server and with these settings is rewritten, or "".
std::string OffReason(const PreparedFit& fit) {
  const pg::Settings settings = pg::CurrentSettings();
  if (fit.policy && !settings.enable_feature_materialization) {
    return "a search can only store what frozen layers give, and cerebro.enable_feature_materialization is off";
  }
  if (!settings.enable_feature_sharing && !settings.enable_feature_materialization) {
    return "cerebro.enable_feature_sharing and cerebro.enable_feature_materialization are off";
  }
  if (fit.options.precision != base::DType::kFloat32) return "features are float32, and the models compute in float64";
  if (fit.options.device >= 0 || fit.use_gpus) return "the models compute on GPUs";
  return {};
}

/// Columns, cuts and who makes what, by the decision.
void ApplyDecision(PreparedFit* fit) {
  PreparedFrozen& frozen = fit->frozen;
  std::vector<PreparedModel>& models = PlannedModels(fit);
  const std::vector<plan::FrozenNode>& nodes = frozen.graph.nodes;
  const std::set<int> stored(frozen.decision.stored.begin(), frozen.decision.stored.end());
  std::set<int> read;
  for (const std::vector<int>& reads : frozen.decision.reads) read.insert(reads.begin(), reads.end());
  for (const int n : read) {
    const auto node = static_cast<size_t>(n);
    PreparedFeature feature;
    feature.node = n;
    feature.stored = stored.count(n) != 0;
    SharedFeature shared;
    shared.column = fit->training.spec.inputs.size() + frozen.columns.size();
    for (size_t m = models.size(); m-- > 0;) {
      const int call = frozen.graph.candidates[m].call_of_node[node];
      if (call < 0 || models[m].stored_diverged_step != 0) continue;
      feature.model = static_cast<int>(m);
      feature.call = call;
      shared.makers.insert(shared.makers.begin(), {feature.model, call});
    }
    base::ColumnSpec column;
    column.name = plan::FeatureColumnName(nodes[node]);
    column.shape = models[static_cast<size_t>(feature.model)].spec->graph->calls[static_cast<size_t>(feature.call)].output_shape;
    column.feature = true;
    frozen.columns.push_back(std::move(column));
    if (!feature.stored) frozen.shared.push_back(std::move(shared));
    frozen.features.push_back(feature);
  }
  store::GraphCutter cutter;
  for (size_t m = 0; m < models.size(); ++m) {
    const std::vector<int>& reads = frozen.decision.reads[m];
    if (reads.empty()) continue;
    auto spec = std::make_shared<store::ModelSpec>(*models[m].spec);
    spec->cuts = plan::CutsOf(nodes, frozen.graph.candidates[m], reads);
    spec->trained = cutter.Cut(spec->graph, spec->cuts);
    models[m].spec = std::move(spec);
  }
}

/// Programs of what is left of all models.
void CompileCut(PreparedFit* fit) {
  PreparedFrozen& frozen = fit->frozen;
  base::DataSpec spec = fit->training.spec;
  spec.inputs.insert(spec.inputs.end(), frozen.columns.begin(), frozen.columns.end());
  frozen.model_reads.assign(spec.inputs.size(), false);
  fit->pool = std::make_shared<engine::ModelPool>(spec, fit->options);
  for (const PreparedModel& model : PlannedModels(fit)) {
    const std::vector<bool> reads = engine::ColumnsRead(*model.spec->TrainedGraph(), spec);
    for (size_t i = 0; i < spec.inputs.size(); ++i) frozen.model_reads[i] = frozen.model_reads[i] || reads[i];
  }
  for (PreparedModel& model : fit->models) {
    pg::CheckInterrupts();
    if (fit->policy) {
      TrainLikeItsArchitecture(fit, &model);
    } else {
      CompileTrained(fit, &model);
    }
  }
  frozen.fetched = frozen.model_reads;
  for (const SharedFeature& shared : frozen.shared) {
    const auto& [model, call] = shared.makers.front();
    const base::Graph prefix = base::PrefixGraph(*PlannedModels(fit)[static_cast<size_t>(model)].spec->graph, {call});
    const std::vector<bool> reads = engine::ColumnsRead(prefix, spec);
    for (size_t i = 0; i < reads.size(); ++i) frozen.fetched[i] = frozen.fetched[i] || reads[i];
  }
}

}  // namespace

void CompileTrained(PreparedFit* fit, PreparedModel* model) {
  const store::ModelSpec& spec = *model->spec;
  model->program = fit->pool->ProgramOf(spec.TrainedGraph(), spec.config);
  if (spec.cuts.empty()) return;
  model->workspace_bytes = fit->pool->Lend(model->program, spec.config)->workspace_bytes(MostRowsOfABatch(fit->training, spec.config));
  const plan::ModelCost cost = plan::EstimateCost(*spec.TrainedGraph(), spec.config, model->kernels());
  model->scored_row_seconds = cost.seconds_per_scored_row;
  model->visit_seconds = cost.Visit(fit->RowsAVisit(), spec.config.batch_size, spec.config.epochs);
}

data::PackedTable PreparedFrozen::TableOf(const data::PackedTable& packed) const {
  data::PackedTable table = packed;
  if (columns.empty()) return table;
  for (size_t f = 0; f < columns.size(); ++f) {
    if (features[f].stored) table.features.push_back({table.spec.inputs.size(), {}, "float32"});
    table.spec.inputs.push_back(columns[f]);
  }
  table.fetched = fetched;
  return table;
}

std::optional<std::string> PreparedFrozen::StoredPrecision() const {
  return decision.stored.empty() ? std::nullopt : std::make_optional(precision);
}

std::optional<std::string> PreparedFrozen::Ways() const {
  if (graph.nodes.empty()) return std::nullopt;
  base::List ways;
  for (const plan::FrozenChoice& choice : decision.choices) {
    const plan::FrozenNode& node = graph.nodes[static_cast<size_t>(choice.node)];
    ways.emplace_back(base::Dict{{"layer", node.name},
                                 {"use", plan::FeatureUseName(choice.use)},
                                 {"models", static_cast<int64_t>(choice.candidates)},
                                 {"digest", node.digest}});
  }
  return base::FormatJson(base::Value(std::move(ways)));
}

bool PlanFrozen(const FitArguments& arguments, PreparedFit* fit) {
  PreparedFrozen& frozen = fit->frozen;
  if (fit->policy) fit->prototypes = PrototypesOf(fit);
  const std::vector<PreparedModel>& planned = PlannedModels(fit);
  std::map<const base::Graph*, bool> has_work;
  bool any = false;
  for (const PreparedModel& model : planned) {
    const auto [known, first] = has_work.try_emplace(model.spec->graph.get(), false);
    if (first) known->second = HasFrozenWork(*model.spec->graph);
    any = any || (known->second && model.stored_diverged_step == 0);
  }
  if (!any) return false;
  frozen.off_reason = OffReason(*fit);
  if (!frozen.off_reason.empty()) return false;
  ModelReader reader(*fit);
  std::vector<plan::FrozenModel> models;
  for (const PreparedModel& model : planned) models.push_back(reader.Read(model));
  frozen.graph = plan::MergeFrozen(models);
  const double scored =
      fit->validation ? 1 + static_cast<double>(fit->validation->spec.rows) / static_cast<double>(fit->training.spec.rows) : 1;
  if (fit->policy) {
    frozen.graph.candidates = ExpectedTrials(*fit, frozen.graph.candidates, scored);
  } else {
    CountModels(arguments, *fit, scored, &frozen.graph.candidates);
  }
  frozen.precision = pg::CurrentSettings().feature_precision;
  frozen.rates = RatesOf(*fit);
  if (frozen.rates.store) MarkStored(*fit, frozen.precision, frozen.rates.buffer_rows, &frozen.graph.nodes);
  if (!frozen.rates.no_making.empty() && !pg::CurrentSettings().features_schema.empty()) {
    pg::Notice("no features are stored: " + frozen.rates.no_making,
               "cerebro.features_schema must name a schema in which you may create tables.");
  }
  frozen.decision = plan::DecideFrozen(frozen.graph.nodes, frozen.graph.candidates, frozen.rates);
  // decided before the models are cut, whose work may be too short for workers
  const bool asked = arguments.workers.has_value() || pg::CurrentSettings().workers >= 0;
  frozen.making_workers = asked || plan::WorthWorkers(frozen.decision.store_seconds, fit->workers, false) ? fit->workers : 0;
  if (!frozen.decision.applied()) return false;
  ApplyDecision(fit);
  CompileCut(fit);
  return true;
}

bool MakeFeatures(PreparedFit* fit, RunRequest* request, const store::FeatureProgress& progress) {
  PreparedFrozen& frozen = fit->frozen;
  std::map<int, std::shared_ptr<store::Block>> blocks;  // by model
  std::vector<store::FeatureRequest> requests;
  for (const PreparedFeature& feature : frozen.features) {
    if (!feature.stored) continue;
    const PreparedModel& model = PlannedModels(fit)[static_cast<size_t>(feature.model)];
    std::shared_ptr<store::Block>& block = blocks[feature.model];
    if (block == nullptr) block = GivenWeights(*fit, model);
    const plan::FrozenNode& node = frozen.graph.nodes[static_cast<size_t>(feature.node)];
    store::FeatureRequest wanted;
    wanted.digest = node.digest;
    wanted.graph = model.spec->graph;
    wanted.call = feature.call;
    wanted.block = block == nullptr ? nullptr : block->data();
    wanted.layer = node.name;
    wanted.model = model.architecture->name.empty() ? "model_id " + std::to_string(model.architecture->model_id) : model.architecture->name;
    wanted.precision = frozen.precision;
    requests.push_back(std::move(wanted));
  }
  if (requests.empty()) return false;
  std::vector<data::PackedTable*> tables = {&request->spec.training, &request->spec.validation};
  // in the order of their names, whatever their parts: two runs do not wait for each other (store/features.hpp)
  const auto before = [](const data::PackedTable* a, const data::PackedTable* b) { return a->name.Sql() < b->name.Sql(); };
  std::sort(tables.begin(), tables.end(), before);
  for (data::PackedTable* table : tables) {
    if (table->spec.num_partitions == 0) continue;
    const data::PackedTable& packed = table == &request->spec.training ? fit->training : *fit->validation;
    store::FeatureCosts costs;
    const std::vector<store::StoredFeatures> made = store::EnsureFeatures(packed, requests, fit->options, frozen.making_workers, &costs, progress);
    for (size_t i = 0; i < made.size(); ++i) {
      table->features[i].table = made[i].table;
      table->features[i].encoding = made[i].encoding;
    }
    frozen.costs.made += costs.made;
    frozen.costs.found += costs.found;
    frozen.costs.extended += costs.extended;
    frozen.costs.seconds += costs.seconds;
    frozen.costs.bytes_written += costs.bytes_written;
    frozen.costs.workers = std::max(frozen.costs.workers, costs.workers);
  }
  return true;
}

}  // namespace train
