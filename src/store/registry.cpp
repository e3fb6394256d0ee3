#include "store/registry.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/large_value.hpp"
#include "pg/report.hpp"
#include "pg/table_watch.hpp"
#include "store/registered_groups.hpp"
#include "store/registered_name.hpp"
#include "store/registry_rows.hpp"
#include "store/training_state.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;
using registry::AddRole;
using registry::ArrayText;
using registry::Ask;
using registry::AskPlanned;
using registry::Change;
using registry::CheckName;
using registry::Claim;
using registry::FindOwned;
using registry::HasVersion;
using registry::IsSharedWithCaller;
using registry::NoSuchVersion;
using registry::OrNull;
using registry::OwnedModel;
using registry::Quoted;
using registry::RequireOwned;
using registry::ReadShares;
using registry::RoleIn;
using registry::SetDeployed;
using registry::Shares;
using registry::kModels;
using registry::kMostNameBytes;
using registry::kNames;
using registry::kPieces;
using registry::kShares;
using registry::kVersions;

constexpr size_t kHeadGuess = size_t{64} << 10;  // that is read to learn how long a state's head is
constexpr size_t kMostRemembered = 1000;  // deployments of a model, for rollback
constexpr size_t kSizeOffset = 8, kFixedHead = 16;  // wire/state.hpp: magic, version, size of the header

const char* const kPieceRow = " AS p WHERE p.name OPERATOR(pg_catalog.=) $1 AND p.version OPERATOR(pg_catalog.=) $2::pg_catalog.int4"
                              " AND p.piece OPERATOR(pg_catalog.=) $3::pg_catalog.int4";

std::string ReadPiece(const RegisteredVersion& version, int64_t piece, const std::string& expression) {
  const pg::AsOwnerOf owner(RegistryTable());
  const pg::LargeValue value = pg::ReadLargeValue(expression, "FROM " + std::string(kPieces) + kPieceRow,
                                                  {version.name, static_cast<int64_t>(version.version), piece});
  if (value.found && value.bytes) return *value.bytes;
  if (piece > 0) return {};
  throw Error(ErrorCode::kDataCorrupted, "registered model " + version.Text() + " has lost its weights", "", "Restore cerebro.registry_pieces, or register the model again.");
}

/// The head of a state: what it begins with, as far as its own size says.
std::string ReadHead(const RegisteredVersion& version) {
  const auto first = [&version](size_t bytes) {
    return ReadPiece(version, 0, "pg_catalog.substr(p.data, 1, " + std::to_string(bytes) + ")");
  };
  std::string head = first(kHeadGuess);
  uint64_t size = 0;
  for (size_t i = 0; head.size() >= kFixedHead && i < sizeof(size); ++i) size |= uint64_t{static_cast<uint8_t>(head[kSizeOffset + i])} << (8 * i);
  if (kFixedHead + size <= head.size() || size > kStatePieceBytes) return head;
  return first(kFixedHead + static_cast<size_t>(size));
}

/// A model table of one model, of a state's head.
ModelTable TableOf(std::string_view head, const std::string& name) {
  const StateView view(head);
  const ModelSpec spec = view.Spec();
  ModelTable table;
  table.name.name = name;
  table.name.bare = true;
  table.data = base::ReadDataSpec(view.header().data_spec);
  table.seed = static_cast<int64_t>(view.header().seed);
  table.float64 = view.header().precision == base::DType::kFloat64;
  StoredModel model;
  model.compile_params = spec.compile_params;
  model.fit_params = spec.fit_params;
  model.status = kStatusTrained;
  model.graph = spec.graph;
  model.config = spec.config;
  table.models.push_back(std::move(model));
  return table;
}

/// A database of 0.1.0 that has not been updated yet has no tables of groups, and its models go on.
bool HasGroupTables() { return pg::TableExists(pg::TableName{"cerebro", "registry_group_runs"}); }

/// With rows of versions, those that others refer to last.
std::vector<std::string> TablesOfVersions() {
  std::vector<std::string> tables;
  if (HasGroupTables()) tables = {kRegisteredGroupModels, kRegisteredGroupConfigs, kRegisteredGroupRuns};
  tables.insert(tables.end(), {kPieces, kVersions});
  return tables;
}

