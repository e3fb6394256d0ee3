// All groups of a packed table seen as one packed table without groups, for who scores one model over all of them.
#pragma once

#include "data/groups.hpp"
#include "data/packed_table.hpp"

namespace data {

/// The buffers of all groups as one partition, in the order of (group, partition, buffer). Its rows cannot be shuffled
/// well, so no model should be trained on it: <packed>_pooled is for that. Reads the number of its buffers.
PackedTable ViewAllGroups(const GroupedTable& table);

}  // namespace data
