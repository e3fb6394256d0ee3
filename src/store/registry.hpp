// Registered models: kept by the extension under a name, with versions, whatever becomes of the tables of the run that trained them.
//
//   cerebro.registry_names     name, last_version: the numbers that were given, for ever, so that name@version never means another model
//   cerebro.registry_models    a row a model: owner, deployed version and those that were deployed before it
//   cerebro.registry_versions  a row a version: where it comes from, what it was worth
//   cerebro.registry_pieces    its training state without optimizer slots, in stored form (store/training_state.hpp): graph, configuration, data
//                              specification with class values, dictionaries and preprocessing, and weights; in pieces of at most 64 MB
//   cerebro.registry_shares    who may predict with it besides the owner
//
// Rows of a version never change, but for its remark, so that processes may keep what they have read. Nobody has rights on these tables: statements
// over them run as their owner (pg/role.hpp), after the caller's rights were checked here. Every change is announced (pg/table_watch.hpp).
//
// Names are those of no table: letters, digits, "_" and "-", at most 63 bytes. "name@version" is a version, "name" the deployed one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/names.hpp"
#include "pg/role.hpp"
#include "pg/sql.hpp"
#include "store/result_tables.hpp"

namespace store {

/// What a text such as "penguins" or "penguins@3" names.
struct ModelReference {
  std::string name;
  std::optional<int> version;
};

/// nullopt: the text cannot name a registered model.
std::optional<ModelReference> ParseModelReference(std::string_view text);

/// A version that the caller may use.
struct RegisteredVersion {
  std::string name;
  int version = 0;
  std::string digest;
  pg::Role owner;
  bool groups = false;  // a run over groups: a model for each group (store/registered_groups.hpp)

  std::string Text() const { return name + "@" + std::to_string(version); }
};

/// Read-only. nullopt: no model has that name. Errors: kUndefinedObject for a version that does not exist, and for a model of which none is deployed;
/// "insufficient privilege" when the caller neither has the owner's rights nor is the model shared with a role of its own.
std::optional<RegisteredVersion> FindRegistered(const ModelReference& reference);

/// The version as a table of one model, whose weights and state are read from the registry. Read-only statements. Errors:
/// kWrongObjectType for a run over groups.
ModelTable OpenRegistered(const RegisteredVersion& version);
/// The same of the text of a reference; nullopt where FindRegistered has none.
std::optional<ModelTable> OpenRegistered(std::string_view text);
/// A version's state in stored form, whole. Errors: kLimitExceeded where no value can hold it.
std::string RegisteredBytes(const RegisteredVersion& version);
/// A model of such bytes. name: for messages.
ModelTable OpenModelBytes(std::string bytes, const std::string& name);

/// Throws unless the caller could register a model under this name now: its errors of names and of other roles' models.
void RequireRegistrable(const std::string& name);

/// cerebro.register, of one model or of a run over groups. Returns the version. Errors: OpenOneModel's; kInvalidName; "insufficient privilege" when
/// the name is another role's.
int Register(const std::string& name, const std::string& model_table, std::optional<int> mst_key, const std::optional<std::string>& remark);

/// cerebro.deploy. Returns the version that was deployed before, if any.
std::optional<int> Deploy(const std::string& name, int version);
/// cerebro.rollback. Returns the version that is deployed now. Errors: kPrerequisiteState when none was deployed before.
int Rollback(const std::string& name);
/// Drops a version that is not deployed, or the whole model.
void DropModel(const std::string& name, std::optional<int> version);
/// Errors: kInvalidName; kPrerequisiteState for a new name that has had versions.
void RenameModel(const std::string& name, const std::string& new_name);
/// nullopt as remark removes it. Without a version: the model's.
void RemarkOnModel(const std::string& name, const std::optional<std::string>& remark, std::optional<int> version);
/// Errors: "insufficient privilege" unless the caller has the owner's rights and those of the new one.
void GiveModel(const std::string& name, const std::string& role);
void ShareModel(const std::string& name, const std::string& role);
void UnshareModel(const std::string& name, const std::string& role);

/// Throws unless the caller has the rights of the model's owner; its latest version and the deployed one.
struct Versions {
  int latest = 0;
  std::optional<int> deployed;
};
Versions RequireModelOwner(const std::string& name);

/// What cerebro.models and cerebro.model_versions show: the models that the caller may use.
std::vector<std::vector<pg::Cell>> ListModels();
std::vector<std::vector<pg::Cell>> ListVersions();

/// The table whose changes are announced.
pg::TableName RegistryTable();

}  // namespace store
