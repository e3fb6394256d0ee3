// Where the partitions of a packed table lie in a Greenplum cluster.
#pragma once

#include <cstdint>
#include <vector>

#include "data/packed_table.hpp"

namespace data {

/// Partitions lie in blocks of equal length: the first `partitions_each` of them on one segment, the next ones on another, and so on.
struct SegmentMap {
  std::vector<int32_t> keys;      // a partition: value of the distribution key of its rows
  std::vector<int> segments;      // a partition: content id
  int data_segments = 0;          // that hold partitions
  int partitions_each = 0;

  /// The keys of the data segments, in the order of their partitions.
  std::vector<int32_t> SegmentKeys() const;
};

/// Asks the segments. Errors: kPrerequisiteState when the rows lie in another way, as they do after the cluster was expanded.
SegmentMap FindSegments(const PackedTable& table);

}  // namespace data
