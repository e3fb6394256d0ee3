// What of a fit's preparation depends on whether its tables are packed by group.
//
// Called by prepare.cpp.
#pragma once

#include "train/arguments.hpp"
#include "train/prepare.hpp"

namespace train {

/// Opens the training and the validation table. The validation table of a run over groups is grouped as its training
/// table is; that of another run may be grouped: then its groups are one table. Errors: those of OpenPackedTable and
/// RequireCompatible; kInvalidParameter where the two do not belong together.
void OpenTables(const FitArguments& arguments, PreparedFit* fit);

/// What a run over groups cannot do, and what only such a run can, is refused before anything else is read. REQUIRES
/// OpenTables.
void CheckGroups(const FitArguments& arguments, const PreparedFit& fit);

/// Of a run over groups: each model's weights are one value. Errors: kLimitExceeded.
void RequireSmallWeights(const PreparedFit& fit);

}  // namespace train
