// The rows of the registry (store/registry.hpp), for what changes and reads them: store/registry.cpp and store/registration.cpp.
// Statements run with the rights of the tables' owner, so rights are checked here or by the caller.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pg/role.hpp"
#include "pg/sql.hpp"

namespace store {
namespace registry {

constexpr const char* kNames = "cerebro.registry_names";
constexpr const char* kModels = "cerebro.registry_models";
constexpr const char* kVersions = "cerebro.registry_versions";
constexpr const char* kPieces = "cerebro.registry_pieces";
constexpr const char* kShares = "cerebro.registry_shares";

constexpr size_t kMostNameBytes = 63;

/// A statement over the registry, with its owner's rights. changes: it sees what this call wrote before, and may write.
pg::Result Ask(const std::string& sql, const pg::Params& params, bool changes);
pg::Result Change(const std::string& sql, const pg::Params& params);
/// What every prediction asks: a reading statement that a process plans once. types: as pg::Statement takes them.
pg::Result AskPlanned(const std::string& sql, const std::vector<std::string>& types, const pg::Params& params);

pg::Param OrNull(const std::optional<std::string>& text);
std::string Quoted(const std::string& name);
/// The text of an array.
std::string ArrayText(const std::vector<int>& numbers);

/// The role of three cells from `first` on: name, id as bigint, system.
pg::Role RoleIn(const std::vector<pg::Cell>& row, size_t first);
void AddRole(const pg::Role& role, pg::Params* params);
/// Roles with whom models are shared, by the models' names; those of one model by name.
using Shares = std::map<std::string, std::vector<pg::Role>>;
Shares ReadShares();
/// Whether the caller has the rights of a role with whom the model is shared.
bool IsSharedWithCaller(const std::string& name);

[[noreturn]] void NoSuchVersion(const std::string& name, int version, bool changes);
/// Errors: kInvalidName. what: the argument.
void CheckName(const std::string& name, const char* what);

/// Waits for other sessions that change the model. All changes of it begin with this.
void Claim(const std::string& name);

/// The model's row, for its owner.
struct OwnedModel {
  pg::Role owner;
  std::optional<int> deployed;
  std::vector<int> before;  // deployed before, the last one last
};

/// Errors: "insufficient privilege" where it belongs to another role.
std::optional<OwnedModel> FindOwned(const std::string& name);
/// The same of a model that must be there; claims it.
OwnedModel RequireOwned(const std::string& name);
bool HasVersion(const std::string& name, int version);
void SetDeployed(const std::string& name, std::optional<int> version, const std::vector<int>& before);

}  // namespace registry
}  // namespace store
