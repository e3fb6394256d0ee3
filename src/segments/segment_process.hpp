// The segment's side of a round: one execution of the aggregate cerebro._fit_bundle over the segment's own rows.
//
// Rows come in this order: the run's header; the states of the models that train here in this round (model by model,
// piece by piece, an entry before the first piece where the model enters the run); the packed buffers (partition by
// partition, buffer by buffer). The header is read by a process that does not have it yet. Each buffer is read once and
// given to every model. Afterwards the aggregate's result is taken out row by row (Next): each model's state in pieces
// of its raw form (store/training_state.hpp), addressed to the segment where it trains next, or the metric sums of the
// partitions.
//
// A process serves one round at a time. Whatever outlives a statement (the header, compiled programs, buffers kept in
// memory, the memory that states lie in) belongs to one run and to this process; it is dropped when a transaction is
// rolled back, when another run's request arrives, and after the last round that this process runs. Nothing is counted on: a process
// that has nothing reads and compiles anew.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "engine/core/state_scorer.hpp"
#include "pg/cluster.hpp"
#include "segments/messages.hpp"
#include "train/bundle_visit.hpp"

namespace segments {

/// One row of a round's result; views are valid until the next call.
struct RoundRow {
  int32_t next_key = 0;
  int32_t model = 0;
  int32_t piece = 0;
  int32_t keep = 0;  // leading bytes of data that scoring needs: counters and weights, no slots
  std::optional<std::string_view> data;
  std::optional<std::string> record;  // ModelReply with a model's first piece, or PartitionSums
};

class SegmentRound {
 public:
  explicit SegmentRound(const RoundRequest& request);
  ~SegmentRound();

  /// Whether this process has the run's header, or that of the models which were added as number `first` and those behind it:
  /// its row need not be fetched.
  bool KeepsHeader(int first) const;
  /// first: 0, or the number of the first added model. REQUIRES the headers before it.
  void AddHeader(int first, base::Bytes header);
  /// How many leading bytes of a piece of this model's state are wanted: of a state that is scored, the weights alone.
  size_t StateBytesWanted(int model) const;
  /// Errors: kInternal when no header came before; kDataCorrupted for a state that is not whole.
  void AddState(int model, int piece, base::Bytes data);
  /// True when its columns need not be fetched: the process keeps this buffer in memory, and has trained; or no model trains on it.
  bool FeedKept(int partition_id, int buffer_id);
  /// Whether a data column of the round's buffers may be missing (without data, NULL), because no model reads it.
  bool MayLack(size_t column) const;
  void Feed(int partition_id, int buffer_id, std::vector<base::Bytes> columns);
  void Finish();
  /// The next row of the result, or false at its end.
  bool Next(RoundRow* row);
  bool last() const { return request_.last; }

 private:
  struct Member;
  void GiveBack(Member* member);
  void BeginState(int model);
  void CompleteState();
  void Enter(Member* member);
  void EnterState(Member* member);
  void CloneParent(const std::string& incoming, Member* member);
  engine::OnError on_error() const { return request_.living ? engine::OnError::kLeavesOut : engine::OnError::kThrows; }
  void CompleteStates();
  void BeginPartition(int partition_id);
  void EndPartition();
  bool TrainsOn(const Member& member, int partition_id) const;
  bool IsWanted(int partition_id) const;
  std::vector<train::FusionMembers> FusionGroups() const;
  const data::PackedTable& Table() const;
  void CompleteColumns(int partition_id, int buffer_id, std::vector<base::Bytes>* columns);
  void Keep(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);
  void Use(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);

  RoundRequest request_;
  pg::ReservedMemory incoming_memory_{"a stored training state"};  // of the last member, until it is complete
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::vector<float>> decoded_;  // of the last buffer
  base::DataSpec data_;  // once states are complete: what the round's buffers are read by
  bool states_complete_ = false;
  int partition_ = -1;
  double partition_started_ = 0;
  std::vector<Member*> visiting_;              // those that train on the partition
  std::unique_ptr<train::BundleVisit> visit_;  // likewise
  int32_t kept_ = 0, read_ = 0;
  std::unique_ptr<engine::StateScorer> scorer_;  // of all members, when scoring
  std::vector<double> partition_sums_;           // their sums over the partition, one member's after another
  std::vector<PartitionSums> sums_;
  size_t next_member_ = 0, next_piece_ = 0, next_sums_ = 0;
};

/// Starts a round in this process and returns its number here.
int64_t BeginRound(std::string_view request);
/// The round in progress. Errors: kInvalidParameter for any other number.
SegmentRound& CurrentRound(int64_t number);
/// The result was taken out.
void EndRound(int64_t number);

}  // namespace segments
