// The table that is packed: which columns, what they mean, what is in them, and which row is at fault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "data/row_sql.hpp"
#include "pack/source_profile.hpp"

namespace pack {

/// A column to be packed.
struct SourceColumn {
  pg::Column column;
  base::TargetKind kind = base::TargetKind::kNone;
  bool weight = false;
  bool by_default = false;  // nobody said what the dependent column means
  data::LabelForm form = data::LabelForm::kFull;

  bool labels() const { return kind == base::TargetKind::kOneHot || kind == base::TargetKind::kClassIndex; }
  bool integers() const;  // of an integer type or boolean
  bool numbers() const;   // of any type of number or boolean
  bool text() const;
  bool bytes() const;
  /// One number, truth value or string a row, of an independent column: packed side by side with its neighbours of this kind.
  bool scalar() const { return kind == base::TargetKind::kNone && !weight && !column.is_array && !bytes(); }
};

struct Source {
  pg::TableName name;
  std::vector<pg::Column> all;         // the relation's columns
  std::vector<SourceColumn> columns;   // independent, dependent, weight
  size_t inputs = 0, targets = 0;
  bool has_weights = false;
  bool has_ctid = false;               // rows can be named by ctid: a plain table or a materialised view, which the caller may read whole

  std::string WeightName() const { return has_weights ? columns.back().column.name : std::string(); }
  std::string Text() const;            // the name as messages have it
};

/// Parses and checks names and types. `kinds` gives one meaning a dependent column; kNone there means: by the column's type (an array is
/// kArray, a scalar kOneHot). Errors: kUndefinedTable, kUndefinedColumn, kDatatypeMismatch, kInvalidParameter (a column named twice, or a
/// name that the packed table uses itself).
Source OpenSource(const std::string& source_table, const std::string& independent_varname, const std::string& dependent_varname,
                  const std::vector<base::TargetKind>& kinds, const std::optional<std::string>& sample_weight);

/// The format of the image file that a bytea column's first value is, if it is one.
std::optional<std::string> ImageFilesIn(const Source& source, const SourceColumn& column);

/// One scan of the source. Errors: kInvalidData for a table without rows.
Profile ProfileSource(const Source& source);

/// Finds a row that cannot be converted by `spec` and throws its error, with the row's location in the detail. Returns when there is none.
void RaiseFault(const Source& source, const base::DataSpec& spec);

}  // namespace pack
