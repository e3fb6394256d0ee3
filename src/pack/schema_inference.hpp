// From a profile of the source to the description of the packed table: element types, shapes, classes, dictionaries.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"

namespace pack {

/// Most classes of a label column.
constexpr size_t kMaxClasses = 10000;
/// The error of a label column that has more of them.
[[noreturn]] void RefuseClasses(const std::string& column);

/// Most data columns of a packed table. Each takes up to 24 bytes of a row for its values (a pointer to them has 18) and 18 for its shape, and a
/// row of the server's has 8,160.
constexpr size_t kMaxPackedColumns = 190;

/// What the caller of training_preprocessor_dl asked for, beyond names.
struct SpecRequest {
  double normalizing_const = 1.0;
  std::optional<std::vector<int32_t>> num_classes;
  std::optional<std::string> shapes;  // {"column": [dims]}
  std::optional<std::string> dtypes;  // {"column": "int16"}
  bool standardize = false;
  std::vector<bool> standardize_inputs;  // an independent column each; empty: all of them, or none, as above

  bool Standardizes(size_t input) const {
    return standardize_inputs.empty() ? standardize : static_cast<bool>(standardize_inputs.at(input));
  }
  bool StandardizesAny() const {
    return standardize || std::find(standardize_inputs.begin(), standardize_inputs.end(), true) != standardize_inputs.end();
  }
};

struct SpecPair {
  base::DataSpec data;    // of the packed table
  base::DataSpec source;  // by which rows are converted: the same but for the shapes, which are those of the source's values
};

/// Reads "one_hot, real" into kinds; nullopt and "auto" give kNone. Errors: kInvalidParameter.
std::vector<base::TargetKind> ReadTargetKinds(const std::optional<std::string>& text);

/// Whether a column's values are quantities, which are standardised: indexes of words and truth values are not.
bool IsQuantity(const SourceColumn& column);

/// Element types: bytea uint8; boolean uint8; text int32; scalar numbers: smallint int16, integer and bigint int32, the others float32;
/// arrays of integers the smallest of uint8, int8, int16, int32 that holds all values; arrays of reals uint8 or int8 when all values are
/// integers that fit, else float32. To be standardised: float64 where these do not hold the source's values exactly. Consecutive scalar
/// independent columns are one column of the packed table, of the type that holds all of them. Errors name the column, the value and the
/// row. A NOTICE names columns of which float32 cannot tell neighbouring values apart.
SpecPair TrainingSpec(const Source& source, const Profile& profile, const SpecRequest& request);

/// The training table's description under the validation table's names, with the same element types, classes and constants. Strings that
/// the training data lack become 0, with a NOTICE. Errors as above; kInvalidParameter for another number of columns.
SpecPair ValidationSpec(const Source& source, const Profile& profile, const base::DataSpec& training);

}  // namespace pack
