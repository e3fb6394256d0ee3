#include "segments/segment_process.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "engine/api/workspace.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/model_pool.hpp"
#include "engine/core/program.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "data/buffer_cache.hpp"
#include "data/buffer_view.hpp"
#include "data/feature_columns.hpp"
#include "segments/messages.hpp"
#include "store/architectures.hpp"
#include "store/loaded_model.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"
#include "train/bundle_visit.hpp"
#include "train/first_state.hpp"

namespace segments {
namespace {

constexpr size_t kLibraryBytes = size_t{64} << 20;  // LibTorch's own, once a process that has a network without kernels

using base::Error;
using base::ErrorCode;

/// A model of the run in this process. Programs are the pool's, compiled at first use.
struct KnownModel {
  RunModel described;
  base::TrainConfig scoring;  // store::ScoringConfig
  std::shared_ptr<const engine::Program> program, scoring_program;
};

/// Memory of training states, kept from round to round: memory that is taken anew is zeroed and mapped page by page, which
/// takes as long as a state's way through the table. Never more than the largest round needs.
class BlockPool {
 public:
  /// Of at least so many bytes, whatever is in them. Errors: those of pg::ReservedMemory::Grow.
  store::Block Take(size_t bytes) {
    const auto fitting = free_.lower_bound(bytes);
    if (fitting != free_.end() && fitting->first <= bytes + bytes / 4) {
      store::Block block = std::move(fitting->second);
      free_.erase(fitting);
      return block;
    }
    for (size_t freed = 0; freed < bytes && !free_.empty();) {
      const auto largest = std::prev(free_.end());
      freed += largest->first;
      memory_.Shrink(largest->first);
      free_.erase(largest);
    }
    memory_.Grow(bytes);
    return store::Block(bytes);
  }
  void GiveBack(store::Block block) noexcept {
    const size_t bytes = block.size();
    try {
      free_.emplace(bytes, std::move(block));
    } catch (const std::bad_alloc&) {
      memory_.Shrink(bytes);
    }
  }
  size_t bytes() const { return memory_.bytes(); }

 private:
  std::multimap<size_t, store::Block> free_;
  pg::ReservedMemory memory_{"training states"};
};

/// What this process keeps for one run.
struct ProcessCache {
  uint64_t run = 0;
  pg::ReservedMemory library{"LibTorch"}, buffers{"packed buffers"};
  BlockPool blocks;
  std::optional<RunHeader> header;  // its models are in `models`
  std::unique_ptr<engine::ModelPool> pool;
  std::vector<KnownModel> models;
  std::unique_ptr<train::FeatureComputer> features;
  std::shared_ptr<engine::Workspace> workspace = std::make_shared<engine::Workspace>();
  std::unique_ptr<data::BufferCache> cache;
};

std::unique_ptr<ProcessCache> process_cache;
std::unique_ptr<SegmentRound> current;
int64_t current_number = 0;

void DropAll() {
  current.reset();
  process_cache.reset();
  engine::CloseDevice();
}

ProcessCache& ProcessCacheOf(uint64_t run) {
  pg::AtAbort(DropAll);
  if (process_cache == nullptr || process_cache->run != run) {
    process_cache.reset();
    engine::CloseDevice();
    auto fresh = std::make_unique<ProcessCache>();
    fresh->run = run;
    process_cache = std::move(fresh);
  }
  return *process_cache;
}

RunHeader& HeaderOf(ProcessCache& own) {
  if (!own.header) throw Error(ErrorCode::kInternal, "a round has no run's header");
  return *own.header;
}

// Before it is opened.
void ReserveLibrary(ProcessCache* own) {
  if (own->library.bytes() == 0) own->library.Grow(kLibraryBytes);
}

const KnownModel& ModelOf(ProcessCache& own, int index, bool scoring) {
  HeaderOf(own);
  KnownModel& model = own.models.at(static_cast<size_t>(index));
  std::shared_ptr<const engine::Program>& program = scoring ? model.scoring_program : model.program;
  if (program != nullptr) return model;
  if (!model.described.kernels) ReserveLibrary(&own);
  program = own.pool->ProgramOf(model.described.trained, scoring ? model.scoring : model.described.config);
  return model;
}

std::string_view View(base::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

size_t Bytes(const std::vector<base::Bytes>& columns) {
  size_t bytes = 0;
  for (const base::Bytes& column : columns) bytes += column.size;
  return bytes;
}

}  // namespace

/// A model of the round.
struct SegmentRound::Member {
  Member(int number, const KnownModel& known, bool scoring, BlockPool* pool)
      : index(number),
        model(&known),
        config(scoring ? &known.scoring : &known.described.config),
        program(scoring ? known.scoring_program : known.program),
        block(pool->Take(program->layout().bytes)),
        raw(block->data(), program->layout().bytes) {}

