#include "store/group_models.hpp"

#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/group_constants.hpp"
#include "pg/key_type.hpp"
#include "pg/ownership.hpp"
#include "pg/table_watch.hpp"
#include "store/loaded_model.hpp"
#include "store/registered_groups.hpp"
#include "store/registry.hpp"
#include "store/result_columns.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

/// The identity of what the server does not mark: its rows may be others in the next command.
std::string InThisCommand() {
  const auto [statement, command] = pg::CurrentCommand();
  return "in command " + std::to_string(statement) + " " + std::to_string(command);
}

/// The models in the tables of their run.
class TableGroupModels : public GroupModels {
 public:
  TableGroupModels(GroupRunTable run, std::string identity)
      : GroupModels(std::move(run), std::move(identity)),
        has_constants_(pg::FindColumn(pg::TableColumns(run_.Tables().groups, "model"), "constants") != nullptr) {
    const pg::Result row = pg::Read("SELECT s.global_mst_key FROM " + run_.Tables().summary.Sql() +
                                    " AS s WHERE s.global_mst_key IS NOT NULL");
    if (!row.empty()) global_mst_key_ = static_cast<int>(row.Int());
    for (const pg::Column& key : run_.keys) equal_.push_back(pg::ReadKeyType(run_.Tables().groups, key.name).equal);
  }

  // One statement for each set of keys that are NULL.
  std::optional<ChosenModel> Find(const std::vector<pg::Cell>& keys) override {
    std::string condition, nulls;
    pg::Params params;
    std::vector<std::string> types;
    for (size_t k = 0; k < keys.size(); k++) {
      nulls += keys[k] ? '-' : 'N';
      condition += (k > 0 ? " AND g." : " g.") + pg::QuoteIdent(run_.keys[k].name);
      if (!keys[k]) {
        condition += " IS NULL";
        continue;
      }
      params.emplace_back(*keys[k]);
      types.emplace_back(pg::TypeNameOf(params.back()));
      condition += " " + equal_[k] + " $" + std::to_string(params.size()) + "::" + run_.keys[k].sql_type;
    }
    auto found = find_.find(nulls);
    if (found == find_.end()) {
      pg::Statement statement("SELECT g.group_id, g.chosen, g.mst_key FROM " + run_.Tables().groups.Sql() +
                                  " AS g WHERE" + condition,
                              types);
      found = find_.emplace(nulls, std::move(statement)).first;
    }
    const pg::Result row = found->second.Run(params);
    if (row.empty() || row.at(0, 1).value_or("") != kChosenOwn) return std::nullopt;
    return ChosenModel{base::WholeNumber(row.at(0, 0)), kChosenOwn, base::WholeInt(row.at(0, 2))};
  }

  GroupWeights Read(const ChosenModel& model) override {
    if (!read_) {
      const std::string constants =
          has_constants_ ? "(SELECT g.constants::pg_catalog.text FROM " + run_.Tables().groups.Sql() +
                               " AS g WHERE g.group_id OPERATOR(pg_catalog.=) $1)"
                         : "NULL::pg_catalog.text";
      read_.emplace("SELECT m.model_weights, " + constants + " FROM " + run_.name.Sql() +
                        " AS m WHERE m.group_id OPERATOR(pg_catalog.=) $1 AND m.mst_key OPERATOR(pg_catalog.=) "
                        "$2::pg_catalog.int4",
                    std::vector<std::string>{"int8", "int8"});
    }
    const pg::Result row = read_->Run({model.group_id, static_cast<int64_t>(model.mst_key)});
    if (row.empty() || !row.at(0, 0)) {
      throw Error(ErrorCode::kUndefinedObject, "table " + run_.name.Text() + " has no model of group " +
                                                   std::to_string(model.group_id) + " with mst_key " +
                                                   std::to_string(model.mst_key));
    }
    return {*row.at(0, 0), row.at(0, 1)};
  }

