// Computes the features of a packed table's buffers: in this session, by parallel workers, or on the segments of a cluster.
//
// On PostgreSQL the session writes the rows, and no statement may write while there are workers. So the work goes in rounds. In a round the
// workers take one buffer after another and leave its encoded features in shared memory; when that is full or all is done they end, and the
// session writes what is there. A buffer that found no room is computed again in the next round. Without workers the session computes and
// writes a buffer at a time.
//
// Shared memory, laid out by the session:
//
//   SharedFeatures | job | weights | items (FeatureItem each) | results
//
// Everything but `sync` and what stands behind it is written before the workers start. An item belongs to the worker that took it; its result
// belongs to that worker until it has counted it under the lock. Offsets, not pointers.
//
// On Greenplum each segment computes the features of its own rows: one INSERT ... SELECT, whose rows stay where they are. Job and weights lie in
// a table with a row a segment, and are joined to the packed rows by their distribution key: as a pointer to a stored value, which is fetched
// once a process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "data/feature_codec.hpp"
#include "data/packed_table.hpp"
#include "engine/core/feature_extractor.hpp"
#include "pg/sql.hpp"
#include "store/model_spec.hpp"

namespace store {

/// Features of one graph with one set of weights.
struct FeatureJob {
  data::PackedTable table;                       // as opened; its inputs alone are read
  std::shared_ptr<const base::Graph> graph;      // the whole one
  std::vector<int> calls;                        // whose values are wanted
  std::vector<data::FeatureEncoding> encodings;  // one a call
  engine::Options options;
};

/// A buffer of the table.
struct FeatureItem {
  int32_t partition = 0, buffer = 0;
  uint64_t result = 0;  // in shared memory: where the result lies behind the beginning of the results, plus one; 0: not made
};

/// Makes the features of one buffer after another. Used by one thread.
class FeatureMaker {
 public:
  /// block: a state of the whole graph; it outlives the maker. nullptr: its calls have no weights. Errors: engine::FeatureExtractor's.
  FeatureMaker(FeatureJob job, const void* block);
  ~FeatureMaker();

  /// Of a row, one a call.
  const std::vector<base::Shape>& shapes() const;
  /// Counters and weights of the block.
  size_t block_bytes() const;
  /// The table's columns that are read: the others are NULL, and so are the targets.
  std::string Columns() const { return read_.DataColumns(); }
  std::string From() const { return read_.FromClause(); }

  /// Reads the buffer and computes its features, encoded, one a call. Read-only statements: works in parallel workers. Errors: kDataCorrupted
  /// where there is no such buffer.
  const std::vector<std::string>& Make(int partition, int buffer);
  /// The same of columns that were read by Columns().
  const std::vector<std::string>& Make(int partition, int buffer, const std::vector<base::Bytes>& columns);
  /// The values of some rows, as float32, one a call. Returns how many rows.
  int64_t Sample(std::vector<std::vector<float>>* values);

 private:
  FeatureJob job_;
  data::PackedTable read_;  // the job's, with the columns that are read
  std::unique_ptr<Block> no_weights_;  // where the calls have none; outlives what reads it
  std::unique_ptr<engine::FeatureExtractor> extractor_;
  std::unique_ptr<pg::Statement> select_;
  std::vector<std::vector<float>> values_;
  std::vector<std::string> encoded_;
};

/// What takes the features of a buffer: one a call, valid during the call.
using FeatureSink = std::function<void(const FeatureItem& item, const std::vector<std::string_view>& encoded)>;

/// Makes the features of these buffers; `sink` is called in the session, in no order, and may write. workers: at most so many take part.
/// Returns how many did.
int MakeFeatures(const FeatureJob& job, const void* block, std::vector<FeatureItem> items, int workers, const FeatureSink& sink);

/// What a parallel worker does.
void RunFeatureWorker(void* shared, size_t bytes, int number);

/// Job and weights as bytes for the segments, and back.
std::string WriteFeatureJob(const FeatureJob& job, const void* block, size_t block_bytes);

/// A segment's side: owns what the bytes say.
class SegmentFeatures {
 public:
  /// Errors: kInternal when the bytes end too early; those of wire::ReadGraph.
  explicit SegmentFeatures(std::string_view bytes);
  ~SegmentFeatures();
  const std::string& Make(int partition, int buffer, const std::vector<base::Bytes>& columns);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Greenplum: fills `into`, a table of features, with those of the buffers from first_buffers (one a partition) on, by one statement over all
/// segments. REQUIRES a job of one call.
void MakeFeaturesOnSegments(const FeatureJob& job, const void* block, const std::vector<int64_t>& first_buffers, const std::string& into);

}  // namespace store