  void Zero() { std::memset(block->data(), 0, program->layout().bytes); }

  int index;
  const KnownModel* model;  // of the process's cache, as the next two
  const base::TrainConfig* config;
  std::shared_ptr<const engine::Program> program;
  std::optional<EntryKind> entry;     // of a model that enters the run
  std::optional<store::Block> block;  // until it is taken out
  store::RawStateReader raw;          // without an entry
  size_t raw_bytes = 0;               // that have come of it
  store::StateJoiner incoming;        // with one: stored bytes or weights
  bool complete = false;
  std::optional<engine::LentModel> lent;  // until the round is finished; attached to the block
  ModelReply record;
};

SegmentRound::SegmentRound(const RoundRequest& request) : request_(request) {}

SegmentRound::~SegmentRound() {
  for (const auto& member : members_) GiveBack(member.get());
}

void SegmentRound::GiveBack(Member* member) {
  if (!member->block || process_cache == nullptr) return;
  process_cache->blocks.GiveBack(std::move(*member->block));
  member->block.reset();
}

bool SegmentRound::KeepsHeader(int first) const {
  const ProcessCache& own = ProcessCacheOf(request_.run);
  return own.header.has_value() && (first == 0 || own.models.size() > static_cast<size_t>(first));
}

void SegmentRound::AddHeader(int first, base::Bytes header) {
  ProcessCache& own = ProcessCacheOf(request_.run);
  RunHeader read = ReadRunHeader(View(header));
  if (first > 0) {
    if (own.models.size() != static_cast<size_t>(first)) throw Error(ErrorCode::kInternal, "models were added to a run that others are missing of");
    for (RunModel& model : read.models) {
      if (model.like >= 0) {
        const RunModel& known = own.models.at(static_cast<size_t>(model.like)).described;
        model.graph = known.graph;
        model.trained = known.trained;
      }
      base::TrainConfig scoring = store::ScoringConfig(model.config);
      own.models.push_back({std::move(model), std::move(scoring), nullptr, nullptr});
    }
    pg::Debug("the run has " + std::to_string(own.models.size()) + " models now");
    return;
  }
  if (request_.use_gpus) ReserveLibrary(&own);
  engine::Options options = store::EngineOptions(request_.use_gpus);
  options.precision = read.precision;
  own.pool = std::make_unique<engine::ModelPool>(read.data, options);
  own.models.clear();
  for (RunModel& model : read.models) {
    base::TrainConfig scoring = store::ScoringConfig(model.config);
    own.models.push_back({std::move(model), std::move(scoring), nullptr, nullptr});
  }
  read.models.clear();
  own.cache = std::make_unique<data::BufferCache>(static_cast<size_t>(pg::CurrentSettings().cache_mem), read.feature_cache);
  own.features = std::make_unique<train::FeatureComputer>(read.shared_features, read.data, read.model_reads, options,
                                                          [&own](int model) { return own.models.at(static_cast<size_t>(model)).described.graph; });
  own.header = std::move(read);
  pg::Debug("the run's header was read: " + std::to_string(own.models.size()) + " models, " + std::to_string(header.size) + " bytes");
}

void SegmentRound::BeginState(int model) {
  const bool scoring = request_.kind == RoundKind::kScore;
  ProcessCache& own = ProcessCacheOf(request_.run);
  members_.push_back(std::make_unique<Member>(model, ModelOf(own, model, scoring), scoring, &own.blocks));
  if (scoring) members_.back()->Zero();  // what is behind the part of a state that comes
}

size_t SegmentRound::StateBytesWanted(int model) const {
  constexpr size_t kAll = std::numeric_limits<size_t>::max();
  if (request_.kind != RoundKind::kScore) return kAll;
  if (members_.empty() || members_.back()->index != model) {
    return store::ScoringBytes(ModelOf(ProcessCacheOf(request_.run), model, true).scoring_program->layout());
  }
  const Member& member = *members_.back();
  return member.entry ? kAll : store::ScoringBytes(member.program->layout()) - member.raw_bytes;
}

void SegmentRound::AddState(int model, int piece, base::Bytes data) {
  pg::CheckInterrupts();
  if (members_.empty() || members_.back()->index != model) {
    CompleteState();
    BeginState(model);
  }
  Member* member = members_.back().get();
  if (piece == kEntryPiece) {
    member->entry = ReadEntry(View(data));
    member->Zero();
  } else if (member->entry) {
    incoming_memory_.Grow(data.size);
    member->incoming.Add(piece, View(data));
  } else {
    member->raw.Add(piece, View(data));
    member->raw_bytes += data.size;
  }
}

// All pieces of the last member are there.
void SegmentRound::CompleteState() {
  if (members_.empty() || members_.back()->complete) return;
  Member* member = members_.back().get();
  const engine::StateLayout& layout = member->program->layout();
  const bool scoring = request_.kind == RoundKind::kScore;
  if (member->entry) {
    EnterState(member);
  } else {
    member->raw.Finish(scoring ? store::ScoringBytes(layout) : layout.bytes);
  }
  member->record.model = member->index;
  member->record.segment = pg::SegmentIndex();
  member->complete = true;
  if (scoring) return;
  member->lent.emplace(ProcessCacheOf(request_.run).pool->Lend(member->program, *member->config));
  member->lent->get()->Attach(member->block->data());
}

// The first state of a model that enters the run.
void SegmentRound::EnterState(Member* member) {
  const RunHeader& header = HeaderOf(ProcessCacheOf(request_.run));
  const engine::StateLayout& layout = member->program->layout();
  const uint64_t stream = member->model->described.stream;
  void* block = member->block->data();
  const std::string incoming = member->incoming.Take();
  member->program->Initialise(member->config->optimizer, block, header.seed, stream, header.visits, pg::CheckInterrupts);
  if (member->entry == EntryKind::kState) {
    const store::StateView stored(incoming);
    member->record.weights_only = store::DecodeState(stored, layout, block) == store::StateFit::kWeightsOnly;
    engine::StateCounters& counters = store::CountersOf(block);
    counters.partitions = header.visits;
    counters.visits_in_iteration = 0;
    const std::string& build = stored.header().build;
    if (build != engine::BuildDescription()) member->record.build = build;
  } else if (member->entry == EntryKind::kWeights) {
    const RunModel& described = member->model->described;
    const std::string what = "model_weights of mst_key " + std::to_string(static_cast<int64_t>(stream));
    const size_t needed = static_cast<size_t>(described.graph->WeightCount()) * sizeof(float);
    if (described.given.empty() && incoming.size() != needed) {
      throw Error(ErrorCode::kDataCorrupted,
                  what + " has " + std::to_string(incoming.size()) + " bytes, the architecture needs " + std::to_string(needed));
    }
    const std::string weights = described.given.empty() ? incoming : store::ExpandWeights(*described.graph, described.given, incoming, what);
    store::LoadGivenWeights(*member->program, *described.graph, described.given, weights, block);
  } else if (member->entry == EntryKind::kClone || member->entry == EntryKind::kStoredClone) {
    CloneParent(incoming, member);
  }
  incoming_memory_.Release();
}

// incoming: its state, in raw or in stored form.
void SegmentRound::CloneParent(const std::string& incoming, Member* member) {
  const RunModel& described = member->model->described;
  const KnownModel& parent = ModelOf(ProcessCacheOf(request_.run), described.parent, false);
  const engine::StateLayout& layout = parent.program->layout();
  pg::ReservedMemory memory{"the state of a model that is cloned"};
  memory.Grow(layout.bytes);
  const store::Block from(layout.bytes);
  if (member->entry == EntryKind::kStoredClone) {
    store::DecodeState(store::StateView(incoming), layout, from.data());
  } else {
    store::RawStateReader raw(from.data(), layout.bytes);
    raw.Add(0, incoming);
    raw.Finish(layout.bytes);
  }
  const bool optimizer = described.keeps_optimizer && described.config.optimizer.kind == parent.described.config.optimizer.kind;
  train::CloneState(member->program->layout(), layout, optimizer, from.data(), member->block->data());
}

// All members are there, and the first buffer may come.
void SegmentRound::CompleteStates() {
  if (states_complete_) return;
  CompleteState();
  states_complete_ = true;
  if (members_.empty()) return;
  data_ = HeaderOf(ProcessCacheOf(request_.run)).data;
  data_.has_weights = request_.has_weights;
}

// A partition that no model of the round trains on is passed over.
bool SegmentRound::FeedKept(int partition_id, int buffer_id) {
  CompleteStates();
  if (!IsWanted(partition_id)) return true;
  const std::vector<base::Bytes>* columns = ProcessCacheOf(request_.run).cache->Find(request_.table, partition_id, buffer_id);
  if (columns == nullptr) return false;
  kept_++;
  std::vector<base::Bytes> completed = *columns;
  CompleteColumns(partition_id, buffer_id, &completed);
  Keep(partition_id, buffer_id, completed);
  Use(partition_id, buffer_id, completed);
  return true;
}

const data::PackedTable& SegmentRound::Table() const {
  const RunHeader& header = HeaderOf(ProcessCacheOf(request_.run));
  return request_.table == data::CachedTable::kTraining ? header.training : header.validation;
}

bool SegmentRound::MayLack(size_t column) const { return !Table().HasColumn(column); }

// By a model that is here in this round, whether it trains on this partition or not: what its frozen layers hold never changes.
void SegmentRound::CompleteColumns(int partition_id, int buffer_id, std::vector<base::Bytes>* columns) {
  train::FeatureComputer& features = *ProcessCacheOf(request_.run).features;
  if (features.empty()) return;
  std::vector<bool> wanted(data_.inputs.size());
  for (const auto& member : members_) {
    const std::vector<bool>& reads = member->program->reads();
    for (size_t i = 0; i < wanted.size(); i++) wanted[i] = wanted[i] || reads[i];
  }
  const auto block_of = [this](int model) -> const void* {
    for (const auto& member : members_) {
      if (member->index == model) return member->block->data();
    }
    return nullptr;
  };
  features.Complete(partition_id, buffer_id, wanted, block_of, pg::CheckInterrupts, columns);
}

void SegmentRound::Feed(int partition_id, int buffer_id, std::vector<base::Bytes> columns) {
  CompleteStates();
  if (members_.empty()) return;
  const data::PackedTable& table = Table();
  data::PrepareColumns(table, request_.table, partition_id, buffer_id, {}, nullptr, &columns, &decoded_);
  const std::vector<base::Bytes> fetched = columns;
  CompleteColumns(partition_id, buffer_id, &columns);
  read_++;
  Keep(partition_id, buffer_id, ProcessCacheOf(request_.run).cache->Fits(columns, table.FeatureFlags()) ? columns : fetched);
  Use(partition_id, buffer_id, columns);
}

// What the cache has not, where it and the process have room.
void SegmentRound::Keep(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  if (request_.last) return;
  ProcessCache& own = ProcessCacheOf(request_.run);
  const std::vector<bool> features = Table().FeatureFlags();
  const std::vector<base::Bytes> missing = own.cache->Missing(request_.table, partition_id, buffer_id, columns);
  if (Bytes(missing) == 0 || !own.cache->Fits(missing, features) || !own.buffers.TryGrow(Bytes(missing))) return;
  own.cache->Keep(request_.table, partition_id, buffer_id, columns, features);
}

bool SegmentRound::TrainsOn(const Member& member, int partition_id) const {
  const auto m = static_cast<size_t>(member.index);
  const int32_t first = request_.first_partition.at(m);
  return partition_id >= first && partition_id - first < request_.visits.at(m);
}

bool SegmentRound::IsWanted(int partition_id) const {
  if (request_.kind == RoundKind::kScore) return true;
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) { return TrainsOn(*member, partition_id); });
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
    if (scorer_ == nullptr) {
      std::vector<engine::ScoredState> states;
      for (const auto& member : members_) states.push_back({member->program, member->config, member->block->data()});
      scorer_ = std::make_unique<engine::StateScorer>(std::move(states), ProcessCacheOf(request_.run).workspace, on_error());
    }
    partition_sums_.assign(scorer_->sums_size(), 0.0);
    sums_.emplace_back();
    sums_.back().partition = partition_id;
    return;
  }
  partition_started_ = pg::Now();
  visiting_.clear();
  std::vector<engine::Model*> models;
  for (const auto& member : members_) {
    if (!member->record.error.empty() || store::HasDiverged(member->block->data()) || !TrainsOn(*member, partition_id)) continue;
    visiting_.push_back(member.get());
    models.push_back(member->lent->get());
  }
  visit_ = std::make_unique<train::BundleVisit>(models, &data_, FusionGroups(), ProcessCacheOf(request_.run).workspace, on_error());
  std::vector<int> first;
  for (const Member* member : visiting_) first.push_back(member->model->described.first_partition);
  visit_->CountPartitionsFrom(std::move(first), data_.num_partitions);
  visit_->Begin();
}

