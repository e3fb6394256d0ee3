// Large bytea values, read piece by piece: the server fetches a value that is stored out of line in one go, without a look at interrupts, and a model's
// weights may have hundreds of megabytes.
#pragma once

#include <optional>
#include <string>

#include "pg/sql.hpp"

namespace pg {

struct LargeValue {
  bool found = false;                // whether there is such a row
  std::optional<std::string> bytes;  // nullopt: NULL
};

/// The bytea column (or expression) `value` of the row that `from` ("FROM t WHERE ...") finds, read on the active snapshot as by Read(). REQUIRES
/// that `from` finds at most one row.
LargeValue ReadLargeValue(const std::string& value, const std::string& from, const Params& params);

}  // namespace pg
