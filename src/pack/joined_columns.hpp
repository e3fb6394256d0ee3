// Scalar columns side by side: runs of consecutive ones become one column of the packed table, whose members they are.
#pragma once

#include <cstddef>
#include <vector>

#include "base/tensor.hpp"
#include "pack/schema_inference.hpp"
#include "pack/source.hpp"

namespace pack {

/// How many columns each packed column of the inputs has, in order. given: the caller named the column's type; such columns are packed
/// together only with others of that type and scale.
std::vector<size_t> FindScalarRuns(const Source& source, const std::vector<base::ColumnSpec>& inputs, const std::vector<bool>& given);

/// Gives the columns of a run the type that holds all of them. exactly: to the last digit.
void JoinTypes(const std::vector<size_t>& runs, bool exactly, std::vector<base::ColumnSpec>* inputs);

/// Puts the columns of each run together. Errors: kLimitExceeded when a row of the packed table would not fit the server's.
void PackRuns(const Source& source, const std::vector<size_t>& runs, SpecPair* specs);

}  // namespace pack
