// Rows with a NULL in a dependent column: no model can learn from them, so they are left out before rows are split.
#pragma once

#include <cstdint>
#include <string>

#include "pack/source.hpp"

namespace pack {

/// The rows with all labels, as SQL over s; "" where no dependent column can be NULL.
std::string LabelledSql(const Source& source);

/// The NOTICE that so many rows are left out.
void ReportNullLabels(const Source& source, int64_t null_labels);

/// Leaves rows with a NULL in a dependent column out of the source, with a NOTICE that counts them. Returns how many
/// there are. Where no row is left, nothing is changed: the packer then refuses the column.
int64_t LeaveOutNullLabels(Source* source);

}  // namespace pack
