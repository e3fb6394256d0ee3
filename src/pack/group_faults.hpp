// Groups whose rows cannot be packed by the description that their table has: a refresh leaves them as they are, and goes on with
// the others.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "pack/group_rows.hpp"

namespace pack {

struct GroupFault {
  int64_t group_id = 0;
  base::Error error;
};

/// Whether an error may be one group's own, so that it is worthwhile to look for it.
bool MayBeOfGroup(const base::Error& error);

/// The groups of `rows` that the description refuses when they are asked for one by one, with what it says of the first row at
/// fault; in the order of their numbers. Found by halves: a group at fault costs some statements for each doubling of the
/// number of groups. Empty: it is no group's own fault; also where there are more than 1,000.
std::vector<GroupFault> FindFaults(const GroupRows& rows, const base::DataSpec& description);

}  // namespace pack
