#include "run/wave_step.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "engine/kernel_memory.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "run/buffer_cache.hpp"
#include "run/buffer_view.hpp"
#include "run/loaded_model.hpp"

namespace run {
namespace {

constexpr size_t kEngineBytes = size_t{64} << 20;  // LibTorch's own, once a process
constexpr size_t kMostKeptModels = 64;             // built models that wait for their next visit

using base::Error;
using base::ErrorCode;

/// What this process keeps for one run.
struct Holdings {
  uint64_t run = 0;
  pg::ReservedMemory engine{"the engine"}, buffers{"packed buffers"};
  std::map<std::pair<int, WaveKind>, std::unique_ptr<engine::Model>> models;
  std::shared_ptr<engine::KernelMemory> workspace = std::make_shared<engine::KernelMemory>();
  std::unique_ptr<BufferCache> cache;
};

std::unique_ptr<Holdings> holdings;
std::unique_ptr<WaveStep> current;
int64_t current_number = 0;

void DropAll() {
  current.reset();
  holdings.reset();
}

Holdings& HoldingsOf(uint64_t run) {
  pg::AtAbort(DropAll);
  if (holdings == nullptr || holdings->run != run) {
    holdings.reset();
    auto fresh = std::make_unique<Holdings>();  // whole or not at all: memory may be refused
    fresh->run = run;
    fresh->engine.Grow(kEngineBytes);
    fresh->cache = std::make_unique<BufferCache>(static_cast<size_t>(pg::CurrentSettings().cache_mem));
    holdings = std::move(fresh);
  }
  return *holdings;
}

size_t Bytes(const std::vector<base::Bytes>& columns) {
  size_t bytes = 0;
  for (const base::Bytes& column : columns) bytes += column.size;
  return bytes;
}

}  // namespace

/// A model of the wave.
struct WaveStep::Member {
  int index = 0;
  std::optional<WaveSeed> seed;
  ModelSpec spec;
  base::DataSpec data;
  engine::Model* model = nullptr;  // of the process's holdings
  std::unique_ptr<Block> block;
  WaveModelRecord record;
  bool diverged() const { return static_cast<const engine::StateCounters*>(block->data())->diverged_step != 0; }
};

WaveStep::WaveStep(const WaveOrders& orders) : orders_(orders) {}

WaveStep::~WaveStep() {
  step_.reset();
  scorer_.reset();
  for (const auto& member : members_) {
    if (member->model != nullptr) member->model->Detach();
  }
}

void WaveStep::AddState(int model, int piece, base::Bytes data) {
  pg::CheckInterrupts();
  if (members_.empty() || members_.back()->index != model) {
    CompleteState();
    members_.push_back(std::make_unique<Member>());
    members_.back()->index = model;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data.data), data.size);
  if (piece == kSeedPiece) {
    members_.back()->seed = ReadSeed(bytes);
    return;
  }
  memory_.Grow(bytes.size());
  incoming_ += bytes;
}

// All pieces of the last member are there: lay it over a block.
void WaveStep::CompleteState() {
  if (members_.empty() || members_.back()->model != nullptr) return;
  Member* member = members_.back().get();
  Holdings& own = HoldingsOf(orders_.run);
  const bool scoring = orders_.kind == WaveKind::kScore;
  wire::StateHeader header;
  size_t raw_offset = 0;
  const bool stored = !member->seed || member->seed->kind == SeedKind::kState;
  if (stored) header = wire::ReadStateHeader(incoming_, &raw_offset);
  base::DType precision = header.precision;
  if (member->seed) {
    member->spec = member->seed->spec;
    member->data = member->seed->data;
    precision = member->seed->precision;
  } else {
    member->spec = SpecOf(header);
    member->data = base::ReadDataSpec(header.data_spec);
  }
  if (!data_) {
    data_ = member->data;
    data_->has_weights = orders_.has_weights;
  }
  auto& model = own.models[{member->index, orders_.kind}];
  if (model == nullptr) {
    engine::Options options = EngineOptions(orders_.use_gpus);
    options.precision = precision;
    if (scoring) {
      StoredModel lean;
      lean.graph = member->spec.graph;
      lean.compile_params = member->spec.compile_params;
      lean.fit_params = member->spec.fit_params;
      model = BuildModel(ScoringSpec(lean), member->data, options);
    } else {
      model = BuildModel(member->spec, member->data, options);
    }
  }
  const engine::StateLayout& layout = model->layout();
  memory_.Grow(layout.bytes);
  member->block = std::make_unique<Block>(layout.bytes);
  void* block = member->block->data();
  if (member->seed) model->Initialise(block, member->seed->seed, member->seed->stream, member->seed->partitions);
  if (stored) {
    member->record.weights_only = DecodeState(header, incoming_, raw_offset, layout, block) == StateFit::kWeightsOnly;
    if (member->seed) {
      auto* counters = static_cast<engine::StateCounters*>(block);
      counters->partitions = member->seed->partitions;
      counters->visits_in_iteration = 0;
      if (header.build != engine::BuildDescription()) member->record.build = header.build;
    }
  } else if (member->seed->kind == SeedKind::kWeights) {
    if (incoming_.size() != static_cast<size_t>(layout.weight_count) * sizeof(float)) {
      throw Error(ErrorCode::kDataCorrupted, "model_weights of mst_key " + std::to_string(static_cast<int64_t>(member->seed->stream)) +
                                                 " has " + std::to_string(incoming_.size()) + " bytes, the architecture needs " +
                                                 std::to_string(static_cast<size_t>(layout.weight_count) * sizeof(float)));
    }
    std::vector<float> weights(static_cast<size_t>(layout.weight_count));
    if (!weights.empty()) std::memcpy(weights.data(), incoming_.data(), incoming_.size());
    model->LoadWeights(block, weights.data(), layout.weight_count);
  }
  incoming_ = std::string();
  member->record.model = member->index;
  member->record.segment = pg::SegmentIndex();
  model->Attach(block);
  member->model = model.get();
}

