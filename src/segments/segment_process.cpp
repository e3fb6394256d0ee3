#include "segments/segment_process.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "engine/api/workspace.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "data/buffer_cache.hpp"
#include "data/buffer_view.hpp"
#include "segments/messages.hpp"
#include "store/loaded_model.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"
#include "train/bundle_visit.hpp"

namespace segments {
namespace {

constexpr size_t kEngineBytes = size_t{64} << 20;  // LibTorch's own, once a process
constexpr size_t kMostKeptModels = 64;             // built models that wait for their next visit

using base::Error;
using base::ErrorCode;

/// What this process keeps for one run.
struct ProcessCache {
  uint64_t run = 0;
  pg::ReservedMemory engine{"the engine"}, buffers{"packed buffers"};
  std::map<std::pair<int, RoundKind>, std::unique_ptr<engine::Model>> models;
  std::shared_ptr<engine::KernelMemory> workspace = std::make_shared<engine::KernelMemory>();
  std::unique_ptr<data::BufferCache> cache;
};

std::unique_ptr<ProcessCache> process_cache;
std::unique_ptr<SegmentRound> current;
int64_t current_number = 0;

void DropAll() {
  current.reset();
  process_cache.reset();
}

ProcessCache& ProcessCacheOf(uint64_t run) {
  pg::AtAbort(DropAll);
  if (process_cache == nullptr || process_cache->run != run) {
    process_cache.reset();
    auto fresh = std::make_unique<ProcessCache>();  // whole or not at all: memory may be refused
    fresh->run = run;
    fresh->engine.Grow(kEngineBytes);
    fresh->cache = std::make_unique<data::BufferCache>(static_cast<size_t>(pg::CurrentSettings().cache_mem));
    process_cache = std::move(fresh);
  }
  return *process_cache;
}

size_t Bytes(const std::vector<base::Bytes>& columns) {
  size_t bytes = 0;
  for (const base::Bytes& column : columns) bytes += column.size;
  return bytes;
}

}  // namespace

/// A model of the round.
struct SegmentRound::Member {
  int index = 0;
  std::optional<ModelEntry> entry;
  store::ModelSpec spec;
  base::DataSpec data;
  engine::Model* model = nullptr;  // of the process's process_cache
  std::unique_ptr<store::Block> block;
  ModelReply record;
};

SegmentRound::SegmentRound(const RoundRequest& request) : request_(request) {}

SegmentRound::~SegmentRound() {
  visit_.reset();
  scorer_.reset();
  for (const auto& member : members_) {
    if (member->model != nullptr) member->model->Detach();
  }
}

void SegmentRound::AddState(int model, int piece, base::Bytes data) {
  pg::CheckInterrupts();
  if (members_.empty() || members_.back()->index != model) {
    CompleteState();
    members_.push_back(std::make_unique<Member>());
    members_.back()->index = model;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data.data), data.size);
  if (piece == kEntryPiece) {
    members_.back()->entry = ReadModelEntry(bytes);
    return;
  }
  memory_.Grow(bytes.size());
  incoming_.Add(piece, bytes);
}

// All pieces of the last member are there: lay it over a block.
void SegmentRound::CompleteState() {
  if (members_.empty() || members_.back()->model != nullptr) return;
  Member* member = members_.back().get();
  ProcessCache& own = ProcessCacheOf(request_.run);
  const bool scoring = request_.kind == RoundKind::kScore;
  const std::string incoming = incoming_.Take();
  std::optional<store::StateView> stored;
  if (!member->entry || member->entry->kind == EntryKind::kState) stored.emplace(incoming);
  if (member->entry) {
    member->spec = member->entry->spec;
    member->data = member->entry->data;
  } else {
    member->spec = stored->Spec();
    member->data = base::ReadDataSpec(stored->header().data_spec);
  }
  if (!data_) {
    data_ = member->data;
    data_->has_weights = request_.has_weights;
  }
  auto& model = own.models[{member->index, request_.kind}];
  if (model == nullptr) {
    engine::Options options = store::EngineOptions(request_.use_gpus);
    options.precision = member->entry ? member->entry->precision : stored->header().precision;
    if (scoring) {
      store::ModelSpec lean = member->spec;
      lean.config = store::ScoringConfig(lean.config);
      model = store::BuildModel(lean, member->data, options);
    } else {
      model = store::BuildModel(member->spec, member->data, options);
    }
  }
  const engine::StateLayout& layout = model->program().layout();
  memory_.Grow(layout.bytes);
  member->block = std::make_unique<store::Block>(layout.bytes);
  void* block = member->block->data();
  if (member->entry) model->Initialise(block, member->entry->seed, member->entry->stream, member->entry->partitions);
  if (stored) {
    member->record.weights_only = store::DecodeState(*stored, layout, block) == store::StateFit::kWeightsOnly;
    if (member->entry) {
      engine::StateCounters& counters = store::CountersOf(block);
      counters.partitions = member->entry->partitions;
      counters.visits_in_iteration = 0;
      const std::string& build = stored->header().build;
      if (build != engine::BuildDescription()) member->record.build = build;
    }
  } else if (member->entry->kind == EntryKind::kWeights) {
    if (incoming.size() != static_cast<size_t>(layout.weight_count) * sizeof(float)) {
      throw Error(ErrorCode::kDataCorrupted, "model_weights of mst_key " + std::to_string(static_cast<int64_t>(member->entry->stream)) +
                                                 " has " + std::to_string(incoming.size()) + " bytes, the architecture needs " +
                                                 std::to_string(static_cast<size_t>(layout.weight_count) * sizeof(float)));
    }
    std::vector<float> weights(static_cast<size_t>(layout.weight_count));
    if (!weights.empty()) std::memcpy(weights.data(), incoming.data(), incoming.size());
    model->program().LoadWeights(block, weights.data(), layout.weight_count);
  }
  member->record.model = member->index;
  member->record.segment = pg::SegmentIndex();
  model->Attach(block);
  member->model = model.get();
}