std::optional<RegisteredVersion> ReadVersion(const ModelReference& reference, bool* owned) {
  const bool groups = HasGroupTables();
  const std::string of_groups = groups ? std::string(" LEFT JOIN ") + kRegisteredGroupRuns +
                                             " AS g ON g.name OPERATOR(pg_catalog.=) v.name"
                                             " AND g.version OPERATOR(pg_catalog.=) v.version"
                                       : "";
  const pg::Result found = AskPlanned(
      "SELECT m.owner, m.owner_id::pg_catalog.int8, m.owner_system, v.version, v.digest, " + std::string(groups ? "g.version" : "NULL::pg_catalog.int4") +
          " FROM " + kModels + " AS m LEFT JOIN " + kVersions +
          " AS v ON v.name OPERATOR(pg_catalog.=) m.name AND v.version OPERATOR(pg_catalog.=) COALESCE($2::pg_catalog.int4, m.deployed_version)" +
          of_groups + " WHERE m.name OPERATOR(pg_catalog.=) $1",
      {"text", "text"}, {reference.name, reference.version ? pg::Param(std::to_string(*reference.version)) : pg::Param(pg::Null{})});
  if (found.empty()) return std::nullopt;
  const auto& row = found.rows.front();
  RegisteredVersion version;
  version.name = reference.name;
  version.owner = RoleIn(row, 0);
  version.version = row[3] ? base::WholeInt(row[3]) : 0;
  version.digest = row[4].value_or("");
  version.groups = row[5].has_value();
  *owned = pg::ActsAs(version.owner);
  return version;
}

}  // namespace

pg::TableName RegistryTable() { return {"cerebro", "registry_models"}; }

std::optional<ModelReference> ParseModelReference(std::string_view text) {
  const size_t at = text.find('@');
  ModelReference reference;
  reference.name = std::string(text.substr(0, at));
  const auto allowed = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) != 0 || c == '_' || c == '-';
  };
  if (reference.name.empty() || reference.name.size() > kMostNameBytes) return std::nullopt;
  if (!std::all_of(reference.name.begin(), reference.name.end(), allowed)) return std::nullopt;
  if (at == std::string_view::npos) return reference;
  const std::string number(text.substr(at + 1));
  constexpr size_t kMostDigits = 9;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (number.empty() || number.size() > kMostDigits || !std::all_of(number.begin(), number.end(), digit)) return std::nullopt;
  reference.version = std::stoi(number);
  return reference;
}

std::optional<RegisteredVersion> FindRegistered(const ModelReference& reference) {
  bool owned = false;
  std::optional<RegisteredVersion> version = ReadVersion(reference, &owned);
  if (!version) return std::nullopt;
  if (!owned && !IsSharedWithCaller(reference.name)) {
    pg::ThrowDenied("permission denied for registered model " + Quoted(reference.name), "It belongs to role " + Quoted(pg::NameOf(version->owner)) + ".",
                    "Its owner can share it with you: SELECT cerebro.share('" + reference.name + "', " + pg::QuoteLiteral(pg::CurrentRole().name) + ").");
  }
  if (version->version > 0) return version;
  if (reference.version) NoSuchVersion(reference.name, *reference.version, false);
  throw Error(ErrorCode::kUndefinedObject, "registered model " + Quoted(reference.name) + " has no deployed version", "",
              "Its owner can choose one by cerebro.deploy().");
}

ModelTable OpenRegistered(const RegisteredVersion& version) {
  RequireOneModel(version);
  ModelTable table = TableOf(ReadHead(version), version.Text());
  table.registered = [version](const std::function<bool(int64_t piece, std::string_view data)>& use) {
    for (int64_t piece = 0;; ++piece) {
      const std::string data = ReadPiece(version, piece, "p.data");
      if (data.empty() || !use(piece, data)) return;
    }
  };
  return table;
}

std::optional<ModelTable> OpenRegistered(std::string_view text) {
  const std::optional<ModelReference> reference = ParseModelReference(text);
  if (!reference) return std::nullopt;
  const std::optional<RegisteredVersion> version = FindRegistered(*reference);
  if (!version) return std::nullopt;
  return OpenRegistered(*version);
}

