// A packed table as the other parts of src/run see it: opened, checked, and described.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "pg/names.hpp"

namespace data {

/// Where the bytes of a feature column come from (base/tensor.hpp, ColumnSpec::feature).
struct FeatureColumn {
  size_t input = 0;        // index into DataSpec::inputs
  std::string table;       // qualified, quoted SQL name of the table that has them; empty: computed while a buffer is visited
  std::string encoding = "float32";  // of the table's bytes: data/feature_codec.hpp
};

struct PackedTable {
  pg::TableName name;
  base::DataSpec spec;
  std::vector<FeatureColumn> features;     // of a run; in the order of their columns, which are behind the packed ones
  std::vector<bool> fetched;               // by input: whether a run wants the column of its table; empty: all are wanted
  std::vector<int64_t> partition_rows;     // rows in each partition; size = spec.num_partitions
  std::vector<int64_t> partition_buffers;  // buffers in each partition
  int64_t max_buffer_rows = 0;
  std::vector<std::string> grouping;       // of a table that is packed by group (data/groups.hpp): the key columns, in order; else empty
  int64_t group_id = 0;                    // of a view of one group: whose rows these are; 0: of no single group
  bool all_groups = false;                 // of a view of all groups (data/all_groups.hpp): their buffers are one partition
  int folds = 0;                           // fold f (from 1) is partitions (f - 1) * num_partitions / folds and those behind it; 0: none
  std::string source_table;                // as recorded in the summary
  std::string digest;                      // of the packed contents, as recorded by the packer: names the data in caches and summaries
  bool temporary = false;                  // workers cannot read it
  std::string argument;                    // that named it: "validation_table"
  std::string packer;                      // who makes such a table, for hints: a function's call, or two

  /// The data columns in DataSpec's order for a SELECT list: "x1", "y1"[, sample_weight], quoted.
  std::string DataColumns() const;
  /// What has them, for a FROM: the packed table, or a query that joins it with its tables of features. It has partition_id, buffer_id, on
  /// Greenplum __dist_key__, and the data columns, NULL where they are not fetched.
  std::string FromClause() const;
  /// Whether it has this data column, rather than NULL. column: in the order of DataColumns.
  bool HasColumn(size_t column) const;
  /// By input: whether it is a feature column.
  std::vector<bool> FeatureFlags() const {
    std::vector<bool> flags;
    for (const base::ColumnSpec& column : spec.inputs) flags.push_back(column.feature);
    return flags;
  }
  /// Bytes of a row as a process has it: the columns that are fetched and the features, as float32.
  size_t RowBytes() const;

 private:
  std::string GroupCondition() const;
  std::string Source() const;
};

/// The packed format that a table of this description is of.
int FormatVersionOf(const base::DataSpec& spec);

/// Opens <name> and <name>_summary. Errors: the table or its summary missing (hint: run training_preprocessor_dl()), columns missing or of
/// a wrong type, no rows, no SELECT privilege; kWrongObjectType for a table that is packed by group (hint: the table of all its rows). `what`
/// names the argument ("source_table", "validation_table").
PackedTable OpenPackedTable(std::string_view name, const char* what);

/// The same, but a table that is packed by group is opened, too. It has `grouping`, and all of it counts as one partition: what its partitions are
/// is a matter of each group.
PackedTable OpenAnyPackedTable(std::string_view name, const char* what);

/// Throws kInvalidParameter, naming the column, unless `validation` can be scored by a model trained on `training`: same number of
/// columns, same shapes, same classes, same scale. A NOTICE says when its columns have names of `training` in another order.
void RequireCompatible(const PackedTable& training, const PackedTable& validation);

/// Warns of the first column whose values mean something else than in the table that models were trained on `before`: other classes,
/// another dictionary, other constants.
void WarnOfOtherMeanings(const base::DataSpec& before, const PackedTable& now);

/// Throws kDataCorrupted unless a pass over the partition saw as many rows as the summary says.
void CheckVisitedRows(const PackedTable& table, int partition, int64_t rows);

}  // namespace data
