#include "segments/segment_process.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "engine/core/devices.hpp"
#include "pg/report.hpp"
#include "data/buffer_view.hpp"
#include "data/feature_columns.hpp"
#include "segments/process_cache.hpp"
#include "segments/round_member.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"
#include "train/bundle_visit.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

std::unique_ptr<SegmentRound> current;
int64_t current_number = 0;

void DropAll() {
  current.reset();
  DropProcessCache();
}

size_t Bytes(const std::vector<base::Bytes>& columns) {
  size_t bytes = 0;
  for (const base::Bytes& column : columns) bytes += column.size;
  return bytes;
}

}  // namespace

SegmentRound::SegmentRound(const RoundRequest& request) : request_(request) {}

SegmentRound::~SegmentRound() {
  for (const auto& member : members_) GiveBack(member.get());
}

void SegmentRound::GiveBack(Member* member) {
  ProcessCache* const own = CurrentProcessCache();
  if (!member->block || own == nullptr) return;
  own->blocks.GiveBack(std::move(*member->block));
  member->block.reset();
}

// A partition that no model of the round trains on is passed over, and all of them where no model is: so are rows of a key that the packer has not
// given, to which no header came.
bool SegmentRound::FeedKept(int partition_id, int buffer_id) {
  CompleteStates();
  if (members_.empty() || !IsWanted(partition_id)) return true;
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
// The state of one that failed as it entered is all zeros.
void SegmentRound::CompleteColumns(int partition_id, int buffer_id, std::vector<base::Bytes>* columns) {
  train::FeatureComputer& features = *ProcessCacheOf(request_.run).features;
  if (features.empty()) return;
  std::vector<bool> wanted(data_.inputs.size());
  for (const auto& member : members_) {
    if (!member->record.error.empty()) continue;
    const std::vector<bool>& reads = member->program->reads();
    for (size_t i = 0; i < wanted.size(); i++) wanted[i] = wanted[i] || reads[i];
  }
  const auto block_of = [this](int model) -> const void* {
    for (const auto& member : members_) {
      if (member->index == model && member->record.error.empty()) return member->block->data();
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
  pg::AtAbort(DropAll);
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
  if (last) DropProcessCache();
}

}  // namespace segments
