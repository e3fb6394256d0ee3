// The constants that a group of rows has learned of its columns itself (preprocess_per_group), as <packed>_groups keeps
// them: what two descriptions of equal structure (columns, encodings, categories) may differ in. Pure; no SQL.
#pragma once

#include <string>
#include <string_view>

#include "base/preprocessing.hpp"
#include "base/tensor.hpp"

namespace data {

/// JSON: a list an input, in the order of the sources: fill, category that is filled in, lower and upper bound, center,
/// spread, and of an encoding by the target the values of the categories, of a missing value and of an unknown one.
std::string WriteConstants(const base::Preprocessing& preprocessing);

/// Puts them into a description of the same structure. Errors: kDataCorrupted when they are of another one.
void ApplyConstants(std::string_view text, base::DataSpec* spec);

}  // namespace data
