#include "store/registry_rows.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/names.hpp"
#include "pg/table_watch.hpp"
#include "store/registry.hpp"

namespace store {
namespace registry {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kMostVersionsListed = 10;

[[noreturn]] void NoSuchModel(const std::string& name) {
  throw Error(ErrorCode::kUndefinedObject, "registered model " + Quoted(name) + " does not exist", "",
              "cerebro.models lists those that you may use; cerebro.register() makes one.");
}

}  // namespace

pg::Result Ask(const std::string& sql, const pg::Params& params, bool changes) {
  const pg::AsOwnerOf owner(RegistryTable());
  return changes ? pg::Execute(sql, params) : pg::Read(sql, params);
}

pg::Result Change(const std::string& sql, const pg::Params& params) { return Ask(sql, params, true); }

pg::Result AskPlanned(const std::string& sql, const std::vector<std::string>& types, const pg::Params& params) {
  static auto* const statements = new std::map<std::string, pg::Statement>();  // they live as long as the process
  const pg::AsOwnerOf owner(RegistryTable());
  auto found = statements->find(sql);
  if (found == statements->end()) found = statements->emplace(sql, pg::Statement(sql, types)).first;
  return found->second.Run(params);
}

pg::Param OrNull(const std::optional<std::string>& text) { return text ? pg::Param(*text) : pg::Param(pg::Null{}); }

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

pg::Role RoleIn(const std::vector<pg::Cell>& row, size_t first) {
  pg::Role role;
  role.name = row[first].value_or("");
  role.id = static_cast<uint32_t>(base::WholeNumber(row[first + 1].value_or("0")));
  role.system = base::WholeNumber(row[first + 2].value_or("0"));
  return role;
}

void AddRole(const pg::Role& role, pg::Params* params) {
  params->emplace_back(role.name);
  params->emplace_back(static_cast<int64_t>(role.id));
  params->emplace_back(role.system);
}

Shares ReadShares() {
  Shares shares;
  const pg::Result found = Ask("SELECT s.role, s.role_id::pg_catalog.int8, s.role_system, s.name FROM " + std::string(kShares) +
                                   " AS s ORDER BY s.name, s.role",
                               {}, false);
  for (const auto& row : found.rows) shares[row[3].value_or("")].push_back(RoleIn(row, 0));
  return shares;
}

bool IsSharedWithCaller(const std::string& name) {
  const pg::Result shares = AskPlanned("SELECT s.role, s.role_id::pg_catalog.int8, s.role_system FROM " + std::string(kShares) +
                                           " AS s WHERE s.name OPERATOR(pg_catalog.=) $1",
                                       {"text"}, {name});
  return std::any_of(shares.rows.begin(), shares.rows.end(), [](const auto& row) { return pg::ActsAs(RoleIn(row, 0)); });
}

[[noreturn]] void NoSuchVersion(const std::string& name, int version, bool changes) {
  const pg::Result found = Ask("SELECT v.version FROM " + std::string(kVersions) + " AS v WHERE v.name OPERATOR(pg_catalog.=) $1 ORDER BY v.version DESC",
                               {name}, changes);
  std::string list;
  for (size_t i = 0; i < found.rows.size() && i < kMostVersionsListed; ++i) list += (i > 0 ? ", " : "") + found.rows[i][0].value_or("");
  if (found.rows.size() > kMostVersionsListed) list += ", ...";
  throw Error(ErrorCode::kUndefinedObject, "registered model " + Quoted(name) + " has no version " + std::to_string(version), "",
              list.empty() ? "It has no versions." : "Its versions are " + list + ".");
}

void CheckName(const std::string& name, const char* what) {
  const std::optional<ModelReference> reference = ParseModelReference(name);
  if (reference && !reference->version) return;
  throw Error(ErrorCode::kInvalidName, "a registered model cannot be called " + Quoted(name), std::string("The name was given as ") + what + ".",
              "Take letters, digits, \"_\" and \"-\", at most " + std::to_string(kMostNameBytes) + " bytes.");
}

void Claim(const std::string& name) { pg::AwaitTable({"cerebro", name}, pg::TableClaim::kChange, "registered model"); }

std::optional<OwnedModel> FindOwned(const std::string& name) {
  const pg::Result found = Change("SELECT m.owner, m.owner_id::pg_catalog.int8, m.owner_system, m.deployed_version, m.deployed_before FROM " +
                                      std::string(kModels) + " AS m WHERE m.name OPERATOR(pg_catalog.=) $1",
                                  {name});
  if (found.empty()) return std::nullopt;
  const auto& row = found.rows.front();
  OwnedModel model;
  model.owner = RoleIn(row, 0);
  if (row[3]) model.deployed = base::WholeInt(row[3]);
  for (const pg::Cell& cell : pg::ParseArrayText(row[4].value_or("{}"))) model.before.push_back(base::WholeInt(cell.value_or("0")));
  if (!pg::ActsAs(model.owner)) {
    pg::ThrowDenied("must be owner of registered model " + Quoted(name), "It belongs to role " + Quoted(pg::NameOf(model.owner)) + ".",
                    "Take another name, or ask its owner. The owner can let others predict with it by cerebro.share().");
  }
  return model;
}

OwnedModel RequireOwned(const std::string& name) {
  CheckName(name, "name");
  Claim(name);
  std::optional<OwnedModel> model = FindOwned(name);
  if (!model) NoSuchModel(name);
  return *std::move(model);
}

bool HasVersion(const std::string& name, int version) {
  return !Change("SELECT 1 FROM " + std::string(kVersions) + " AS v WHERE v.name OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                 {name, static_cast<int64_t>(version)})
              .empty();
}

std::string ArrayText(const std::vector<int>& numbers) {
  std::string text = "{";
  for (size_t i = 0; i < numbers.size(); ++i) text += (i > 0 ? "," : "") + std::to_string(numbers[i]);
  return text + "}";
}

void SetDeployed(const std::string& name, std::optional<int> version, const std::vector<int>& before) {
  Change("UPDATE " + std::string(kModels) +
             " SET deployed_version = $2::pg_catalog.int4, deployed_before = $3::pg_catalog.int4[], deployed_at = pg_catalog.now()"
             " WHERE name OPERATOR(pg_catalog.=) $1",
         {name, version ? pg::Param(std::to_string(*version)) : pg::Param(pg::Null{}), ArrayText(before)});
  pg::AnnounceChange(RegistryTable());
}

}  // namespace registry
}  // namespace store
