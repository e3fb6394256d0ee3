// The data columns of a packed row, passed one by one to an aggregate. Includes postgres.h: only src/entry sees this file.
#pragma once

#include <functional>
#include <vector>

#include "base/bytes.hpp"
#include "pg/guard.hpp"

namespace entry {

/// Arguments first, first + 1, ... of the call, fetched where they are stored out of line. They lie in the current memory context. Errors:
/// kDatatypeMismatch, kNullValue naming the column's position; kInvalidParameter for a VARIADIC array.
std::vector<base::Bytes> DataColumns(FunctionCallInfo fcinfo, int first, const std::function<bool(size_t column)>& may_lack = {});

}  // namespace entry
