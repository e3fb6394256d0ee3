// The models of a run over groups as predictions find them: by a row's key columns. They lie in the tables of the run,
// or in the registry (store/registered_groups.hpp).
//
// What is read for a group is its row of the groups and its weights; all else is common and read once. Read-only
// statements, planned once. Used by one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "store/group_tables.hpp"
#include "store/result_tables.hpp"

namespace store {

/// What a group's chosen model has of its own.
struct GroupWeights {
  std::string weights;                   // raw float32, in Keras's order
  std::optional<std::string> constants;  // JSON (data/group_constants.hpp); nullopt: those of all groups
};

class GroupModels {
 public:
  virtual ~GroupModels() = default;
  GroupModels(const GroupModels&) = delete;
  GroupModels& operator=(const GroupModels&) = delete;

  const GroupRunTable& run() const { return run_; }
  /// Names the models for whoever keeps them: another text when any of them has become another one.
  const std::string& identity() const { return identity_; }

  /// The model of the group with these keys, as texts that the key columns' types read. nullopt: there is no such group,
  /// or it has no model of its own.
  virtual std::optional<ChosenModel> Find(const std::vector<pg::Cell>& keys) = 0;
  /// REQUIRES a model of Find or of Groups. Errors: kUndefinedObject when it is gone.
  virtual GroupWeights Read(const ChosenModel& model) = 0;
  /// The model for all other rows; nullopt: there is none.
  virtual std::optional<ModelTable> Global() = 0;
  /// Names it, as identity does.
  virtual std::string GlobalIdentity() = 0;
  /// A table for joins: group_id, the key columns, chosen, mst_key. It may be a temporary one of this call, which the
  /// caller drops (IsTemporary).
  virtual pg::TableName Groups() = 0;
  virtual bool IsTemporary() const { return false; }

  /// The model of a configuration without its weights. Errors: kUndefinedObject.
  ModelTable Bare(int mst_key) const;
  /// A group's model as a table of one model, with its weights.
  ModelTable Open(const ChosenModel& model);

 protected:
  GroupModels(GroupRunTable run, std::string identity) : run_(std::move(run)), identity_(std::move(identity)) {}
  const GroupRunTable run_;
  const std::string identity_;
};

/// What GroupModels::identity would be of the run's tables now: costs one statement. REQUIRES IsGroupRun.
std::string GroupRunIdentity(const pg::TableName& name);

/// Errors: those of OpenGroupRun.
std::unique_ptr<GroupModels> OpenGroupModels(std::string_view name, const char* what);

/// Whether the text names a run over groups: its tables, or a registered one. Errors: those of FindRegistered.
bool NamesGroups(std::string_view name, const char* what);

/// Of either kind. REQUIRES NamesGroups.
std::unique_ptr<GroupModels> OpenAnyGroupModels(std::string_view name, const char* what);

}  // namespace store