void RefuseRegistered(std::string_view text, const char* function, bool packed) {
  const std::optional<ModelReference> reference = ParseModelReference(text);
  if (!reference || (!reference->version && pg::TableExists(pg::ParseTableName(text, "model")))) return;
  const std::optional<RegisteredVersion> version = FindRegistered(*reference);
  if (!version) return;
  const pg::Result row = Ask("SELECT v.model_table, v.trained_on FROM " + std::string(kVersions) + " AS v WHERE v.name OPERATOR(pg_catalog.=) $1"
                             " AND v.version OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                             {version->name, static_cast<int64_t>(version->version)}, false);
  const std::string table = row.empty() ? std::string() : row.at(0, packed ? 1 : 0).value_or("");
  const std::string wanted = packed ? "a packed table" : "the tables of a run";
  throw Error(ErrorCode::kWrongObjectType, Quoted(std::string(text)) + " is a registered model, and " + function + " reads " + wanted,
              "The registry keeps what predicts, not how it was trained.",
              table.empty() ? "" : "It came from table " + table + ": give that name, if the table is still there.");
}

std::string RegisteredBytes(const RegisteredVersion& version) {
  RequireOneModel(version);
  std::string bytes;
  for (int64_t piece = 0;; ++piece) {
    const std::string data = ReadPiece(version, piece, "p.data");
    if (data.empty()) return bytes;
    if (bytes.size() + data.size() > kMostWeightBytes) {
      throw Error(ErrorCode::kLimitExceeded, "registered model " + version.Text() + " has more than " + std::to_string(kMostWeightBytes >> 20) + " MB",
                  "It does not fit in one value.", "Predict with it by its name, or by cerebro.predict_table().");
    }
    bytes += data;
  }
}

ModelTable OpenModelBytes(std::string bytes, const std::string& name) {
  ModelTable table = TableOf(bytes, name);
  table.registered = [kept = std::make_shared<const std::string>(std::move(bytes))](const std::function<bool(int64_t piece, std::string_view data)>& use) {
    use(0, *kept);
  };
  return table;
}

void RequireRegistrable(const std::string& name) {
  CheckName(name, "name");
  FindOwned(name);
}

std::optional<int> Deploy(const std::string& name, int version) {
  OwnedModel model = RequireOwned(name);
  if (!HasVersion(name, version)) NoSuchVersion(name, version, true);
  const std::optional<int> before = model.deployed;
  if (before == version) {
    pg::Notice("version " + std::to_string(version) + " of model " + Quoted(name) + " is deployed already");
    return before;
  }
  if (before) model.before.push_back(*before);
  if (model.before.size() > kMostRemembered) model.before.erase(model.before.begin());
  SetDeployed(name, version, model.before);
  return before;
}

int Rollback(const std::string& name) {
  OwnedModel model = RequireOwned(name);
  if (model.before.empty()) {
    throw Error(ErrorCode::kPrerequisiteState, "no version of registered model " + Quoted(name) + " was deployed before" +
                                                   (model.deployed ? " version " + std::to_string(*model.deployed) : std::string()),
                "", "Choose a version by cerebro.deploy(); cerebro.model_versions lists them.");
  }
  const int version = model.before.back();
  model.before.pop_back();
  SetDeployed(name, version, model.before);
  return version;
}

void DropModel(const std::string& name, std::optional<int> version) {
  OwnedModel model = RequireOwned(name);
  if (version) {
    if (!HasVersion(name, *version)) NoSuchVersion(name, *version, true);
    if (model.deployed == version) {
      throw Error(ErrorCode::kPrerequisiteState, "version " + std::to_string(*version) + " of registered model " + Quoted(name) + " is deployed", "",
                  "Deploy another version first, or drop the whole model by cerebro.drop_model('" + name + "').");
    }
    model.before.erase(std::remove(model.before.begin(), model.before.end(), *version), model.before.end());
    for (const std::string& table : TablesOfVersions()) {
      Change("DELETE FROM " + table + " WHERE name OPERATOR(pg_catalog.=) $1 AND version OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
             {name, static_cast<int64_t>(*version)});
    }
    Change("UPDATE " + std::string(kModels) + " SET deployed_before = $2::pg_catalog.int4[] WHERE name OPERATOR(pg_catalog.=) $1", {name, ArrayText(model.before)});
  } else {
    std::vector<std::string> tables = TablesOfVersions();
    tables.insert(tables.end(), {kShares, kModels});
    for (const std::string& table : tables) Change("DELETE FROM " + table + " WHERE name OPERATOR(pg_catalog.=) $1", {name});
  }
  pg::AnnounceChange(RegistryTable());
}

void RenameModel(const std::string& name, const std::string& new_name) {
  CheckName(new_name, "new_name");
  RequireOwned(name);
  Claim(new_name);
  if (!Change("SELECT 1 FROM " + std::string(kNames) + " AS n WHERE n.name OPERATOR(pg_catalog.=) $1", {new_name}).empty()) {
    throw Error(ErrorCode::kPrerequisiteState, "the name " + Quoted(new_name) + " has had versions of a model of its own",
                "Numbers of versions are not given again: whoever wrote " + new_name + "@1 meant that model.", "Take a name that was never used.");
  }
  Change("INSERT INTO " + std::string(kNames) + " (name, last_version) SELECT $2, n.last_version FROM " + kNames +
             " AS n WHERE n.name OPERATOR(pg_catalog.=) $1", {name, new_name});
  // rows are copied and deleted: a cluster's server does not update the column by which it distributes
  const struct { const char* table; const char* columns; bool of_groups = false; } kept[] = {
      {kModels, "owner, owner_id, owner_system, remark, deployed_version, deployed_before, deployed_at"},
      {kVersions, "version, digest, bytes, model_table, mst_key, trained_on, data_digest, rows, parameters, iterations, compile_params, fit_params, metric, training_loss,"
                  " training_metric, validation_loss, validation_metric, registered_by, registered_at, remark"},
      {kPieces, "version, piece, data"},
      {kRegisteredGroupRuns, "version, grouping_cols, grouping_types, grouping_kinds, own_models, global_mst_key", true},
      {kRegisteredGroupConfigs, "version, mst_key, head", true},
      {kRegisteredGroupModels, "version, group_id, lookup, keys, mst_key, constants, weights", true},
      {kShares, "role, role_id, role_system, shared_by, shared_at"}};
  const bool groups = HasGroupTables();
  for (const auto& rows : kept) {
    if (!groups && rows.of_groups) continue;
    Change("INSERT INTO " + std::string(rows.table) + " (name, " + rows.columns + ") SELECT $2, " + rows.columns + " FROM " + rows.table +
               " AS t WHERE t.name OPERATOR(pg_catalog.=) $1", {name, new_name});
    Change("DELETE FROM " + std::string(rows.table) + " WHERE name OPERATOR(pg_catalog.=) $1", {name});
  }
  pg::AnnounceChange(RegistryTable());
}

void RemarkOnModel(const std::string& name, const std::optional<std::string>& remark, std::optional<int> version) {
  RequireOwned(name);
  if (!version) {
    Change("UPDATE " + std::string(kModels) + " SET remark = $2 WHERE name OPERATOR(pg_catalog.=) $1", {name, OrNull(remark)});
    return;
  }
  if (!HasVersion(name, *version)) NoSuchVersion(name, *version, true);
  Change("UPDATE " + std::string(kVersions) + " SET remark = $2 WHERE name OPERATOR(pg_catalog.=) $1 AND version OPERATOR(pg_catalog.=) $3::pg_catalog.int4",
         {name, OrNull(remark), static_cast<int64_t>(*version)});
}

void GiveModel(const std::string& name, const std::string& role) {
  RequireOwned(name);
  const pg::Role owner = pg::NamedRole(role, "role");
  if (owner.id == 0) throw Error(ErrorCode::kInvalidParameter, "public cannot own a registered model", "", "Share it with public instead, by cerebro.share().");
  if (!pg::ActsAs(owner)) pg::ThrowDenied("must be able to act as role " + Quoted(owner.name), "A model is given to a role of which the giver is a member.", "");
  pg::Params params = {name};
  AddRole(owner, &params);
  Change("UPDATE " + std::string(kModels) + " SET owner = $2, owner_id = $3::pg_catalog.oid, owner_system = $4 WHERE name OPERATOR(pg_catalog.=) $1", params);
  pg::AnnounceChange(RegistryTable());
}

namespace {

/// Takes a role out of those with whom the model is shared; returns whether it was among them.
bool RemoveShare(const std::string& name, const pg::Role& role) {
  const pg::Result shares = Change("SELECT s.role, s.role_id::pg_catalog.int8, s.role_system FROM " + std::string(kShares) +
                                       " AS s WHERE s.name OPERATOR(pg_catalog.=) $1", {name});
  bool found = false;
  for (const auto& row : shares.rows) {
    const pg::Role kept = RoleIn(row, 0);
    if (pg::NameOf(kept) != pg::NameOf(role)) continue;
    pg::Params params = {name};
    AddRole(kept, &params);
    Change("DELETE FROM " + std::string(kShares) + " WHERE name OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2"
           " AND role_id OPERATOR(pg_catalog.=) $3::pg_catalog.oid AND role_system OPERATOR(pg_catalog.=) $4", params);
    found = true;
  }
  return found;
}

}  // namespace

void ShareModel(const std::string& name, const std::string& role) {
  RequireOwned(name);
  const pg::Role with = pg::NamedRole(role, "role");
  RemoveShare(name, with);
  pg::Params params = {name};
  AddRole(with, &params);
  params.emplace_back(pg::CurrentRole().name);
  Change("INSERT INTO " + std::string(kShares) + " (name, role, role_id, role_system, shared_by, shared_at)"
         " VALUES ($1, $2, $3::pg_catalog.oid, $4, $5, pg_catalog.now())", params);
  pg::AnnounceChange(RegistryTable());
}

void UnshareModel(const std::string& name, const std::string& role) {
  RequireOwned(name);
  const pg::Role with = role == pg::kPublicRole ? pg::NamedRole(role, "role") : pg::Role{role, 0, 0};
  if (!RemoveShare(name, with)) pg::Notice("model " + Quoted(name) + " is not shared with role " + Quoted(role));
  pg::AnnounceChange(RegistryTable());
}

Versions RequireModelOwner(const std::string& name) {
  const OwnedModel model = RequireOwned(name);
  Versions versions;
  versions.deployed = model.deployed;
  const pg::Result latest = Change("SELECT pg_catalog.max(v.version) FROM " + std::string(kVersions) + " AS v WHERE v.name OPERATOR(pg_catalog.=) $1", {name});
  versions.latest = latest.at(0, 0) ? base::WholeInt(latest.at(0, 0)) : 0;
  return versions;
}

namespace {

/// The rows whose model the caller may use; the first columns of a row are the model's name and the owner as RoleIn reads it, which becomes one
/// column, its name.
std::vector<std::vector<pg::Cell>> Usable(pg::Result found, const Shares& shares) {
  std::vector<std::vector<pg::Cell>> rows;
  std::string last;
  bool usable = false;
  for (auto& row : found.rows) {
    const pg::Role owner = RoleIn(row, 1);
    if (row[0] != last) {
      last = row[0].value_or("");
      const auto with = shares.find(last);
      usable = pg::ActsAs(owner) || (with != shares.end() && std::any_of(with->second.begin(), with->second.end(), pg::ActsAs));
    }
    if (!usable) continue;
    row[1] = pg::NameOf(owner);
    row.erase(row.begin() + 2, row.begin() + 4);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<std::vector<pg::Cell>> ListModels() {
  const Shares shares = ReadShares();
  std::vector<std::vector<pg::Cell>> rows = Usable(
      Ask("SELECT m.name, m.owner, m.owner_id::pg_catalog.int8, m.owner_system, m.deployed_version,"
          " (SELECT pg_catalog.count(*) FROM " + std::string(kVersions) + " AS c WHERE c.name OPERATOR(pg_catalog.=) m.name),"
          " v.metric, COALESCE(v.validation_metric, v.training_metric), COALESCE(v.validation_loss, v.training_loss), v.trained_on, v.rows, v.parameters,"
          " v.bytes, v.digest, m.deployed_at, m.remark FROM " + kModels + " AS m LEFT JOIN " + kVersions +
          " AS v ON v.name OPERATOR(pg_catalog.=) m.name AND v.version OPERATOR(pg_catalog.=) m.deployed_version ORDER BY m.name", {}, false), shares);
  for (auto& row : rows) {
    std::string list;
    const auto with = shares.find(row[0].value_or(""));
    for (const pg::Role& role : with == shares.end() ? std::vector<pg::Role>() : with->second) {
      list += (list.empty() ? "" : ", ") + pg::QuoteIdent(pg::NameOf(role));
    }
    row.emplace_back(list.empty() ? pg::Cell() : pg::Cell(list));
  }
  return rows;
}

std::vector<std::vector<pg::Cell>> ListVersions() {
  return Usable(Ask("SELECT v.name, m.owner, m.owner_id::pg_catalog.int8, m.owner_system, v.version,"
                    " COALESCE(v.version OPERATOR(pg_catalog.=) m.deployed_version, false), v.metric, v.training_loss, v.training_metric, v.validation_loss,"
                    " v.validation_metric, v.trained_on, v.data_digest, v.rows, v.parameters, v.iterations, v.compile_params, v.fit_params, v.model_table, v.mst_key,"
                    " v.bytes, v.digest, v.registered_by, v.registered_at, v.remark FROM " + std::string(kVersions) + " AS v JOIN " + kModels +
                    " AS m ON m.name OPERATOR(pg_catalog.=) v.name ORDER BY v.name, v.version", {}, false), ReadShares());
}

}  // namespace store