// One buffer for all models.
void SegmentRound::Use(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  CompleteStates();
  if (members_.empty()) return;
  if (partition_id != partition_) {
    EndPartition();
    BeginPartition(partition_id);
  }
  if (request_.kind == RoundKind::kTrain) {
    visit_->Feed(partition_id, buffer_id, columns, pg::CheckInterrupts);
    return;
  }
  const base::Buffer buffer = data::ViewBuffer(data_, partition_id, buffer_id, columns);
  sums_.back().rows += buffer.rows;
  scorer_->Evaluate(buffer, partition_sums_.data(), pg::CheckInterrupts);
}

void SegmentRound::EndPartition() {
  if (!sums_.empty() && sums_.back().models.empty()) {
    const double* from = partition_sums_.data();
    for (const auto& member : members_) {
      sums_.back().models.push_back(member->index);
      sums_.back().sums.emplace_back(from, from + member->program->sums_size());
      from += member->program->sums_size();
    }
    sums_.back().errors = scorer_->errors();
  }
  if (visit_ == nullptr) return;
  visit_->End(pg::CheckInterrupts);
  const std::vector<train::VisitRecord> records = visit_->Records(partition_started_, pg::Now());
  for (size_t i = 0; i < visiting_.size(); i++) {
    visiting_[i]->record.error = visit_->error(i);
    if (!visit_->error(i).empty()) continue;
    SegmentVisit visit;
    visit.partition = partition_;
    visit.started = records[i].started;
    visit.ended = records[i].ended;
    visit.seconds = records[i].seconds;
    visit.rows = records[i].rows;
    visit.loss = records[i].loss;
    visiting_[i]->record.device = records[i].device;
    visiting_[i]->record.visits.push_back(visit);
  }
  visit_.reset();
}

