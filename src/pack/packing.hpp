// training_preprocessor_dl and validation_preprocessor_dl: source table -> packed table and its summary. The caller's rights, the caller's
// transaction: on an error nothing is left.
//
//   split (one scan, where rows are split by their contents) -> profile (one scan) -> description -> staging tables in the order of the shuffle
//   (one scan) -> packed table -> <output>_summary
//
// The rows that validate become <output>_val in the same way, after the training table: what is learned of columns is learned of training rows
// alone. So a source that is split is read five times: once for the hashes, and each half twice.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pack/row_split.hpp"

namespace pack {

/// Unless the caller asks for a number: as many partitions as this, and no more than leave each of them so many rows, so that mini-batches of
/// the usual sizes do not meet a partition's end.
constexpr int kDefaultPartitions = 8;
constexpr int64_t kFewestPartitionRows = 1024;

/// Most groups that max_groups may ask for, and as many as are made without it.
constexpr int64_t kMostGroups = 1000000;
constexpr int64_t kDefaultMaxGroups = 10000;

/// Packing by group (pack/grouped_packing.hpp).
struct GroupRequest {
  std::optional<std::string> columns;  // grouping_cols; nothing: the table is packed without groups
  std::optional<int64_t> min_rows;     // groups of fewer rows are skipped
  int64_t max_groups = kDefaultMaxGroups;
  bool own_constants = false;          // preprocess_per_group: each group learns the constants of its columns itself
  bool null_groups = true;             // NULLs are groups of their own; false: they are refused
  bool pooled = true;                  // all groups' rows are packed once more, without groups
  bool drops_vanished = false;         // of a refresh: groups without rows go, and make room for new ones
  std::optional<int64_t> most_changed;  // of a refresh: no more groups are packed; the others wait for the next one
  std::set<std::string>* told = nullptr;  // of a refresh: keys of groups whose rows cannot be packed, and that the caller knows
};

struct TrainingPackArguments {
  std::string source_table, output_table, dependent_varname, independent_varname;
  std::optional<int32_t> buffer_size;             // rows; nullopt: from cerebro.buffer_bytes
  std::optional<double> normalizing_const;        // > 0
  std::optional<std::vector<int32_t>> num_classes;
  std::optional<std::string> distribution_rules;  // 'all_segments' or nothing on PostgreSQL
  std::optional<int32_t> num_partitions;          // nullopt: by kDefaultPartitions and kFewestPartitionRows
  std::optional<int64_t> seed;                    // 0
  std::optional<std::string> dependent_type;      // "auto", "one_hot", "index", "real", "array": one, or one a column
  bool standardize = false;
  std::optional<std::string> sample_weight;
  std::optional<std::string> shapes;              // {"column": [28, 28, 1]}
  std::optional<std::string> dtypes;              // {"column": "int16"}
  std::optional<std::string> exclude;             // columns that independent_varname '*' does not mean
  std::optional<std::string>
      preprocess;  // "auto", or a JSON object (pack/column_choice.hpp); nullopt: columns are packed as they are
  SplitRequest split;
  GroupRequest groups;
};

constexpr const char* kValidationSuffix = "_val";  // of the packed table of the rows that validate

void PackTraining(const TrainingPackArguments& arguments);

struct ValidationPackArguments {
  std::string source_table, output_table, dependent_varname, independent_varname, training_preprocessor_table;
  std::optional<int32_t> buffer_size;
  std::optional<std::string> distribution_rules;
};

/// Seed and number of partitions are the training table's (fewer partitions when there are fewer rows).
void PackValidation(const ValidationPackArguments& arguments);

}  // namespace pack
