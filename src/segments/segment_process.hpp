// The segment's side of a round: one execution of the aggregate cerebro._fit_bundle over the segment's own rows.
//
// Rows come in this order: the states of the models that train here in this round (model by model, piece by piece, a seed before the first
// piece where the model enters the run), then the packed buffers (partition by partition, buffer by buffer). Each buffer is read once and
// given to every model. Afterwards the aggregate's result is taken out row by row (Next): each model's state in pieces, addressed to the
// segment where it trains next, or the metric sums of the partitions.
//
// A process serves one round at a time. Whatever outlives a statement (built models, buffers kept in memory) belongs to one run and to this
// process; it is dropped when a transaction is rolled back, when another run's request arrive, and after the last round of the run. Nothing
// is counted on: a process that has nothing reads and builds anew.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "engine/core/model.hpp"
#include "pg/cluster.hpp"
#include "segments/messages.hpp"
#include "store/training_state.hpp"
#include "train/bundle_visit.hpp"

namespace segments {

constexpr int kEntryPiece = -1;

/// One row of a round's result; views are valid until the next call.
struct RoundRow {
  int32_t next_key = 0;
  int32_t model = 0;
  int32_t piece = 0;
  int32_t keep = 0;  // leading bytes of data that scoring needs: header and weights, no slots
  std::optional<std::string_view> data;
  std::optional<std::string> record;  // ModelReply with a model's first piece, or PartitionSums
};

class SegmentRound {
 public:
  explicit SegmentRound(const RoundRequest& request);
  ~SegmentRound();

  void AddState(int model, int piece, base::Bytes data);
  /// True, and trained, when the process keeps this buffer in memory: its columns need not be fetched.
  bool FeedKept(int partition_id, int buffer_id);
  void Feed(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);
  void Finish();
  /// The next row of the result, or false at its end.
  bool Next(RoundRow* row);
  bool last() const { return request_.last; }

 private:
  struct Member;
  void CompleteState();
  void BeginPartition(int partition_id);
  void EndPartition();
  std::vector<train::FusionMembers> FusionGroups() const;
  void Use(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);

  RoundRequest request_;
  pg::ReservedMemory memory_{"training states"};
  std::vector<std::unique_ptr<Member>> members_;
  store::StateJoiner incoming_;  // pieces of the last member so far
  std::optional<base::DataSpec> data_;
  bool states_complete_ = false;
  int partition_ = -1;
  double partition_started_ = 0;
  std::vector<Member*> visiting_;     // those that train on the partition
  std::unique_ptr<train::BundleVisit> visit_;  // likewise
  int32_t kept_ = 0, read_ = 0;
  std::unique_ptr<engine::ModelGroup> scorer_;  // all members, when scoring
  std::vector<double> partition_sums_;          // their sums over the partition, one member's after another
  std::vector<PartitionSums> sums_;
  size_t next_member_ = 0, next_piece_ = 0, next_sums_ = 0;
  std::string outgoing_;      // the state that is being taken out
  size_t scoring_bytes_ = 0;  // of it, store::ScoringBytes
};

/// Starts a round in this process and returns its number here.
int64_t BeginRound(std::string_view request);
/// The round in progress. Errors: kInvalidParameter for any other number.
SegmentRound& CurrentRound(int64_t number);
/// The result was taken out.
void EndRound(int64_t number);

/// What this process keeps between rounds.
struct ProcessCacheSize {
  int64_t models = 0, buffer_bytes = 0, reserved_bytes = 0;
};
ProcessCacheSize CurrentProcessCacheSize();

}  // namespace segments