bool WaveStep::FeedKept(int partition_id, int buffer_id) {
  const Holdings& own = HoldingsOf(orders_.run);
  const std::vector<base::Bytes>* columns = orders_.kind == WaveKind::kTrain ? own.cache->Find(partition_id, buffer_id) : nullptr;
  if (columns == nullptr) return false;
  kept_++;
  Use(partition_id, buffer_id, *columns);
  return true;
}

void WaveStep::Feed(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  Holdings& own = HoldingsOf(orders_.run);
  const size_t bytes = Bytes(columns);
  const bool room = own.cache->bytes() + bytes <= static_cast<size_t>(pg::CurrentSettings().cache_mem);
  read_++;
  if (orders_.kind == WaveKind::kTrain && !orders_.last && room && own.buffers.TryGrow(bytes)) {
    own.cache->Keep(partition_id, buffer_id, columns);
  }
  Use(partition_id, buffer_id, columns);
}

// Members that train side by side, by the orders.
std::vector<StepGroup> WaveStep::Groups() const {
  std::map<int, StepGroup> groups;
  for (size_t i = 0; i < visiting_.size(); i++) {
    const int number = orders_.group.at(static_cast<size_t>(visiting_[i]->index));
    if (number < 0) continue;
    groups[number].members.push_back(static_cast<int>(i));
    groups[number].turn = orders_.turn.at(static_cast<size_t>(number));
  }
  std::vector<StepGroup> list;
  for (auto& [number, group] : groups) list.push_back(std::move(group));
  return list;
}

void WaveStep::BeginPartition(int partition_id) {
  partition_ = partition_id;
  if (orders_.kind == WaveKind::kScore) {
    size_t count = 0;
    std::vector<engine::Model*> models;
    for (const auto& member : members_) {
      models.push_back(member->model);
      count += member->model->sums_size();
    }
    if (scorer_ == nullptr) scorer_ = std::make_unique<engine::ModelGroup>(models, 0, HoldingsOf(orders_.run).workspace);
    partition_sums_.assign(count, 0.0);
    sums_.emplace_back();
    sums_.back().partition = partition_id;
    return;
  }
  partition_started_ = pg::Now();
  visiting_.clear();
  std::vector<engine::Model*> models;
  for (const auto& member : members_) {
    if (member->diverged()) continue;
    visiting_.push_back(member.get());
    models.push_back(member->model);
  }
  step_ = std::make_unique<BundleStep>(models, &*data_, Groups(), HoldingsOf(orders_.run).workspace);
  step_->Begin();
}

// One buffer for all models.
void WaveStep::Use(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  if (!states_complete_) CompleteState();
  states_complete_ = true;
  if (members_.empty()) return;
  if (partition_id != partition_) {
    EndPartition();
    BeginPartition(partition_id);
  }
  if (orders_.kind == WaveKind::kTrain) {
    step_->Feed(partition_id, buffer_id, columns, pg::CheckInterrupts);
    return;
  }
  const base::Buffer buffer = ViewBuffer(*data_, partition_id, buffer_id, columns);
  sums_.back().rows += buffer.rows;
  scorer_->Evaluate(buffer, partition_sums_.data(), pg::CheckInterrupts);
}

