// What a packed table looks like: its version, and the names of its columns besides the data columns.
#pragma once

namespace data {

/// Stored in <packed>_summary.format_version. A reader refuses numbers beyond these. Version 1 is what version 0.1
/// reads; version 2 adds scalar columns that are packed side by side, and standardisation in float64; version 3 adds
/// preprocessing; version 4 adds groups. A table is of the first version that has all that it needs.
constexpr int kFirstPackedFormatVersion = 1;
constexpr int kSecondPackedFormatVersion = 2;
constexpr int kPreprocessedFormatVersion = 3;
constexpr int kPackedFormatVersion = 4;

/// Names of the packed table's columns besides the data columns.
constexpr const char* kDistributionColumn = "__dist_key__";  // on a cluster only
constexpr const char* kGroupColumn = "group_id";             // of a table that is packed by group
constexpr const char* kPartitionColumn = "partition_id";
constexpr const char* kBufferColumn = "buffer_id";
constexpr const char* kWeightColumn = "sample_weight";
constexpr const char* kTogetherColumn = "scalars";           // or scalars_2, ...: scalar columns side by side
constexpr const char* kShapeSuffix = "_shape";
/// <packed>_summary.earlier_digests: those that the table had before rows were appended, oldest first. Only appended tables have the column.
constexpr const char* kEarlierDigestsColumn = "earlier_digests";
constexpr const char* kClassValuesSuffix = "_class_values";
/// <packed>_summary.grouping_cols: the key columns of a table that is packed by group. Only such tables have the column.
constexpr const char* kGroupingColumn = "grouping_cols";
constexpr const char* kGroupsSuffix = "_groups";  // of the table of the groups of a packed table
constexpr const char* kPooledSuffix = "_pooled";  // of the packed table of all groups' rows, without groups

}  // namespace data
