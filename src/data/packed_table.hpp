// A packed table as the other parts of src/run see it: opened, checked, and described.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "pg/names.hpp"

namespace data {

struct PackedTable {
  pg::TableName name;
  base::DataSpec spec;
  std::vector<int64_t> partition_rows;     // rows in each partition; size = spec.num_partitions
  std::vector<int64_t> partition_buffers;  // buffers in each partition
  int64_t max_buffer_rows = 0;
  std::string source_table;                // as recorded in the summary
  std::string digest;                      // of the packed contents, as recorded by the packer: names the data in caches and summaries
  bool temporary = false;                  // workers cannot read it
  std::string argument;                    // that named it: "validation_table"
  std::string packer;                      // who makes such a table, for hints: a function's call, or two

  /// The data columns in DataSpec's order for a SELECT list: "x1", "y1"[, sample_weight], quoted.
  std::string DataColumns() const;
};

/// The packed format that a table of this description is of.
int FormatVersionOf(const base::DataSpec& spec);

/// Opens <name> and <name>_summary. Errors: the table or its summary missing (hint: run training_preprocessor_dl()), columns missing or of
/// a wrong type, no rows, no SELECT privilege. `what` names the argument ("source_table", "validation_table").
PackedTable OpenPackedTable(std::string_view name, const char* what);

/// Throws kInvalidParameter, naming the column, unless `validation` can be scored by a model trained on `training`: same number of
/// columns, same shapes, same classes, same scale. A NOTICE says when its columns have names of `training` in another order.
void RequireCompatible(const PackedTable& training, const PackedTable& validation);

/// Warns of the first column whose values mean something else than in the table that models were trained on `before`: other classes,
/// another dictionary, other constants.
void WarnOfOtherMeanings(const base::DataSpec& before, const PackedTable& now);

/// Throws kDataCorrupted unless a pass over the partition saw as many rows as the summary says.
void CheckVisitedRows(const PackedTable& table, int partition, int64_t rows);

}  // namespace data