void SegmentRound::Finish() {
  CompleteStates();
  EndPartition();
  for (const auto& member : members_) {
    if (member->lent) member->lent->get()->Detach();  // a device's error is raised here
    member->lent.reset();
    const engine::StateCounters& counters = store::CountersOf(member->block->data());
    member->record.diverged_step = counters.diverged_step;
    member->record.iterations_done = static_cast<int64_t>(counters.iterations_done);
    member->record.kept_buffers = kept_;
    member->record.read_buffers = read_;
  }
  store::TellOfDevices();
  // Another segment of this host may need it in this round. It may begin to wait after this process is idle, when nobody
  // asks this one any more, so what matters is not who waits now.
  engine::CloseDevice();
  if (!members_.empty()) {
    const bool scoring = request_.kind == RoundKind::kScore;
    pg::Debug(std::string(scoring ? "scoring: " : "round: ") +
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
  if (next_piece_ == 0 && next_member_ > 0) GiveBack(members_[next_member_ - 1].get());  // nobody views it any more
  if (next_member_ == members_.size()) return false;
  const Member& member = *members_[next_member_];
  const engine::StateLayout& layout = member.program->layout();
  const store::StatePieces pieces = store::RawPieces(member.block->data(), layout, member.model->described.template_bytes);
  if (next_piece_ == 0) row->record = WriteModelReply(member.record);
  row->next_key = request_.next_key.at(static_cast<size_t>(member.index));
  row->model = member.index;
  row->piece = static_cast<int32_t>(next_piece_);
  row->data = pieces[next_piece_];
  row->keep = static_cast<int32_t>(pieces.PartOf(next_piece_, store::ScoringBytes(layout)));
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
  if (last) {
    process_cache.reset();
    engine::CloseDevice();
  }
}

ProcessCacheSize CurrentProcessCacheSize() {
  ProcessCacheSize found;
  if (process_cache == nullptr) return found;
  std::set<const engine::Program*> programs;
  for (const KnownModel& model : process_cache->models) {
    for (const auto& program : {model.program, model.scoring_program}) {
      if (program != nullptr) programs.insert(program.get());
    }
  }
  found.programs = static_cast<int64_t>(programs.size());
  if (process_cache->cache != nullptr) found.buffer_bytes = static_cast<int64_t>(process_cache->cache->bytes());
  found.reserved_bytes =
      static_cast<int64_t>(process_cache->library.bytes() + process_cache->buffers.bytes() + process_cache->blocks.bytes());
  return found;
}

}  // namespace segments