bool SegmentRound::FeedKept(int partition_id, int buffer_id) {
  const ProcessCache& own = ProcessCacheOf(request_.run);
  const std::vector<base::Bytes>* columns = own.cache->Find(request_.table, partition_id, buffer_id);
  if (columns == nullptr) return false;
  kept_++;
  Use(partition_id, buffer_id, *columns);
  return true;
}

void SegmentRound::Feed(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  ProcessCache& own = ProcessCacheOf(request_.run);
  const size_t bytes = Bytes(columns);
  const bool room = own.cache->bytes() + bytes <= static_cast<size_t>(pg::CurrentSettings().cache_mem);
  read_++;
  if (!request_.last && room && own.buffers.TryGrow(bytes)) {
    own.cache->Keep(request_.table, partition_id, buffer_id, columns);
  }
  Use(partition_id, buffer_id, columns);
}

// Members that train side by side, by the request.
std::vector<train::FusionMembers> SegmentRound::FusionGroups() const {
  std::map<int, train::FusionMembers> fusion_groups;
  for (size_t i = 0; i < visiting_.size(); i++) {
    const int number = request_.fusion_group.at(static_cast<size_t>(visiting_[i]->index));
    if (number < 0) continue;
    fusion_groups[number].members.push_back(static_cast<int>(i));
    fusion_groups[number].batches_per_switch = request_.batches_per_switch.at(static_cast<size_t>(number));
  }
  std::vector<train::FusionMembers> list;
  for (auto& [number, fusion_group] : fusion_groups) list.push_back(std::move(fusion_group));
  return list;
}

void SegmentRound::BeginPartition(int partition_id) {
  partition_ = partition_id;
  if (request_.kind == RoundKind::kScore) {
    size_t count = 0;
    std::vector<engine::Model*> models;
    for (const auto& member : members_) {
      models.push_back(member->model);
      count += member->model->program().sums_size();
    }

    partition_sums_.assign(count, 0.0);
    sums_.emplace_back();
    sums_.back().partition = partition_id;
    return;
  }
  partition_started_ = pg::Now();
  visiting_.clear();
  std::vector<engine::Model*> models;
  for (const auto& member : members_) {
    if (store::HasDiverged(member->block->data())) continue;
    visiting_.push_back(member.get());
    models.push_back(member->model);
  }
  visit_ = std::make_unique<train::BundleVisit>(models, &*data_, FusionGroups(), ProcessCacheOf(request_.run).workspace);
  visit_->Begin();
}

// One buffer for all models.
void SegmentRound::Use(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  if (!states_complete_) CompleteState();
  states_complete_ = true;
  if (members_.empty()) return;
  if (partition_id != partition_) {
    EndPartition();
    BeginPartition(partition_id);
  }
  if (request_.kind == RoundKind::kTrain) {
    visit_->Feed(partition_id, buffer_id, columns, pg::CheckInterrupts);
    return;
  }
  const base::Buffer buffer = data::ViewBuffer(*data_, partition_id, buffer_id, columns);
  sums_.back().rows += buffer.rows;
  double* sums = partition_sums_.data();
  for (const auto& member : members_) {
    member->model->Evaluate(buffer, sums, pg::CheckInterrupts);
    sums += member->model->program().sums_size();
  }
}

