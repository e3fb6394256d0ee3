// From chosen columns to the description of a packed table whose inputs are made by preprocessing: constants are
// learned from the training rows, arrays, images and dependent columns are described as without it.
//
// Two to seven scans of the source, each linear in its rows: the profile, statistics (pack/column_statistics.hpp) until
// all quantiles are known, and the conversion.
#pragma once

#include <cstddef>
#include <vector>

#include "base/tensor.hpp"
#include "pack/column_choice.hpp"
#include "pack/schema_inference.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"

namespace pack {

/// In preprocessing a dependent column of reals, of which nobody said what it means, is a number to be predicted. A
/// NOTICE says so.
void TakeRealsAsNumbers(Source* source);

/// Leaves the independent columns out that are not kept.
void KeepColumns(const std::vector<size_t>& kept, Source* source, Profile* profile);

/// REQUIRES source and profile of the kept columns alone. The source spec has folds of target encoding, the data spec
/// does not. Errors: as TrainingSpec, and whatever a column's preprocessing refuses, with the row.
SpecPair PreprocessedTrainingSpec(const Source& source, const Profile& profile, const ColumnChoice& choice,
                                  const SpecRequest& request);

/// ValidationSpec or PreprocessedValidationSpec, as the training table was packed.
SpecPair DescribeValidation(const Source& source, const Profile& profile, const base::DataSpec& training);

/// What the columns of another table are read as: what they were in training. Nothing where they were not preprocessed.
ClassChooser ClassesOf(const base::DataSpec& training);

}  // namespace pack
