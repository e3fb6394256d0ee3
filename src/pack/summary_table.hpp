// <output>_summary: one row. MADlib's columns first (one "<column>_class_values" a dependent column, NULL where it is no label), then ours:
// distribution_rules and __internal_gpu_config__ are 'all_segments', or the dbids and content ids of the chosen segments as integer[].
//   num_partitions, seed, rows, data_spec JSON (base::WriteDataSpec), digest, partition_rows bigint[], partition_buffers integer[],
//   max_buffer_rows, format_version (data/packed_format.hpp), folds integer (NULL: none), split JSON (which rows were left out or put aside;
//   NULL: all rows are here).
// Of a table that is packed by group also:
//   grouping_cols text[], groups_table (as SQL), groups, packed_groups, largest_group_rows, validates (its rows validate), own_constants, arguments
//   JSON (of the call, for cerebro.refresh), source_state text (pack/source_state.hpp; NULL: none). All its buffers count as one partition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/source.hpp"

namespace pack {

/// What the summary of a table that is packed by group says of its groups.
struct GroupSummary {
  std::vector<std::string> keys;
  std::string groups_table;  // as SQL
  int64_t groups = 0, packed_groups = 0, largest_rows = 0;
  bool validates = false, own_constants = false;
  std::string arguments;     // JSON
  std::string source_state;  // JSON (pack/source_state.hpp); empty: none
};

struct PackSummary {
  std::string source_table, output_table;  // as the caller wrote them
  int64_t buffer_size = 0;                 // rows of a full buffer
  double normalizing_const = 1.0;
  int64_t seed = 0;
  Packed packed;
  int folds = 0;
  std::string split;  // JSON; empty: none
  std::optional<std::vector<int64_t>> dbids, contents;  // of the chosen segments; nothing: all
  std::optional<GroupSummary> groups;
};

void WriteSummary(const pg::TableName& name, bool temporary, const Source& source, const PackSummary& summary);

/// normalizing_const and seed of an opened packed table.
PackSummary ReadSummaryConstants(const pg::TableName& packed);

}  // namespace pack
