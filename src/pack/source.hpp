// The table that is packed: which columns, what they mean, what is in them, and which row is at fault.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/preprocessing.hpp"
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
  std::optional<base::ValueClass> read_as;  // of an independent column that is preprocessed

  bool labels() const { return kind == base::TargetKind::kOneHot || kind == base::TargetKind::kClassIndex; }
  bool integers() const;  // of an integer type or boolean
  bool numbers() const;   // of any type of number or boolean
  bool text() const;
  bool bytes() const;
  /// One number, truth value or string a row, of an independent column: packed side by side with its neighbours of this kind.
  bool scalar() const { return kind == base::TargetKind::kNone && !weight && !column.is_array && !bytes(); }
  /// The cell of a row, as the conversion takes it.
  std::string Sql(std::string_view alias) const;
};

struct Source {
  pg::TableName name;
  // Of a copy that is packed in the place of a table: what messages call it, and the columns that say which row of that table
  // a row is. Empty: rows are the table's own.
  std::optional<pg::TableName> copied_from;
  std::string copied_ctid, copied_segment;
  std::vector<pg::Column> all;         // the relation's columns
  std::vector<SourceColumn> columns;   // independent, dependent, weight
  size_t inputs = 0, targets = 0;
  bool has_weights = false;
  bool has_ctid = false;               // rows can be named by ctid: a plain table or a materialised view, which the caller may read whole
  // Which rows are packed (pack/row_split.hpp): a SQL condition over the alias s; empty: all. Every statement that reads rows obeys it.
  std::string filter;
  // Of a table with folds: a SQL expression over s, the number of a row's fold (bigint, from 0), and how many folds there are; else empty and 0.
  std::string fold;
  int folds = 0;

  std::string WeightName() const { return has_weights ? columns.back().column.name : std::string(); }
  std::string Text() const;            // the name as messages have it
  std::string From() const;            // "<name> AS s", with the filter behind it: for a FROM that nothing follows but OFFSET, ORDER BY or GROUP BY
};

/// What independent columns are read as, by their number and the column; nothing: they are not preprocessed.
using ClassChooser = std::function<base::ValueClass(size_t, const pg::Column&)>;

/// What independent_varname means to a training table: itself, or with '*' a list of all columns but those of
/// `elsewhere` and of exclude
/// ('{a,"b c"}' or 'a, "b c"'). Errors: kUndefinedColumn for a column of exclude that is not there; kInvalidParameter
/// for exclude without '*', and when no column is left.
std::string ExpandColumns(const std::string& source_table, const std::string& independent_varname,
                          const std::vector<std::string>& elsewhere, const std::optional<std::string>& exclude);

/// Parses and checks names and types. `kinds` gives one meaning a dependent column; kNone there means: by the column's type (an array is
/// kArray, a scalar kOneHot). Errors: kUndefinedTable, kUndefinedColumn, kDatatypeMismatch, kInvalidParameter (a column named twice, or a
/// name that the packed table uses itself).
Source OpenSource(const std::string& source_table, const std::string& independent_varname,
                  const std::string& dependent_varname, const std::vector<base::TargetKind>& kinds,
                  const std::optional<std::string>& sample_weight, const ClassChooser& choose = {});

/// The format of the image file that a bytea column's first value is, if it is one.
std::optional<std::string> ImageFilesIn(const Source& source, const SourceColumn& column);

/// ROW(...) of the cells that are packed, over the alias: raw, before any preprocessing.
std::string RowSql(const Source& source, std::string_view alias);

/// A profile has hashes in place of categories that are longer.
constexpr size_t kLongCategory = 128;
/// What a long one stands as. text: an expression.
std::string ShortenedSql(const std::string& text);

/// One scan of the source. Errors: kInvalidData for a table without rows.
Profile ProfileSource(const Source& source);

/// Finds a row that cannot be converted by `spec` and throws its error, with the row's location in the detail. Returns when there is none.
void RaiseFault(const Source& source, const base::DataSpec& spec);

}  // namespace pack
