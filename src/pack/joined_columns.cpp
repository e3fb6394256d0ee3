#include "pack/joined_columns.hpp"

#include <algorithm>
#include <cstddef>

#include "base/error.hpp"
#include "data/packed_format.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::DType;
using base::Error;
using base::ErrorCode;

/// The type that holds what both hold. exactly: to the last digit.
DType Join(DType a, DType b, bool exactly) {
  if (a == b) return a;
  if (a == DType::kFloat64 || b == DType::kFloat64) return DType::kFloat64;
  if (a == DType::kFloat32 || b == DType::kFloat32) {
    const DType other = a == DType::kFloat32 ? b : a;
    return exactly && other == DType::kInt32 ? DType::kFloat64 : DType::kFloat32;
  }
  if (a == DType::kInt32 || b == DType::kInt32) return DType::kInt32;
  return DType::kInt16;
}

/// A run as one column. Its members' values are multiplied by one scale: where that is not a member's own, its constants of standardisation
/// undo it.
ColumnSpec PackTogether(const std::vector<ColumnSpec>& members, const std::string& name) {
  ColumnSpec column;
  column.name = name;
  column.dtype = members.front().dtype;
  column.shape = {static_cast<int64_t>(members.size())};
  bool constants = false, scaled = false;
  for (const ColumnSpec& m : members) {
    column.members.push_back({m.name, m.dictionary});
    column.exact_standardisation = column.exact_standardisation || m.exact_standardisation;
    constants = constants || !m.mean.empty();
    if (m.scale != 1.0) column.scale = m.scale;
  }
  for (const ColumnSpec& m : members) scaled = scaled || m.scale != column.scale;
  if (!constants && !scaled) return column;
  if (scaled) column.exact_standardisation = true;
  for (const ColumnSpec& m : members) {
    column.mean.push_back(m.mean.empty() ? 0.0 : m.mean.front());
    column.std.push_back(m.std.empty() ? column.scale / m.scale : m.std.front());
  }
  return column;
}

/// A name for a packed column of several members that no other column of the table has.
std::string TogetherName(const Source& source, const std::vector<ColumnSpec>& packed) {
  const auto taken = [&](const std::string& name) {
    const std::string shape = name + data::kShapeSuffix;
    return std::any_of(packed.begin(), packed.end(), [&](const ColumnSpec& c) { return c.name == name; }) ||
           std::any_of(source.columns.begin(), source.columns.end(), [&](const SourceColumn& c) {
             return c.column.name == name || c.column.name == shape || c.column.name + data::kShapeSuffix == name;
           });
  };
  std::string name = data::kTogetherColumn;
  for (int number = 2; taken(name); ++number) name = data::kTogetherColumn + ("_" + std::to_string(number));
  return name;
}

std::vector<ColumnSpec> PackRuns(const Source& source, const std::vector<size_t>& runs, const std::vector<ColumnSpec>& inputs) {
  std::vector<ColumnSpec> packed;
  auto next = inputs.begin();
  for (const size_t count : runs) {
    const auto end = next + static_cast<std::ptrdiff_t>(count);
    packed.push_back(count == 1 ? *next : PackTogether({next, end}, TogetherName(source, packed)));
    next = end;
  }
  return packed;
}

}  // namespace

std::vector<size_t> FindScalarRuns(const Source& source, const std::vector<ColumnSpec>& inputs, const std::vector<bool>& given) {
  std::vector<size_t> runs;
  for (size_t i = 0; i < source.inputs; ++i) {
    const bool follows = i > 0 && source.columns[i].scalar() && source.columns[i - 1].scalar() && given[i] == given[i - 1] &&
                         (!given[i] || (inputs[i].dtype == inputs[i - 1].dtype && inputs[i].scale == inputs[i - 1].scale));
    if (follows) {
      ++runs.back();
    } else {
      runs.push_back(1);
    }
  }
  return runs;
}

void JoinTypes(const std::vector<size_t>& runs, bool exactly, std::vector<ColumnSpec>* inputs) {
  size_t first = 0;
  for (const size_t count : runs) {
    DType type = inputs->at(first).dtype;
    for (size_t i = first; i < first + count; ++i) type = Join(type, inputs->at(i).dtype, exactly);
    for (size_t i = first; i < first + count; ++i) inputs->at(i).dtype = type;
    first += count;
  }
}

void PackRuns(const Source& source, const std::vector<size_t>& runs, SpecPair* specs) {
  specs->data.inputs = PackRuns(source, runs, specs->data.inputs);
  specs->source.inputs = PackRuns(source, runs, specs->source.inputs);
  const size_t columns = specs->data.inputs.size() + specs->data.targets.size();
  if (columns <= kMaxPackedColumns) return;
  throw Error(ErrorCode::kLimitExceeded,
              std::to_string(columns) + " columns are more than the " + std::to_string(kMaxPackedColumns) + " that a packed table may have",
              "Scalar independent columns that are named one after another count as one.",
              "Put columns together into arrays, in a view over the source table.");
}

}  // namespace pack
