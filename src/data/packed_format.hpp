// What a packed table looks like: its version, and the names of its columns besides the data columns.
#pragma once

namespace data {

/// Stored in <packed>_summary.format_version. A reader refuses every other number.
constexpr int kPackedFormatVersion = 1;

/// Names of the packed table's columns besides the data columns.
constexpr const char* kDistributionColumn = "__dist_key__";  // on a cluster only
constexpr const char* kPartitionColumn = "partition_id";
constexpr const char* kBufferColumn = "buffer_id";
constexpr const char* kWeightColumn = "sample_weight";
constexpr const char* kShapeSuffix = "_shape";
constexpr const char* kClassValuesSuffix = "_class_values";

}  // namespace data
