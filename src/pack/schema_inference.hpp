// From a profile of the source to the description of the packed table: element types, shapes, classes, dictionaries.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"

namespace pack {

/// Most classes of a label column.
constexpr size_t kMaxClasses = 10000;

/// What the caller of training_preprocessor_dl asked for, beyond names.
struct SpecRequest {
  double normalizing_const = 1.0;
  std::optional<std::vector<int32_t>> num_classes;
  std::optional<std::string> shapes;  // {"column": [dims]}
  std::optional<std::string> dtypes;  // {"column": "int16"}
};

struct SpecPair {
  base::DataSpec data;    // of the packed table
  base::DataSpec source;  // by which rows are converted: the same but for the shapes, which are those of the source's values
};

/// Reads "one_hot, real" into kinds; nullopt and "auto" give kNone. Errors: kInvalidParameter.
std::vector<base::TargetKind> ReadTargetKinds(const std::optional<std::string>& text);

/// Element types: bytea uint8; boolean uint8; text int32; scalar numbers: smallint int16, integer and bigint int32, the others float32;
/// arrays of integers the smallest of uint8, int8, int16, int32 that holds all values; arrays of reals uint8 or int8 when all values are
/// integers that fit, else float32. Errors name the column, the value and the row.
SpecPair TrainingSpec(const Source& source, const Profile& profile, const SpecRequest& request);

/// The training table's description under the validation table's names, with the same element types, classes and constants. Strings that
/// the training data lack become 0, with a NOTICE. Errors as above; kInvalidParameter for another number of columns.
SpecPair ValidationSpec(const Source& source, const Profile& profile, const base::DataSpec& training);

}  // namespace pack