  std::optional<ModelTable> Global() override {
    if (!global_mst_key_ || !run_.has_global) return std::nullopt;
    return OpenOneModel(run_.name.WithSuffix(kGlobalSuffix).Sql(), global_mst_key_);
  }
  std::string GlobalIdentity() override {
    if (!global_mst_key_ || !run_.has_global) return "";
    const std::string table = run_.name.WithSuffix(kGlobalSuffix).Sql();
    const std::string version = StoredVersion(table, global_mst_key_);
    return "table " + table + " " + std::to_string(*global_mst_key_) + " " + (version.empty() ? InThisCommand() : version);
  }
  pg::TableName Groups() override { return run_.Tables().groups; }

 private:
  const bool has_constants_;
  std::vector<std::string> equal_;  // a key column
  std::optional<int> global_mst_key_;
  std::map<std::string, pg::Statement> find_;
  std::optional<pg::Statement> read_;
};

std::optional<RegisteredVersion> FindGroups(std::string_view name) {
  const std::optional<ModelReference> reference = ParseModelReference(name);
  if (!reference) return std::nullopt;
  std::optional<RegisteredVersion> version = FindRegistered(*reference);
  if (!version || !version->groups) return std::nullopt;
  return version;
}

}  // namespace

ModelTable GroupModels::Bare(int mst_key) const {
  const auto found = run_.models.find(mst_key);
  if (found == run_.models.end()) {
    throw Error(ErrorCode::kUndefinedObject,
                "mst_key " + std::to_string(mst_key) + " does not exist in the configurations of " + run_.name.Text());
  }
  ModelTable table;
  table.name = run_.name;
  table.data = run_.data;
  table.dependent_vartype = run_.dependent_vartype;
  table.seed = run_.seed;
  table.float64 = run_.float64;
  table.models.push_back(found->second);
  return table;
}

ModelTable GroupModels::Open(const ChosenModel& model) {
  ModelTable table = Bare(model.mst_key);
  GroupWeights own = Read(model);
  if (own.constants) data::ApplyConstants(*own.constants, &table.data);
  table.weights = std::make_shared<const std::string>(std::move(own.weights));
  return table;
}

std::string GroupRunIdentity(const pg::TableName& name) {
  const ResultTables tables(name);
  const pg::TableName& summary = tables.summary;
  std::string identity = "run " + name.Sql();
  for (const pg::TableName& table : {tables.models, tables.groups, tables.configurations, summary}) {
    if (!pg::GlanceAt(table).value_or(pg::TableFacts()).stays) return identity + " " + InThisCommand();
  }
  const pg::Result row = pg::Read(
      "SELECT s.tableoid::pg_catalog.text, s.ctid::pg_catalog.text, s.xmin::pg_catalog.text FROM " + summary.Sql() +
      " AS s");
  for (const auto& cells : row.rows) {
    for (const pg::Cell& cell : cells) identity += " " + cell.value_or("");
  }
  return identity;
}

std::unique_ptr<GroupModels> OpenGroupModels(std::string_view name, const char* what) {
  GroupRunTable run = OpenGroupRun(name, what);
  std::string identity = GroupRunIdentity(run.name);
  return std::make_unique<TableGroupModels>(std::move(run), std::move(identity));
}

bool NamesGroups(std::string_view name, const char* what) {
  const std::optional<ModelReference> reference = ParseModelReference(name);
  if (!reference || !reference->version) {
    const pg::TableName table = pg::ParseTableName(name, what);
    if (pg::TableExists(table)) return IsGroupRun(table);
  }
  return FindGroups(name).has_value();
}

std::unique_ptr<GroupModels> OpenAnyGroupModels(std::string_view name, const char* what) {
  const std::optional<ModelReference> reference = ParseModelReference(name);
  if (!reference || !reference->version) {
    const pg::TableName table = pg::ParseTableName(name, what);
    if (pg::TableExists(table)) return OpenGroupModels(name, what);
  }
  return OpenRegisteredGroups(*FindGroups(name));
}

}  // namespace store