void WaveStep::EndPartition() {
  if (!sums_.empty() && sums_.back().models.empty()) {
    const double* from = partition_sums_.data();
    for (const auto& member : members_) {
      sums_.back().models.push_back(member->index);
      sums_.back().sums.emplace_back(from, from + member->model->sums_size());
      from += member->model->sums_size();
    }
  }
  if (step_ == nullptr) return;
  step_->End();
  const double ended = pg::Now();
  for (size_t i = 0; i < visiting_.size(); i++) {
    const engine::TrainResult& result = step_->results()[i];
    WaveVisitRecord visit;
    visit.partition = partition_;
    visit.started = partition_started_;
    visit.ended = ended;
    visit.seconds = result.seconds;
    visit.rows = result.rows;
    visit.loss = result.rows > 0 ? result.loss_sum / static_cast<double>(result.rows) : 0;
    visiting_[i]->record.visits.push_back(visit);
  }
  step_.reset();
}

void WaveStep::Finish() {
  CompleteState();
  EndPartition();
  for (const auto& member : members_) {
    const auto& counters = *static_cast<const engine::StateCounters*>(member->block->data());
    member->record.diverged_step = counters.diverged_step;
    member->record.iterations_done = static_cast<int64_t>(counters.iterations_done);
    member->record.kept_buffers = kept_;
    member->record.read_buffers = read_;
    if (orders_.use_gpus) member->record.device = EngineOptions(true).device;
    member->model->Detach();
  }
  Holdings& own = HoldingsOf(orders_.run);
  if (own.models.size() > kMostKeptModels) {
    for (auto it = own.models.begin(); it != own.models.end();) {
      const bool here = std::any_of(members_.begin(), members_.end(), [&](const auto& m) { return m->index == it->first.first; });
      it = here ? std::next(it) : own.models.erase(it);
    }
  }
  if (!members_.empty()) {
    const bool scoring = orders_.kind == WaveKind::kScore;
    pg::Debug((scoring ? std::string("scoring: ") : "wave: iteration " + std::to_string(orders_.iteration + 1) + ", ") +
              std::to_string(members_.size()) + " models, " + std::to_string(kept_) + " buffers kept in memory, " + std::to_string(read_) +
              " read");
  }
}

bool WaveStep::Next(WaveRow* row) {
  *row = WaveRow();
  if (orders_.kind == WaveKind::kScore) {
    if (next_sums_ == sums_.size()) return false;
    row->record = WriteSums(sums_[next_sums_++]);
    return true;
  }
  if (next_member_ == members_.size()) return false;
  Member* member = members_[next_member_].get();
  if (next_piece_ == 0) {
    const engine::StateLayout& layout = member->model->layout();
    outgoing_ = EncodeState(member->spec, member->data, layout, member->block->data());
    const size_t raw = outgoing_.size() - (layout.bytes - engine::kStateCountersBytes);
    keep_ = raw;
    for (const engine::StateTensor& tensor : layout.tensors) {
      if (!tensor.is_slot) {
        keep_ = std::max(keep_, raw + tensor.offset - engine::kStateCountersBytes + tensor.count * base::DTypeSize(layout.precision));
      }
    }
    member->block.reset();
    row->record = WriteModelRecord(member->record);
  }
  const size_t from = next_piece_ * kStatePieceBytes;
  row->next_key = orders_.next_key.at(static_cast<size_t>(member->index));
  row->model = member->index;
  row->piece = static_cast<int32_t>(next_piece_);
  row->data = std::string_view(outgoing_).substr(from, kStatePieceBytes);
  row->keep = static_cast<int32_t>(keep_ > from ? std::min(keep_ - from, row->data->size()) : 0);
  next_piece_++;
  if (next_piece_ * kStatePieceBytes >= outgoing_.size()) {
    next_piece_ = 0;
    next_member_++;
  }
  return true;
}

int64_t BeginWave(std::string_view orders) {
  const WaveOrders read = ReadOrders(orders);
  current.reset();
  HoldingsOf(read.run);
  current = std::make_unique<WaveStep>(read);
  return ++current_number;
}

WaveStep& CurrentWave(int64_t number) {
  if (current == nullptr || number != current_number) {
    throw Error(ErrorCode::kInvalidParameter, "wave " + std::to_string(number) + " is not in progress in this process",
                "Waves are run by fit_multiple_model() and evaluate() within their own run.");
  }
  return *current;
}

void EndWave(int64_t number) {
  if (number != current_number || current == nullptr) return;
  const bool last = current->last();
  current.reset();
  if (last) holdings.reset();
}

WaveHoldings CurrentWaveHoldings() {
  WaveHoldings found;
  if (holdings == nullptr) return found;
  found.models = static_cast<int64_t>(holdings->models.size());
  found.buffer_bytes = static_cast<int64_t>(holdings->cache->bytes());
  found.reserved_bytes = static_cast<int64_t>(holdings->engine.bytes() + holdings->buffers.bytes());
  return found;
}

}  // namespace run
