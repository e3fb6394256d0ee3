// Where a row lies in a packed table on a cluster, from its key and, later, its rank among the rows of its segment. No SQL.
//
// Partitions lie in contiguous blocks of equal length, one block a data segment, so the rows of a segment are a contiguous run of ranks of
// the shuffle (run/pack_key.hpp): what has to be known of all rows together is one cut between each two neighbouring segments. A cut is the
// last row before it, by key and by its position among the rows of equal key in the order of their bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pack/buffer_plan.hpp"
#include "pack/partition_ranks.hpp"

namespace pack {

struct ClusterLayout {
  struct Cut {
    int64_t key = 0;
    int64_t nth = 0;  // rows of this key before the cut: 0 unless different rows have one key
  };

  int64_t rows = 0;
  std::vector<int64_t> fold_rows;  // of a table with folds: rows of each
  int32_t partitions = 0;
  BufferPlan plan;
  std::vector<int32_t> distribution_keys;  // a data segment: the distribution key of its rows; partitions is a multiple of their number
  std::vector<Cut> cuts;        // one fewer

  PartitionRanks Ranks() const { return fold_rows.empty() ? PartitionRanks(rows, partitions) : PartitionRanks(fold_rows, partitions); }
  /// The first rank of data segment d.
  int64_t First(size_t d) const;
  /// The data segment of a row of this key that is the nth (from 1) of it. By binary search.
  size_t Segment(int64_t key, int64_t nth) const;
  /// Partition and buffer of the nth row (from 0) of data segment d. Errors: kInternal past the segment's end.
  std::pair<int32_t, int32_t> BufferPosition(size_t d, int64_t nth) const;

  /// As JSON, and back. Errors: kDataCorrupted.
  std::string Write() const;
  static ClusterLayout Read(std::string_view text);
};

}  // namespace pack
