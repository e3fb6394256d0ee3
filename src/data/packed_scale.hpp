// MADlib packs quotients, cerebro values and a scale. The summary of a packed table that import_madlib has made says
// what its values were multiplied by before they were packed: a model that multiplies plain rows by as much has been
// trained on the same numbers.
#pragma once

#include <vector>

#include "base/tensor.hpp"
#include "data/packed_table.hpp"

namespace data {

/// The description of a packed table for those who give its model plain rows: with scales that make of them what the
/// table holds. It does not describe the packed bytes.
base::DataSpec SpecForRows(const PackedTable& table);

/// Sets the scales of a packed table's columns to those of the model, where they make the same numbers of plain rows.
void ApplyPackedScale(const std::vector<base::ColumnSpec>& model, const PackedTable& table,
                      std::vector<base::ColumnSpec>* columns);

}  // namespace data
