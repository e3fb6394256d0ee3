// Runs over groups in the registry: a version is all that predicts for any row, whatever becomes of the run's tables.
//
//   cerebro.registry_group_runs     a row a version: the key columns
//   cerebro.registry_group_configs  a row a configuration: the head of a training state (store/training_state.hpp),
//                                   which has graph, configuration and description of the data
//   cerebro.registry_group_models   a row a group with a model of its own: its keys, and raw float32 weights
//   cerebro.registry_pieces         the global model, as that of any version (store/registry.hpp)
//
// Keys are kept as texts that depend on no setting. A group is found by the hash of those keys whose texts are equal if
// and only if the values are. The other keys of what is found are compared as values of their type, by the caller's
// rights and not by those of the registry's owner, because a type may be a user's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/sql.hpp"
#include "store/group_models.hpp"
#include "store/key_texts.hpp"
#include "store/registry.hpp"

namespace store {

constexpr const char* kRegisteredGroupRuns = "cerebro.registry_group_runs";
constexpr const char* kRegisteredGroupConfigs = "cerebro.registry_group_configs";
constexpr const char* kRegisteredGroupModels = "cerebro.registry_group_models";

/// Runs a statement over the registry with its owner's rights, once it is sure that the caller may.
using RegistryStatement = std::function<pg::Result(const std::string& sql, const pg::Params& params)>;

/// Of what WriteRegisteredGroups has written.
struct WrittenGroups {
  std::string digest;  // of all that predictions follow from, but for the global model
  int64_t bytes = 0, parameters = 0;
};

/// Copies a run over groups, without its global model, into a version that is new. Memory does not grow with the groups.
WrittenGroups WriteRegisteredGroups(GroupModels* models, const std::optional<int>& global_mst_key,
                                    const std::string& name, int version, const RegistryStatement& change);

/// REQUIRES version.groups. Errors: kDataCorrupted where rows of the registry are missing.
std::unique_ptr<GroupModels> OpenRegisteredGroups(const RegisteredVersion& version);

/// Throws for a version that has a model for each group, where one model is wanted.
void RequireOneModel(const RegisteredVersion& version);

}  // namespace store
