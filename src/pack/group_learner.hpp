// Constants that a group learns of its own rows (preprocess_per_group). Which columns there are, their encodings and
// their categories are those of the whole table, so that all groups feed the same models. Called by
// pack/grouped_packing.hpp.
#pragma once

#include "pack/column_choice.hpp"
#include "pack/schema_inference.hpp"
#include "pack/source.hpp"

namespace pack {

/// The description of the whole table with the constants of a group. group: its rows that train, as a source. A column
/// that is missing in all of them keeps the constants of the whole table. chosen, specs: of the whole table.
SpecPair LearnGroup(const Source& group, const ColumnChoice& chosen, const SpecPair& specs);

}  // namespace pack
