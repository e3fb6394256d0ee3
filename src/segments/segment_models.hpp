// How the models of a fit enter the state tables on the segments, and how they leave them for the result tables. States
// and weights go from table to table; only small entries come from the coordinator.
#pragma once

#include <cstdint>
#include <map>
#include <string>
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

/// Whether nothing is left to do for a model from the beginning: it diverged before this run, or an earlier part of a durable run has ended it
/// or kept nothing of it.
bool IsOver(const train::PreparedFit& fit, int model);

/// Writes the run's header, puts every model that trains into table "a", under the key of the segment of its first
/// visit, and every model that IsOver into table kStored. keys: SegmentMap::keys of the training
/// table; spec: of the run that is made of the fit; process_keys: of every segment that takes part in the run. Returns a model's key.
std::vector<int32_t> EnterModels(const train::PreparedFit& fit, const train::RunSpec& spec, StateTables* tables, const std::vector<int32_t>& keys,
                                 const std::vector<int32_t>& process_keys);

/// The same for the models from `first` on, which a living run has added to the fit: into table `to`. parents: of a model that
/// begins with another one's state, the table where that is: in stored form in kStored, in raw form elsewhere.
std::vector<int32_t> EnterAdded(const train::PreparedFit& fit, const train::RunSpec& spec, size_t first, const std::string& to,
                                const std::map<int, std::string>& parents, StateTables* tables, const std::vector<int32_t>& keys,
                                const std::vector<int32_t>& process_keys);

/// Moves models from one table to another one, in the form in which they are. Older rows of them in the other one go.
void MoveModels(StateTables* tables, const std::string& from, const std::string& to, const std::vector<int>& models);
/// Puts models whose states lie in stored form in table kStored into table `to`, so that they enter the run. keys: of models.
void EnterAgain(StateTables* tables, const std::string& to, const std::vector<int>& models, const std::vector<int32_t>& keys);

/// Writes the states and weights of all models into the result tables. best: where the best weights lie; of the models
/// that are not in it the last ones are taken. lie: the keys under which `states` and `best` have a model that trained
/// in this run, each pair once.
void StoreModels(const train::PreparedFit& fit, StateTables* tables, StateLocations states, const StateLocations& best,
                 const std::vector<ModelKey>& lie);

}  // namespace segments
