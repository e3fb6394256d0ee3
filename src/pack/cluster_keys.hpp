// Which segments of a cluster a table is packed on, and how many partitions that allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pack {

struct SegmentChoice {
  std::vector<int32_t> contents;  // content ids, ascending
  // as the summary has them: nothing for all segments
  std::optional<std::vector<int64_t>> dbids;

  /// Data segments for so many rows.
  int Segments(int64_t rows) const;
};

/// rules: nothing or 'all_segments', 'gpu_segments', or the name of a table with a column dbid. Errors: kUndefinedTable, kUndefinedColumn,
/// kInvalidParameter, kPrerequisiteState (no GPU).
SegmentChoice ChooseSegments(const std::optional<std::string>& rules);

/// As many partitions as data segments, but no more than `most`; or the number that was asked for. Errors: kInvalidParameter unless it is a multiple of the number
/// of data segments, or smaller.
int ClusterPartitions(const SegmentChoice& choice, int64_t rows, const std::optional<int32_t>& asked, int64_t most);

/// The same where each of `folds` folds is a number of whole partitions: the least common multiple of folds and data segments if that is no more
/// than `most`, else as many as folds where the segments allow it. Errors: kInvalidParameter where they do not, and for a number that was asked for
/// and is no multiple of both.
int ClusterFoldPartitions(const SegmentChoice& choice, int64_t rows, const std::optional<int32_t>& asked, int64_t most, int folds);

/// The number nearest to, and not above, `wanted` that the segments allow.
int FittingPartitions(const SegmentChoice& choice, int64_t rows, int wanted);

}  // namespace pack
