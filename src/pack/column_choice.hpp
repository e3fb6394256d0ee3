// What is made of each independent column of a table that is preprocessed: what the caller asked for, and rules for the
// rest.
//
// Automatic, in this sequence: columns that are NULL in every row, constant ones, uuids and almost unique texts (more
// than kFewCategories distinct ones, and more than half as many as rows) are left out, with a NOTICE. Truth values: 0
// or 1. Numbers: the median where missing, standardised, and their logarithms where they have a long tail. Dates and
// times: calendar. Categories: one-hot up to kFewCategories, an index for an Embedding up to kMaxDictionary,
// kAutomaticBins bins of their hashes beyond. Arrays and images: standardised along their last dimension. An indicator
// where values are missing in the training rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/preprocessing.hpp"
#include "base/value.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"

namespace pack {

constexpr size_t kFewCategories = 16;
constexpr int64_t kAutomaticBins = 16384;
constexpr int64_t kDefaultBins = 1024;
constexpr int64_t kMaxBins = 100000;
constexpr double kDefaultSmoothing = 10;

/// The argument preprocess: 'auto', or a JSON object with an entry a column; columns without an entry are automatic.
class PreprocessRequest {
 public:
  /// Errors: kSyntax, kInvalidParameter naming the column, the key and what may stand there.
  static PreprocessRequest Read(const std::string& text);

  /// What the column's values are read as: categories where an encoding of categories is asked for. Errors:
  /// kDatatypeMismatch.
  base::ValueClass ClassOf(const pg::Column& column) const;
  /// nullptr: automatic.
  const base::Value* Find(const std::string& column) const;
  /// Throws kUndefinedColumn when an entry names no independent column.
  void CheckNames(const Source& source) const;

 private:
  base::Dict entries_;
};

/// A column that is kept. Constants of `source` that are learned are not there yet.
struct ChosenColumn {
  base::SourceInput source;
  std::optional<double> clip_fraction;  // clip at the quantiles of this and of 1 - this
  bool may_be_log = false;  // scaled as a logarithm where the values have a long tail (pack/column_learner.cpp)
};

struct ColumnChoice {
  std::vector<ChosenColumn> columns;
  std::vector<size_t> kept;  // their positions among the source's independent columns
  std::vector<base::LeftOut> left_out;
};

/// REQUIRES a source whose independent columns have read_as. Errors: kInvalidParameter for what does not fit a column's
/// values; kNullValue for a column with an entry that is NULL in every row; kInvalidParameter when no column is left.
/// NOTICEs say which columns are left out.
ColumnChoice ChooseColumns(const Source& source, const Profile& profile, const PreprocessRequest& request);

}  // namespace pack
