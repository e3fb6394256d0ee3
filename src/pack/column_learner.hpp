// The constants of chosen columns, learned from the training rows: fills, clip bounds, scales, categories, encodings by
// the target. Called by pack/preprocessed_columns.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "base/preprocessing.hpp"
#include "base/tensor.hpp"
#include "pack/column_choice.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"

namespace pack {

/// Most categories of one-hot, and most classes of a target that categories are encoded by.
constexpr size_t kMostOneHot = 10000;
constexpr size_t kMostTargetClasses = 32;

/// Whether values are inputs of their own as they are: nothing is learned of them.
bool IsArrayOrImage(base::ValueClass value_class);

/// One to five scans of the source. targets: the described dependent columns. REQUIRES source and profile of the kept
/// columns alone. Errors: kInvalidParameter for a target that cannot encode; kLimitExceeded for too many categories or
/// values; kInvalidData for infinite bounds, and for a table that was changed meanwhile.
std::vector<base::SourceInput> LearnColumns(const Source& source, const Profile& profile,
                                            const std::vector<base::ColumnSpec>& targets, const ColumnChoice& choice);

}  // namespace pack
