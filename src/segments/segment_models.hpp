// How the models of a fit enter the state tables on the segments, and how they leave them for the result tables. States
// and weights go from table to table; only small entries come from the coordinator.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "segments/state_tables.hpp"
#include "train/prepare.hpp"

namespace segments {

/// The table of states in stored form that stay as they are. It is made only when there are any.
constexpr const char* kStored = "stored";

/// Under which key a model's bytes lie.
struct ModelKey {
  int32_t key = 0;
  int32_t model = 0;
  bool operator<(const ModelKey& other) const { return std::tie(key, model) < std::tie(other.key, other.model); }
};

/// Whether nothing is left to do for a model from the beginning: it diverged before this run, or an earlier part of a durable run has ended it.
bool IsOver(const train::PreparedFit& fit, int model);

/// Writes the run's header, puts every model that trains into table "a", under the key of the segment of its first
/// visit, and every model that IsOver into table kStored. keys: SegmentMap::keys of the training
/// table; spec: of the run that is made of the fit; process_keys: of every segment that takes part in the run. Returns a model's key.
std::vector<int32_t> EnterModels(const train::PreparedFit& fit, const train::RunSpec& spec, StateTables* tables, const std::vector<int32_t>& keys,
                                 const std::vector<int32_t>& process_keys);

/// Writes the states and weights of all models into the result tables. best: where the best weights lie; of the models
/// that are not in it the last ones are taken. lie: the keys under which `states` and `best` have a model that trained
/// in this run, each pair once.
void StoreModels(const train::PreparedFit& fit, StateTables* tables, StateLocations states, const StateLocations& best,
                 const std::vector<ModelKey>& lie);

}  // namespace segments