void SegmentRound::EndPartition() {
  if (!sums_.empty() && sums_.back().models.empty()) {
    const double* from = partition_sums_.data();
    for (const auto& member : members_) {
      sums_.back().models.push_back(member->index);
      sums_.back().sums.emplace_back(from, from + member->model->program().sums_size());
      from += member->model->program().sums_size();
    }
  }
  if (visit_ == nullptr) return;
  visit_->End();
  const std::vector<train::VisitRecord> records = visit_->Records(partition_started_, pg::Now());
  for (size_t i = 0; i < visiting_.size(); i++) {
    SegmentVisit visit;
    visit.partition = partition_;
    visit.started = records[i].started;
    visit.ended = records[i].ended;
    visit.seconds = records[i].seconds;
    visit.rows = records[i].rows;
    visit.loss = records[i].loss;
    visiting_[i]->record.visits.push_back(visit);
  }
  visit_.reset();
}

void SegmentRound::Finish() {
  CompleteState();
  EndPartition();
  for (const auto& member : members_) {
    const engine::StateCounters& counters = store::CountersOf(member->block->data());
    member->record.diverged_step = counters.diverged_step;
    member->record.iterations_done = static_cast<int64_t>(counters.iterations_done);
    member->record.kept_buffers = kept_;
    member->record.read_buffers = read_;
    if (request_.use_gpus) member->record.device = store::EngineOptions(true).device;
    member->model->Detach();
  }
  ProcessCache& own = ProcessCacheOf(request_.run);
  if (own.models.size() > kMostKeptModels) {
    for (auto it = own.models.begin(); it != own.models.end();) {
      const bool here = std::any_of(members_.begin(), members_.end(), [&](const auto& m) { return m->index == it->first.first; });
      it = here ? std::next(it) : own.models.erase(it);
    }
  }
  if (!members_.empty()) {
    const bool scoring = request_.kind == RoundKind::kScore;
    pg::Debug((scoring ? std::string("scoring: ") : "round: iteration " + std::to_string(request_.iteration + 1) + ", ") +
              std::to_string(members_.size()) + " models, " + std::to_string(kept_) + " buffers kept in memory, " + std::to_string(read_) +
              " read");
  }
}

bool SegmentRound::Next(RoundRow* row) {
  *row = RoundRow();
  if (request_.kind == RoundKind::kScore) {
    if (next_sums_ == sums_.size()) return false;
    row->record = WritePartitionSums(sums_[next_sums_++]);
    return true;
  }
  if (next_member_ == members_.size()) return false;
  Member* member = members_[next_member_].get();
  if (next_piece_ == 0) {
    const engine::StateLayout& layout = member->model->program().layout();
    outgoing_ = store::StateEncoder(member->data).Encode(member->spec, layout, member->block->data());
    scoring_bytes_ = store::ScoringBytes(layout, outgoing_.size());
    member->block.reset();
    row->record = WriteModelReply(member->record);
  }
  const store::StatePieces pieces(outgoing_);
  row->next_key = request_.next_key.at(static_cast<size_t>(member->index));
  row->model = member->index;
  row->piece = static_cast<int32_t>(next_piece_);
  row->data = pieces[next_piece_];
  row->keep = static_cast<int32_t>(pieces.PartOf(next_piece_, scoring_bytes_));
  next_piece_++;
  if (next_piece_ == pieces.count()) {
    next_piece_ = 0;
    next_member_++;
  }
  return true;
}

int64_t BeginRound(std::string_view request) {
  const RoundRequest read = ReadRoundRequest(request);
  current.reset();
  ProcessCacheOf(read.run);
  current = std::make_unique<SegmentRound>(read);
  return ++current_number;
}

SegmentRound& CurrentRound(int64_t number) {
  if (current == nullptr || number != current_number) {
    throw Error(ErrorCode::kInvalidParameter, "round " + std::to_string(number) + " is not in progress in this process",
                "Rounds are run by fit_multiple_model() and evaluate() within their own run.");
  }
  return *current;
}

void EndRound(int64_t number) {
  if (number != current_number || current == nullptr) return;
  const bool last = current->last();
  current.reset();
  if (last) process_cache.reset();
}

ProcessCacheSize CurrentProcessCacheSize() {
  ProcessCacheSize found;
  if (process_cache == nullptr) return found;
  found.models = static_cast<int64_t>(process_cache->models.size());
  found.buffer_bytes = static_cast<int64_t>(process_cache->cache->bytes());
  found.reserved_bytes = static_cast<int64_t>(process_cache->engine.bytes() + process_cache->buffers.bytes());
  return found;
}

}  // namespace segments
