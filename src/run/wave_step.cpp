#include "run/wave_step.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.hpp"
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
    holdings = std::make_unique<Holdings>();
    holdings->run = run;
    holdings->engine.Grow(kEngineBytes);
    holdings->cache = std::make_unique<BufferCache>(static_cast<size_t>(pg::CurrentSettings().cache_mem));
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
  double seconds = 0, loss_sum = 0, started = 0;
  int64_t rows = 0;
  bool visiting = false;
  bool diverged() const { return static_cast<const engine::StateCounters*>(block->data())->diverged_step != 0; }
};

WaveStep::WaveStep(const WaveOrders& orders) : orders_(orders) {}

WaveStep::~WaveStep() {
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
      throw Error(ErrorCode::kInvalidParameter, "model " + std::to_string(member->index) + " has " + std::to_string(incoming_.size()) +
                                                    " bytes of weights, the architecture needs " +
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
  const std::vector<base::Bytes>* columns =
      orders_.kind == WaveKind::kTrain ? own.cache->Find(partition_id, buffer_id) : nullptr;
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

void WaveStep::BeginState(Member* member) {
  member->seconds = member->loss_sum = 0;
  member->rows = 0;
  member->started = pg::Now();
  member->visiting = !member->diverged();
  if (member->visiting) member->model->BeginVisit();
}

// One buffer for all models, one after another.
void WaveStep::Use(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  if (!states_complete_) CompleteState();
  states_complete_ = true;
  if (members_.empty()) return;
  if (partition_id != partition_) {
    EndPartition();
    partition_ = partition_id;
    if (orders_.kind == WaveKind::kScore) {
      WaveSums sums;
      sums.partition = partition_id;
      for (const auto& member : members_) {
        sums.models.push_back(member->index);
        sums.sums.emplace_back(member->model->sums_size(), 0.0);
      }
      sums_.push_back(std::move(sums));
    } else {
      for (const auto& member : members_) BeginState(member.get());
    }
  }
  const base::Buffer buffer = ViewBuffer(*data_, partition_id, buffer_id, columns);
  if (orders_.kind == WaveKind::kScore) {
    sums_.back().rows += buffer.rows;
    for (size_t i = 0; i < members_.size(); i++) {
      members_[i]->model->Evaluate(buffer, sums_.back().sums[i].data(), pg::CheckInterrupts);
    }
    return;
  }
  for (const auto& member : members_) {
    if (!member->visiting) continue;
    const double started = pg::Now();
    const engine::TrainResult part = member->model->Train(buffer, pg::CheckInterrupts);
    member->seconds += pg::Now() - started;
    member->rows += part.rows;
    member->loss_sum += part.loss_sum;
  }
}

void WaveStep::EndPartition() {
  if (partition_ < 0 || orders_.kind == WaveKind::kScore) return;
  for (const auto& member : members_) {
    if (!member->visiting) continue;  // it diverged in an earlier partition
    member->model->EndVisit();
    WaveVisitRecord visit;
    visit.partition = partition_;
    visit.started = member->started;
    visit.ended = pg::Now();
    visit.seconds = member->seconds;
    visit.rows = member->rows;
    visit.loss = member->rows > 0 ? member->loss_sum / static_cast<double>(member->rows) : 0;
    member->record.visits.push_back(visit);
  }
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
    pg::Debug("wave: iteration " + std::to_string(orders_.iteration + 1) + ", " + std::to_string(members_.size()) + " models, " +
              std::to_string(kept_) + " buffers kept in memory, " + std::to_string(read_) + " read");
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
