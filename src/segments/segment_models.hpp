// How the models of a fit enter the state tables on the segments, and how they leave them for the result tables. States and weights go from table
// to table; only small entries come from the coordinator.
#pragma once

#include <cstdint>
#include <vector>

#include "segments/state_tables.hpp"
#include "train/prepare.hpp"

namespace segments {

/// Puts every model that trains into table "a", under the key of the segment of its first visit, and every model that diverged before this run
/// into table "rest". keys: SegmentMap::keys of the training table.
void EnterModels(const train::PreparedFit& fit, const StateTables& tables, const std::vector<int32_t>& keys);

/// Writes the states and weights of all models into the result tables. best: where the best weights lie; of the models that are not in it the last
/// ones are taken.
void StoreModels(const train::PreparedFit& fit, const StateTables& tables, const StateLocations& states, const StateLocations& best);

}  // namespace segments
