#include "pack/group_faults.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "pack/preprocessed_columns.hpp"
#include "pg/report.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kMostFaults = 1000;

std::optional<Error> FaultOf(const GroupRows& rows, const base::DataSpec& description, int64_t first_id, int64_t last_id) {
  try {
    for (const bool validates : {false, true}) {
      if (rows.RowsOfGroups(validates, first_id, last_id) == 0) continue;
      const Source half = rows.OfGroups(validates ? rows.Validation() : rows.Training(), first_id, last_id);
      DescribeValidation(half, ProfileSource(half), description);
    }
  } catch (const Error& error) {
    if (!MayBeOfGroup(error)) throw;
    return error;
  }
  return std::nullopt;
}

}  // namespace

bool MayBeOfGroup(const Error& error) {
  constexpr ErrorCode kCodes[] = {ErrorCode::kInvalidData, ErrorCode::kNullValue, ErrorCode::kInvalidParameter,
                                  ErrorCode::kLimitExceeded};
  return std::find(std::begin(kCodes), std::end(kCodes), error.code()) != std::end(kCodes);
}

std::vector<GroupFault> FindFaults(const GroupRows& rows, const base::DataSpec& description) {
  const std::vector<int64_t> ids = rows.GroupIds();
  rows.IndexGroups();
  std::vector<GroupFault> faults;
  struct Range {
    size_t first, last;
  };
  std::vector<Range> open;  // the last one is looked at first
  if (!ids.empty()) open.push_back({0, ids.size() - 1});
  while (!open.empty()) {
    pg::CheckInterrupts();
    const Range range = open.back();
    open.pop_back();
    const std::optional<Error> error = FaultOf(rows, description, ids[range.first], ids[range.last]);
    if (!error) continue;
    if (range.first == range.last) {
      faults.push_back({ids[range.first], *error});
      if (faults.size() > kMostFaults) return {};
      continue;
    }
    const size_t middle = range.first + (range.last - range.first) / 2;
    open.push_back({middle + 1, range.last});
    open.push_back({range.first, middle});
  }
  return faults;
}

}  // namespace pack
