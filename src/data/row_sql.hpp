// SQL texts that make packed rows of a plain table's rows (data/row_codec.hpp). Used by the packer and by predict.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/preprocessing.hpp"
#include "base/tensor.hpp"
#include "pg/names.hpp"

namespace data {

/// How labels are written as text.
enum class LabelForm {
  kFull,      // the text gives the label back under any settings: times with their zone, as UTC
  kBareTime,  // as version 0.1 wrote times with a zone: as UTC, without saying so
};

/// The type that a label's text gives the label back in: the column's own, but for types whose input depends on settings, too.
std::string LabelTextType(const pg::Column& column);

bool IsZonedTime(const pg::Column& column);

/// The form that a packed table's class values have.
LabelForm LabelFormOf(const pg::Column& column, const std::vector<std::string>& class_values);

/// A column's value as SQL that _pack_row takes: cast by the column's own type, e.g. s."x"::smallint[]; labels as text, which depends on no
/// setting. A label may be an array of one element: _only_label takes it out, and refuses other arrays. `kind` says what the column is packed as (kNone: an input). Errors: kDatatypeMismatch naming the column, with the types that are
/// allowed.
std::string CellSql(const pg::Column& column, base::TargetKind kind, std::string_view alias, LabelForm form = LabelForm::kFull);

/// independent_varname => '*': columns by their names.
constexpr const char* kAllColumns = "*";

/// What an independent column is read as when it is preprocessed, unless the caller says otherwise. Errors:
/// kDatatypeMismatch with a hint, for json above all.
base::ValueClass ClassOf(const pg::Column& column);

/// CellSql of a column that is preprocessed: a number or truth value, a text, seconds since 1970 (UTC for times with a
/// zone), an array of numbers (pgvector's vectors among them), or bytes. Errors: kDatatypeMismatch when its type cannot
/// be read so.
std::string SourceCellSql(const pg::Column& column, base::ValueClass value_class, std::string_view alias);

/// The names of another table's columns that stand for those of `training`, in its order: those of independent_varname,
/// or with '*' the training table's own. Errors: kUndefinedColumn when `columns` has no such column, with '*'. what:
/// "test table", for messages.
std::vector<std::string> InputNames(const base::DataSpec& training, const std::string& independent_varname,
                                    const std::vector<pg::Column>& columns, const char* what);

/// cerebro._pack_row('<data_spec>', ROW(...)): a bytea, one packed row. `columns` are the relation's; the spec's column names are looked
/// up in them (kUndefinedColumn). `weight` is the sample weight's column, "" for none. `alias` is the relation's name in the FROM list.
std::string PackRowSql(const base::DataSpec& spec, const std::vector<pg::Column>& columns, std::string_view weight, std::string_view alias);

/// The same as cerebro._pack_row_of(..., '<id_column>', <id as text>): an error of the conversion names the row by its id.
std::string PackRowOfSql(const base::DataSpec& spec, const std::vector<pg::Column>& columns, const std::string& id_column, std::string_view alias);

/// The spec by which rows of another table are converted for a model trained on `training`: its inputs under the other table's column names
/// (by position), in types that hold whatever the other table has (int32 for integer columns of integer type, else float32, or float64 where the training
/// table is standardised in it), no targets, no
/// weight, rows 0. Shapes, scale, standardisation and dictionaries are the training table's. Errors: kInvalidParameter for another number
/// of names, kUndefinedColumn; kDatatypeMismatch.
base::DataSpec PredictSpec(const base::DataSpec& training, const std::vector<pg::Column>& columns, const std::vector<std::string>& names,
                           const char* what);

/// Columns belong to those of the training table by their order. Says so where a name of the training table stands at another position
/// than there. REQUIRES as many names as the training table has. `subject`: what has these names.
void NoticeMovedColumns(const std::vector<base::ColumnSpec>& packed, const std::vector<std::string>& names, const char* subject);

}  // namespace data
