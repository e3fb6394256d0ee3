#include "score/row_model.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "pg/cluster.hpp"
#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/role.hpp"
#include "score/group_router.hpp"
#include "score/kept_model.hpp"
#include "store/group_models.hpp"
#include "store/group_tables.hpp"
#include "store/loaded_model.hpp"
#include "store/registered_groups.hpp"
#include "store/registry.hpp"

namespace score {

using base::Error;
using base::ErrorCode;

namespace {

/// "models:3" -> the table and the key.
std::pair<std::string, std::optional<int>> TableAndKey(const std::string& name) {
  const size_t colon = name.rfind(':');
  if (colon == std::string::npos || colon + 1 == name.size()) return {name, std::nullopt};
  const std::string key = name.substr(colon + 1);
  constexpr size_t kMostDigits = 9;
  if (key.size() > kMostDigits || !std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) return {name, std::nullopt};
  return {name.substr(0, colon), std::stoi(key)};
}

bool IsTable(const std::string& name) { return pg::TableExists(pg::ParseTableName(name, "model")); }

/// The version that a text means, or nothing: the text is a table's.
std::optional<store::RegisteredVersion> FindVersion(const std::string& name, bool pinned) {
  if (name.empty()) throw Error(ErrorCode::kInvalidName, "the name of a model is empty", "", "cerebro.models lists the registered models that you may use.");
  const std::optional<store::ModelReference> reference = store::ParseModelReference(name);
  if (pinned && (!reference || !reference->version)) {
    throw Error(ErrorCode::kInvalidParameter, "model \"" + name + "\" is given without a version",
                "What a name alone means changes when another version is deployed, and a generated column or an index must not.",
                "Write name@version, such as '" + (reference ? reference->name : std::string("penguins")) + "@1'; cerebro.model_versions lists them.");
  }
  if (!reference) return std::nullopt;
  const std::optional<store::RegisteredVersion> version = store::FindRegistered(*reference);
  if (version) {
    // another role must not be able to slip a model under the name of a table
    if (!reference->version && !pg::ActsAs(version->owner) && IsTable(name)) {
      throw Error(ErrorCode::kInvalidParameter, "model \"" + name + "\" is ambiguous",
                  "Role \"" + pg::NameOf(version->owner) + "\" shares a registered model of this name, and there is a table of this name.",
                  "Write " + version->Text() + " for the registered model, or the table with its schema.");
    }
    return version;
  }
  if (reference->version || !IsTable(name)) {
    throw Error(ErrorCode::kUndefinedObject, "model \"" + name + "\" does not exist", "There is neither a registered model nor a table of models of this name.",
                "cerebro.models lists the registered models that you may use; cerebro.register() makes one of a model of a run.");
  }
  return std::nullopt;
}

void RequireTables(const std::string& name) {
  if (pg::TablesSeenHere() == pg::TablesSeen::kAll) return;
  throw Error(ErrorCode::kFeatureNotSupported, "cerebro.predict cannot read table \"" + name + "\" on a segment", "A segment has a part of every table only.",
              "Register the model by cerebro.register(): registered models are on every segment. Or use cerebro.predict_table().");
}

/// The planner does not know of the table, and workers cannot read it.
void RequireSharedTable(const pg::TableName& table) {
  if (!pg::InParallelWorker() || !pg::IsTemporary(table)) return;
  throw Error(ErrorCode::kFeatureNotSupported, "cerebro.predict cannot read temporary table " + table.Text() + " in a parallel worker",
              "The tables of the run are temporary, which only their session reads, and the query runs in parallel.",
              "Register the model by cerebro.register(), or SET max_parallel_workers_per_gather = 0.");
}

/// What is kept of a run must not be given to a role that may not read its tables.
void RequireGroupRun(const pg::TableName& run) {
  const store::ResultTables tables(run);
  for (const pg::TableName& table : {tables.models, tables.groups, tables.configurations, tables.summary}) pg::RequireSelect(table);
}

/// Registered models are seen on segments too, but not where a query of theirs ends.
void RequireLookup(const char* function) {
  if (pg::TablesSeenHere() != pg::TablesSeen::kNone) return;
  throw Error(ErrorCode::kFeatureNotSupported, std::string(function) + " cannot look a model up where rows of the segments arrive",
              "The coordinator can run no other statement while it gets rows of a query, such as those of a subquery with LIMIT.",
              "Give the model as a value, which is looked up beforehand: cerebro.predict((SELECT cerebro.model_bytes('name')), ...); or use "
              "cerebro.predict_table().");
}

}  // namespace

RowScorer::RowScorer(std::shared_ptr<KeptModel> model, std::unique_ptr<ScorerParts> parts) : model_(std::move(model)), parts_(std::move(parts)) {
  parts_->predictor->Attach(model_->weights());
}

RowScorer::~RowScorer() { model_->kernel().GiveBack(std::move(parts_)); }

void RowScorer::Use(const OpenModel& open) {
  if (open.model_ == model_) return;
  parts_->predictor->Attach(open.model_->weights());
  model_ = open.model_;
}

void RowScorer::Clear() { parts_->packer.Clear(); }
void RowScorer::Add(const data::Cell* cells) { parts_->packer.Add(cells); }
int64_t RowScorer::rows() const { return parts_->packer.rows(); }
int64_t RowScorer::row_bytes() const { return parts_->packer.row_bytes(); }
void RowScorer::Run() { parts_->predictor->Run(parts_->packer.buffer(), &parts_->values, pg::CheckInterrupts); }

const RowValues& RowScorer::Values(int64_t row) {
  for (size_t i = 0; i < parts_->row.size(); ++i) parts_->row[i] = parts_->values[i].data() + row * parts_->elements[i];
  return parts_->row;
}

const std::vector<pg::Column>& OpenModel::keys() const { return router_->keys(); }

std::optional<OpenModel> OpenModel::Route(const std::vector<std::optional<std::string>>& keys) const {
  OpenModel open = *this;
  open.router_.reset();
  open.model_ = router_->ModelOf(keys);
  if (open.model_ == nullptr) return std::nullopt;
  return open;
}

size_t OpenModel::bytes() const { return model_->bytes(); }

OpenModel OpenModel::Find(const std::string& name, bool pinned) {
  RequireLookup("cerebro.predict");
  OpenModel open;
  open.moment_ = LookupMoment::Now();
  if (const std::optional<store::RegisteredVersion> version = FindVersion(name, pinned)) {
    open.origin_ = Origin::kRegistry;
    const std::string key = "registered " + version->Text() + " " + version->digest;
    if (version->groups) {
      open.router_ = RouterOf(key, [&] { return store::OpenRegisteredGroups(*version); });
      return open;
    }
    open.model_ = FindOrLoad(key, [&] { return LoadModel(store::OpenRegistered(*version)); });
    return open;
  }
  open.origin_ = Origin::kTable;
  const auto [table, mst_key] = TableAndKey(name);
  if (IsTable(table)) {
    RequireTables(table);
    RequireSharedTable(pg::ParseTableName(table, "model"));
  }
  if (!mst_key && store::IsGroupRun(pg::ParseTableName(table, "model"))) {
    const pg::TableName run = pg::ParseTableName(table, "model");
    RequireGroupRun(run);
    open.router_ = RouterOf(store::GroupRunIdentity(run), [&table = table] { return store::OpenGroupModels(table, "model"); });
    return open;
  }
  const std::string stored = store::StoredVersion(table, mst_key);
  const std::string key = "table " + pg::ParseTableName(table, "model").Sql() + " " + (mst_key ? std::to_string(*mst_key) : "") + " " + stored;
  const auto load = [&table = table, &mst_key = mst_key] { return LoadModel(store::OpenOneModel(table, mst_key)); };
  if (stored.empty()) {
    open.model_ = load();
  } else {
    open.model_ = FindOrLoad(key, load);
  }
  return open;
}

OpenModel OpenModel::Of(std::string bytes) {
  OpenModel open;
  open.origin_ = Origin::kBytes;
  const std::string key = "bytes " + base::ToHex(base::Hash(bytes.data(), bytes.size(), 0)) + " " + std::to_string(bytes.size());
  open.model_ = FindOrLoad(key, [&] { return LoadModel(store::OpenModelBytes(std::move(bytes), "given as bytes")); });
  return open;
}

bool OpenModel::IsCurrent() const {
  switch (origin_) {
    case Origin::kBytes: return true;
    case Origin::kRegistry: return moment_.HoldsForRegistry();
    case Origin::kTable: return moment_.HoldsForTables();
  }
  return false;
}

const std::vector<RowField>& OpenModel::fields() const { return router_ != nullptr ? router_->fields() : model_->kernel().fields(); }
const std::vector<OutputInfo>& OpenModel::outputs() const { return model_->kernel().outputs(); }
const void* OpenModel::kernel() const { return &model_->kernel(); }

std::unique_ptr<RowScorer> OpenModel::ScorerFor(const std::vector<pg::Column>& columns) const {
  return std::unique_ptr<RowScorer>(new RowScorer(model_, model_->kernel().Take(columns)));
}

std::string ModelBytes(const std::string& name) {
  RequireLookup("cerebro.model_bytes");
  const std::optional<store::RegisteredVersion> version = FindVersion(name, false);
  if (!version) {
    throw Error(ErrorCode::kWrongObjectType, "\"" + name + "\" is a table of models, no registered model", "",
                "Register the model first, by cerebro.register().");
  }
  return store::RegisteredBytes(*version);
}

}  // namespace score
