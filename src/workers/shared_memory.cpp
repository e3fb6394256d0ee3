#include "workers/shared_memory.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "base/config_record.hpp"
#include "base/record.hpp"
#include "base/whole_characters.hpp"
#include "wire/keras.hpp"
#include "data/packed_table.hpp"
#include "store/graph_cutter.hpp"
#include "store/model_spec.hpp"
#include "train/run.hpp"
#include "train/run_features.hpp"

namespace workers {
namespace {

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void WriteTable(base::RecordWriter* w, const data::PackedTable& table) {
  w->Text(table.name.schema);
  w->Text(table.name.name);
  w->Number(table.name.bare ? 1 : 0);
  w->Text(table.spec.num_partitions > 0 ? base::WriteDataSpec(table.spec) : "");
  w->Number(static_cast<int64_t>(table.partition_rows.size()));
  for (const int64_t rows : table.partition_rows) w->Number(rows);
  for (const int64_t buffers : table.partition_buffers) w->Number(buffers);
  w->Number(table.max_buffer_rows);
  w->Number(table.all_groups ? 1 : 0);
  w->Text(table.packer);
  w->Number(table.group_id);
  train::WriteTableFeatures(table, w);
}

data::PackedTable ReadTable(base::RecordReader* r) {
  data::PackedTable table;
  table.name.schema = r->Text();
  table.name.name = r->Text();
  table.name.bare = r->Number() != 0;
  const std::string spec = r->Text();
  if (!spec.empty()) table.spec = base::ReadDataSpec(spec);
  table.partition_rows.resize(static_cast<size_t>(r->Number()));
  for (int64_t& rows : table.partition_rows) rows = r->Number();
  table.partition_buffers.resize(table.partition_rows.size());
  for (int64_t& buffers : table.partition_buffers) buffers = r->Number();
  table.max_buffer_rows = r->Number();
  table.all_groups = r->Number() != 0;
  table.packer = r->Text();
  table.group_id = r->Number();
  train::ReadTableFeatures(r, &table);
  return table;
}

// Each graph once; a model names its by number. Its texts stay with the caller.
void WriteModels(base::RecordWriter* w, const train::RunSpec& spec) {
  std::map<const base::Graph*, int64_t> numbers;
  std::vector<const base::Graph*> graphs;
  for (const auto& model : spec.models) {
    const base::Graph* graph = model->graph.get();
    if (numbers.emplace(graph, static_cast<int64_t>(graphs.size())).second) graphs.push_back(graph);
  }
  w->Number(static_cast<int64_t>(graphs.size()));
  for (const base::Graph* graph : graphs) w->Text(wire::WriteGraph(*graph));
  w->Number(static_cast<int64_t>(spec.models.size()));
  for (size_t i = 0; i < spec.models.size(); i++) {
    w->Number(numbers.at(spec.models[i]->graph.get()));
    store::WriteCuts(spec.models[i]->cuts, w);
    base::WriteConfig(spec.models[i]->config, w);
    w->Real(spec.costs[i]);
  }
}

void ReadModels(base::RecordReader* r, train::RunSpec* spec) {
  std::vector<std::shared_ptr<const base::Graph>> graphs(static_cast<size_t>(r->Number()));
  for (auto& graph : graphs) graph = std::make_shared<const base::Graph>(wire::ReadGraph(r->Text()));
  store::GraphCutter cutter;
  spec->models.resize(static_cast<size_t>(r->Number()));
  spec->costs.resize(spec->models.size());
  for (size_t i = 0; i < spec->models.size(); i++) {
    auto model = std::make_shared<store::ModelSpec>();
    model->graph = graphs.at(static_cast<size_t>(r->Number()));
    model->cuts = store::ReadCuts(r);
    if (!model->cuts.empty()) model->trained = cutter.Cut(model->graph, model->cuts);
    model->config = base::ReadConfig(r);
    spec->models[i] = std::move(model);
    spec->costs[i] = r->Real();
  }
}

// What a worker needs of it: who trains with whom. Reasons and estimates stay with the planner.
void WriteFusion(base::RecordWriter* w, const plan::Fusion& fusion) {
  w->Number(static_cast<int64_t>(fusion.bundles.size()));
  for (const plan::BundleFusion& bundle : fusion.bundles) {
    w->Number(bundle.shared_scan.applied ? 1 : 0);
    w->Number(static_cast<int64_t>(bundle.fusion_groups.size()));
    for (const plan::FusionGroup& fusion_group : bundle.fusion_groups) {
      w->Number(fusion_group.horizontal.applied ? 1 : 0);
      w->Number(fusion_group.batches_per_switch);
      w->Number(static_cast<int64_t>(fusion_group.models.size()));
      for (const int m : fusion_group.models) w->Number(m);
    }
  }
}

plan::Fusion ReadFusion(base::RecordReader* r) {
  plan::Fusion fusion;
  fusion.bundles.resize(static_cast<size_t>(r->Number()));
  for (plan::BundleFusion& bundle : fusion.bundles) {
    bundle.shared_scan.applied = r->Number() != 0;
    bundle.fusion_groups.resize(static_cast<size_t>(r->Number()));
    for (plan::FusionGroup& fusion_group : bundle.fusion_groups) {
      fusion_group.horizontal.applied = r->Number() != 0;
      fusion_group.batches_per_switch = static_cast<int>(r->Number());
      fusion_group.models.resize(static_cast<size_t>(r->Number()));
      for (int& m : fusion_group.models) m = static_cast<int>(r->Number());
    }
  }
  return fusion;
}

struct Offsets {
  size_t spec, scheduler, ring, state_offsets, sums_sizes, stopped, sums[2], added, round, failures, states, end;
};

Offsets PlaceParts(const SharedSizes& sizes, const train::RunSpec& spec, const std::string& spec_text, bool states_inside) {
  Offsets o{};
  size_t at = RoundUp(sizeof(SharedRun), 64);
  const auto take = [&at](size_t bytes) {
    const size_t here = at;
    at = RoundUp(at + bytes, 64);
    return here;
  };
  o.spec = take(spec_text.size());
  const size_t models = sizes.state_bytes.size() + sizes.more_models;
  const size_t bundles = sizes.round_bytes > 0 ? std::max(models, spec.plan.bundles.size()) : spec.plan.bundles.size();
  o.scheduler = take(plan::Scheduler::BlockSize(static_cast<int>(bundles)));
  o.ring = take(sizes.RingSize() * sizeof(train::VisitRecord));
  o.state_offsets = take(models * sizeof(uint64_t));
  o.sums_sizes = take(models * sizeof(uint64_t));
  o.stopped = take(models);
  o.sums[kTrainingTable] = take(static_cast<size_t>(spec.training.spec.num_partitions) * sizes.SumsStride() * sizeof(double));
  o.sums[kValidationTable] = take(static_cast<size_t>(spec.validation.spec.num_partitions) * sizes.SumsStride() * sizeof(double));
  o.added = take(sizes.added_bytes);
  o.round = take(sizes.round_bytes);
  o.failures = sizes.round_bytes > 0 ? take(models * kFailureBytes) : 0;
  o.states = RoundUp(at, train::kStateAlignment);
  o.end = states_inside ? o.states + sizes.StatesBytes() : at;
  return o;
}

}  // namespace

std::string WriteRunSpec(const train::RunSpec& spec) {
  base::RecordWriter w;
  WriteTable(&w, spec.training);
  WriteTable(&w, spec.validation);
  WriteModels(&w, spec);
  w.Text(plan::WritePlan(spec.plan));
  WriteFusion(&w, spec.fusion);
  for (const plan::Bundle& bundle : spec.plan.bundles) w.Number(bundle.sequence.first);
  w.Number(static_cast<int64_t>(spec.precision));
  w.Number(spec.use_gpus ? 1 : 0);
  train::WriteSharedFeatures(spec.shared_features, spec.model_reads, &w);
  w.Number(static_cast<int64_t>(spec.feature_cache));
  return w.Take();
}

train::RunSpec ReadRunSpec(const char* data, size_t bytes) {
  base::RecordReader r({data, bytes}, "the run's specification");
  train::RunSpec spec;
  spec.training = ReadTable(&r);
  spec.validation = ReadTable(&r);
  ReadModels(&r, &spec);
  spec.plan = plan::ReadPlan(r.Text());
  spec.fusion = ReadFusion(&r);
  for (plan::Bundle& bundle : spec.plan.bundles) bundle.sequence.first = r.Number();
  spec.precision = static_cast<base::DType>(r.Number());
  spec.use_gpus = r.Number() != 0;
  train::ReadSharedFeatures(&r, &spec.shared_features, &spec.model_reads);
  spec.feature_cache = static_cast<size_t>(r.Number());
  return spec;
}

// Models of one architecture share its graph, and what is left of it where it is cut.
std::string WriteAddedModel(const train::RunSpec& spec, size_t model) {
  const store::ModelSpec& added = *spec.models[model];
  int64_t like = -1;
  for (size_t m = 0; m < model && like < 0; m++) {
    if (spec.models[m]->graph == added.graph && spec.models[m]->trained == added.trained) like = static_cast<int64_t>(m);
  }
  base::RecordWriter w;
  w.Number(like);
  if (like < 0) w.Text(wire::WriteGraph(*added.graph));
  base::WriteConfig(added.config, &w);
  w.Real(spec.costs[model]);
  return w.Take();
}

void ReadAddedModel(std::string_view text, train::RunSpec* spec) {
  base::RecordReader r(text, "the specification of an added model");
  auto model = std::make_shared<store::ModelSpec>();
  const int64_t like = r.Number();
  if (like < 0) {
    model->graph = std::make_shared<const base::Graph>(wire::ReadGraph(r.Text()));
  } else {
    const store::ModelSpec& known = *spec->models.at(static_cast<size_t>(like));
    model->graph = known.graph;
    model->cuts = known.cuts;
    model->trained = known.trained;
  }
  model->config = base::ReadConfig(&r);
  spec->models.push_back(std::move(model));
  spec->costs.push_back(r.Real());
}

std::string WriteRound(const train::RoundPlan& round) {
  base::RecordWriter w;
  w.Text(plan::WritePlan(round.plan));
  WriteFusion(&w, round.fusion);
  return w.Take();
}

void ReadRound(std::string_view text, train::RunSpec* spec) {
  base::RecordReader r(text, "the bundles of a round");
  spec->plan = plan::ReadPlan(r.Text());
  spec->fusion = ReadFusion(&r);
}

void WriteFailure(SharedRun* shared, int model, const std::string& text) {
  const std::string_view kept = base::WholeCharacters(text.empty() ? std::string_view("unknown error") : std::string_view(text), kFailureBytes - 1);
  char* const to = At<char>(shared, shared->failures_offset) + static_cast<size_t>(model) * kFailureBytes;
  shared->sync.Lock();
  if (to[0] == '\0') {
    std::memcpy(to, kept.data(), kept.size());
    shared->failures++;
  }
  shared->events++;
  shared->sync.Unlock();
  shared->sync.Broadcast();
}

bool HasFailed(SharedRun* shared, int model) {
  return shared->failures_offset != 0 && At<char>(shared, shared->failures_offset)[static_cast<size_t>(model) * kFailureBytes] != '\0';
}

size_t SharedSizes::SumsStride() const { return std::accumulate(sums.begin(), sums.end(), more_sums); }

size_t SharedSizes::StatesBytes() const {
  size_t bytes = more_state_bytes;
  for (const size_t state : state_bytes) bytes += train::AlignedState(state);
  return bytes;
}

size_t SharedSizes::RingSize() const { return std::max<size_t>(8192, 2 * (state_bytes.size() + more_models)); }

size_t SharedRunBytes(const SharedSizes& sizes, const train::RunSpec& spec, const std::string& spec_text, bool states_inside) {
  return PlaceParts(sizes, spec, spec_text, states_inside).end;
}

SharedRun* LayOutSharedRun(void* block, size_t bytes, const SharedSizes& sizes, const train::RunSpec& spec, const std::string& spec_text,
                     const std::string& states_path) {
  const Offsets o = PlaceParts(sizes, spec, spec_text, states_path.empty());
  std::memset(block, 0, std::min(o.states, o.end));
  auto* shared = static_cast<SharedRun*>(block);
  shared->bytes = bytes;
  shared->models = static_cast<int32_t>(spec.models.size());
  shared->bundles = static_cast<int32_t>(spec.plan.bundles.size());
  shared->partitions = spec.plan.partitions;
  shared->validation_partitions = spec.validation.spec.num_partitions;
  shared->ring_size = sizes.RingSize();
  shared->spec_offset = o.spec;
  shared->spec_bytes = spec_text.size();
  shared->scheduler_offset = o.scheduler;
  shared->ring_offset = o.ring;
  shared->state_offsets_offset = o.state_offsets;
  shared->sums_sizes_offset = o.sums_sizes;
  shared->stopped_offset = o.stopped;
  shared->sums_offset[kTrainingTable] = o.sums[kTrainingTable];
  shared->sums_offset[kValidationTable] = o.sums[kValidationTable];
  shared->states_offset = o.states;
  shared->states_bytes = sizes.StatesBytes();
  shared->sums_stride = sizes.SumsStride();
  shared->added_offset = o.added;
  shared->added_room = sizes.added_bytes;
  shared->round_offset = o.round;
  shared->round_room = sizes.round_bytes;
  shared->failures_offset = o.failures;
  if (states_path.size() >= sizeof(shared->states_path)) throw base::Error(base::ErrorCode::kInternal, "the states' file name is too long");
  std::memcpy(shared->states_path, states_path.c_str(), states_path.size() + 1);
  shared->sync.Init();
  shared->phase = WorkerPhase::kIdle;

  std::memcpy(At<char>(shared, o.spec), spec_text.data(), spec_text.size());
  plan::Scheduler(At<char>(shared, o.scheduler), spec.plan, true);
  auto* state_offsets = At<uint64_t>(shared, o.state_offsets);
  auto* sums_sizes = At<uint64_t>(shared, o.sums_sizes);
  uint64_t at = 0;
  for (size_t m = 0; m < sizes.state_bytes.size(); m++) {
    sums_sizes[m] = sizes.sums[m];
    state_offsets[m] = at;
    at += train::AlignedState(sizes.state_bytes[m]);
  }
  return shared;
}

}  // namespace workers
