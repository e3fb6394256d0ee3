// Which rows of a source are packed for training, which for validation, and in which fold a training row is. Rows with
// a NULL label are in none.
//
// By content (validation_fraction, folds): the n rows of a class are ordered by a hash of their raw cells and the seed
// (independent and dependent columns; not the weight). The first ones validate, the others are cut into folds of equal
// size. So what a row's side is depends on the contents of the table alone: not on the order of its rows, on the
// server, or on how columns are converted. Rows of equal contents are on one side. Counts are exact: over the classes
// the shares are rounded as one sum is, hence to within one row a class, and one row in all; where a cut would fall
// among rows of equal contents, it is made before or behind all of them, whichever is nearer. A class keeps a training
// row. Tables whose dependent columns are no labels are one class.
//
// Memory: the classes (with their number of cuts). The hashes lie in a table of 16 bytes a row beside the packed table,
// while they are needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "pack/source.hpp"

namespace pack {

struct SplitRequest {
  std::optional<double> validation_fraction;               // above 0, below 1
  std::optional<std::string> split_column, split_by_time;  // names of columns
  std::optional<int64_t> folds;                            // 2 or more
  bool drop_null_labels = true;                            // false: they are an error, as a NULL of any other column is
  bool of_part = false;                                    // the source is a part of a table: all its rows may be on one side

  bool validates() const { return validation_fraction || split_column || split_by_time; }
};

/// Errors: kInvalidParameter for values out of range, and for arguments that exclude each other.
void CheckSplit(const SplitRequest& request);

struct RowSplit {
  std::string training, validation;  // Source::filter of either; validation is empty where no rows validate
  std::string fold;                  // Source::fold of the training rows
  int folds = 0;
  std::vector<int64_t> fold_rows;  // where there are folds
  int64_t validation_rows = 0;
  int64_t null_labels = 0;  // rows that were left out
};

/// REQUIRES CheckSplit. beside: names the schema of the table that is needed for it; temporary: it is to be a temporary
/// one. Errors: kUndefinedColumn, kDatatypeMismatch, kNullValue and kInvalidData where the rows cannot be split so.
RowSplit SplitRows(const Source& source, const SplitRequest& request, uint64_t seed, const pg::TableName& beside,
                   bool temporary);

/// SQL over s of a row: the hash of its labels, one for all rows of a table without labels; and the hash of its contents,
/// by which the rows of equal labels are split.
std::string LabelKeySql(const Source& source);
std::string ContentKeySql(const Source& source, uint64_t seed);

/// The column of split_by_time. Errors: kUndefinedColumn, kDatatypeMismatch, kNullValue in the rows that pass `filter`.
struct TimeColumn {
  std::string name;
  std::string value;  // SQL over s
  std::string type;   // of the value, for SQL text
  int64_t rows = 0;   // that pass the filter
};
TimeColumn OpenTimeColumn(const Source& source, const std::string& text, const std::string& filter);

/// As the summary has it; "" where the request asks for nothing and no row was left out. validation_table: as SQL.
std::string DescribeSplit(const SplitRequest& request, const RowSplit& split, const std::string& validation_table);

}  // namespace pack
