// training_preprocessor_dl with grouping_cols: a table packed by group, with its table of groups.
//
//   rows of groups (pack/group_rows.hpp) -> profile and description, of all rows that train -> <packed>_pooled, and the
//   constants of standardisation -> <packed> and <packed>_val (pack/grouped_table.hpp) -> <packed>_groups -> summaries
//
// A group's buffers are those that a packing of its rows alone makes with the description of the whole table: the same
// split, shuffle, partitions and buffers.
#pragma once

#include <optional>

#include "data/groups.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/column_choice.hpp"
#include "pack/packing.hpp"
#include "pack/source.hpp"

namespace pack {

/// Errors: kInvalidParameter for values out of range, and for arguments that do not go with groups or, without
/// grouping_cols, with none.
void CheckGroups(const TrainingPackArguments& arguments);

/// REQUIRES CheckGroups, and arguments with grouping_cols. source: opened by them.
void PackByGroup(const TrainingPackArguments& arguments, const SegmentChoice& choice, const Source& source,
                 const std::optional<PreprocessRequest>& preprocess);

/// validation_preprocessor_dl for a table that is packed by group: <output>, and <output>_groups, which is the table's
/// own with the rows that validate here. Rows of groups that the table does not have are left out, with a notice.
/// source: opened as further rows of the table. Errors: kUndefinedColumn and kDatatypeMismatch for the grouping columns;
/// kInvalidData when no row is of a group of the table.
void PackValidationByGroup(const ValidationPackArguments& arguments, const SegmentChoice& choice, const Source& source,
                           const data::GroupedTable& training);

}  // namespace pack
