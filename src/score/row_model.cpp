#include "score/row_model.hpp"

#include <algorithm>
#include <list>
#include <optional>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "engine/core/predictor.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/role.hpp"
#include "pg/settings.hpp"
#include "pg/table_watch.hpp"
#include "pg/sql.hpp"
#include "store/group_tables.hpp"
#include "store/loaded_model.hpp"
#include "store/registry.hpp"
#include "train/memory.hpp"

namespace score {

using base::Error;
using base::ErrorCode;

namespace {

constexpr size_t kFixedBytes = size_t{64} << 10;  // of a model besides weights and descriptions, about

constexpr size_t kMostIdle = 4;  // row types whose kernels a model keeps

}  // namespace

struct RowScorer::Parts {
  Parts(const store::ModelTable& table, const engine::Options& options, const void* weights, const std::vector<pg::Column>& columns, std::string types)
      : row_types(std::move(types)), packer(table) {
    packer.Describe(columns);
    const store::StoredModel& stored = table.models.front();
    predictor = std::make_unique<engine::Predictor>(*stored.graph, stored.config, packer.model_data(), options);
    predictor->Attach(weights);
    for (const base::Shape& shape : predictor->output_shapes()) elements.push_back(base::ElementCount(shape));
    row.resize(elements.size());
  }

  /// What it holds on to between statements, its copies of descriptions aside.
  size_t bytes() const {
    size_t sum = predictor->workspace_bytes() + static_cast<size_t>(packer.rows() * packer.row_bytes());
    for (const std::vector<float>& output : values) sum += output.capacity() * sizeof(float);
    return sum;
  }

  const std::string row_types;
  RowPacker packer;
  std::unique_ptr<engine::Predictor> predictor;
  std::vector<std::vector<float>> values;  // an output
  std::vector<int64_t> elements;           // of a row, an output
  RowValues row;
};

/// A model that this process has loaded: shared by call sites, which may outlive its being kept.
class KeptModel {
 public:
  explicit KeptModel(store::ModelTable model_table)
      : table_(std::move(model_table)), options_(store::ScoringOptions(table_, false)), packer_(table_), block_(Load()) {
    const base::Graph& graph = *stored().graph;
    std::vector<base::Shape> shapes;
    for (const int call : graph.outputs) shapes.push_back(graph.calls[static_cast<size_t>(call)].output_shape);
    outputs_ = DescribeOutputs(shapes, stored().config, table_.data);
    description_bytes_ = 2 * base::WriteDataSpec(table_.data).size();
    bytes_ = kFixedBytes + block_.size() + description_bytes_;
  }

  const store::ModelTable& table() const { return table_; }
  const store::StoredModel& stored() const { return table_.models.front(); }
  const engine::Options& options() const { return options_; }
  const std::vector<RowField>& fields() const { return packer_.fields(); }
  const std::vector<OutputInfo>& outputs() const { return outputs_; }
  /// With the kernels that are not in use.
  size_t bytes() const {
    size_t sum = bytes_ + idle_.size() * description_bytes_;
    for (const auto& parts : idle_) sum += parts->bytes();
    return sum;
  }

  std::unique_ptr<RowScorer::Parts> Take(const std::vector<pg::Column>& columns) {
    std::string types;
    for (const pg::Column& column : columns) types += column.name + " " + column.type + ",";
    const auto found = std::find_if(idle_.begin(), idle_.end(), [&types](const auto& parts) { return parts->row_types == types; });
    if (found == idle_.end()) return std::make_unique<RowScorer::Parts>(table_, options_, block_.data(), columns, std::move(types));
    std::unique_ptr<RowScorer::Parts> parts = std::move(*found);
    idle_.erase(found);
    return parts;
  }
  void GiveBack(std::unique_ptr<RowScorer::Parts> parts) {
    if (idle_.size() >= kMostIdle) idle_.pop_front();
    idle_.push_back(std::move(parts));
  }

 private:
  store::Block Load() const {
    train::RequireMemory("the prediction", train::MemoryOfPrediction(*stored().graph, stored().config, options_.precision, static_cast<double>(kMostBatchBytes)),
                         train::kPredictionMemoryHint);
    return store::LoadWeightBlock(table_, stored(), options_);
  }

  const store::ModelTable table_;
  const engine::Options options_;
  const RowPacker packer_;  // its fields alone
  const store::Block block_;
  std::vector<OutputInfo> outputs_;
  size_t bytes_ = 0, description_bytes_ = 0;
  std::list<std::unique_ptr<RowScorer::Parts>> idle_;  // used last at the end; of the table and the block, which stand above
};

namespace {

struct Kept {
  std::string key;
  std::shared_ptr<KeptModel> model;
};

/// The models that this process keeps. Lives as long as the process.
struct KeptModels {
  std::list<Kept> models;  // used last first
  std::unordered_map<std::string, std::list<Kept>::iterator> by_key;
  size_t limit = 0;       // cerebro.model_cache_mem as it was when models were let go
  int64_t finds = 0;      // since then
};

KeptModels& AllKept() {
  static auto* kept = new KeptModels();
  return *kept;
}

/// Models grow while they are used, when kernels for other types of rows are made: so now and then all are counted.
constexpr int64_t kFindsBetweenCounts = 1000;
constexpr size_t kFewModels = 16;  // these are counted each time

/// Lets go of what is over the limit. A model that is larger than all that may be kept is not; whoever uses it has it as long as the statement lasts.
void Trim(KeptModels* kept) {
  kept->limit = static_cast<size_t>(pg::CurrentSettings().model_cache_mem);
  kept->finds = 0;
  size_t bytes = 0;
  for (auto it = kept->models.begin(); it != kept->models.end();) {
    bytes += it->model->bytes();
    if (bytes <= kept->limit) {
      ++it;
      continue;
    }
    kept->by_key.erase(it->key);
    it = kept->models.erase(it);
  }
}

std::shared_ptr<KeptModel> FindKept(const std::string& key) {
  KeptModels& kept = AllKept();
  const bool other_limit = kept.limit != static_cast<size_t>(pg::CurrentSettings().model_cache_mem);
  const bool few = kept.models.size() <= kFewModels;
  if (other_limit || few || ++kept.finds >= kFindsBetweenCounts) Trim(&kept);
  const auto found = kept.by_key.find(key);
  if (found == kept.by_key.end()) return nullptr;
  kept.models.splice(kept.models.begin(), kept.models, found->second);
  return found->second->model;
}

std::shared_ptr<KeptModel> Keep(const std::string& key, store::ModelTable table) {
  std::shared_ptr<KeptModel> model = std::make_shared<KeptModel>(std::move(table));
  pg::Debug("model " + model->table().name.Text() + " was loaded");
  KeptModels& kept = AllKept();
  const auto before = kept.by_key.find(key);
  if (before != kept.by_key.end()) kept.models.erase(before->second);
  kept.models.push_front({key, model});
  kept.by_key[key] = kept.models.begin();
  Trim(&kept);
  return model;
}

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

/// Registered models are seen on segments too, but not where a query of theirs ends.
void RequireLookup(const char* function) {
  if (pg::TablesSeenHere() != pg::TablesSeen::kNone) return;
  throw Error(ErrorCode::kFeatureNotSupported, std::string(function) + " cannot look a model up where rows of the segments arrive",
              "The coordinator can run no other statement while it gets rows of a query, such as those of a subquery with LIMIT.",
              "Give the model as a value, which is looked up beforehand: cerebro.predict((SELECT cerebro.model_bytes('name')), ...); or use "
              "cerebro.predict_table().");
}

}  // namespace

RowScorer::RowScorer(std::shared_ptr<KeptModel> model, std::unique_ptr<Parts> parts) : model_(std::move(model)), parts_(std::move(parts)) {}
RowScorer::~RowScorer() { model_->GiveBack(std::move(parts_)); }

void RowScorer::Clear() { parts_->packer.Clear(); }
void RowScorer::Add(const data::Cell* cells) { parts_->packer.Add(cells); }
int64_t RowScorer::rows() const { return parts_->packer.rows(); }
int64_t RowScorer::row_bytes() const { return parts_->packer.row_bytes(); }
void RowScorer::Run() { parts_->predictor->Run(parts_->packer.buffer(), &parts_->values, pg::CheckInterrupts); }

const RowValues& RowScorer::Values(int64_t row) {
  for (size_t i = 0; i < parts_->row.size(); ++i) parts_->row[i] = parts_->values[i].data() + row * parts_->elements[i];
  return parts_->row;
}

/// A run over groups as a call site sees it: which model predicts for which keys. Lives as long as the command that asks.
class GroupRouter {
 public:
  explicit GroupRouter(const std::string& name) : run_(store::OpenGroupRun(name, "model")), any_(TableOf(run_)), packer_(any_) {
    for (const pg::Column& key : run_.keys) key_columns_.push_back(key.name);
    const std::string summary = run_.Tables().summary.Sql();
    const pg::Result row = pg::Read("SELECT s.global_mst_key, s.tableoid::pg_catalog.text, s.ctid::pg_catalog.text, s.xmin::pg_catalog.text FROM " + summary + " AS s");
    if (row.at(0, 0)) global_mst_key_ = base::WholeInt(row.at(0, 0));
    for (size_t i = 1; i < row.rows[0].size(); i++) version_ += row.at(0, i).value_or("") + " ";
  }

  const std::vector<std::string>& key_columns() const { return key_columns_; }
  const std::vector<RowField>& fields() const { return packer_.fields(); }

  /// nullptr: no model predicts for these keys.
  std::shared_ptr<KeptModel> ModelOf(const std::vector<std::optional<std::string>>& keys) const {
    std::string condition;
    pg::Params params;
    for (size_t k = 0; k < keys.size(); k++) {
      condition += (k > 0 ? " AND g." : " g.") + pg::QuoteIdent(key_columns_[k]);
      if (!keys[k]) {
        condition += " IS NULL";
        continue;
      }
      params.emplace_back(*keys[k]);
      condition += " OPERATOR(pg_catalog.=) $" + std::to_string(params.size()) + "::" + run_.keys[k].sql_type;
    }
    const pg::Result found = pg::Read("SELECT g.group_id, g.chosen, g.mst_key FROM " + run_.Tables().groups.Sql() + " AS g WHERE" + condition, params);
    if (!found.empty() && found.at(0, 1).value_or("") == store::kChosenOwn) {
      const store::ChosenModel chosen{base::WholeNumber(found.at(0, 0)), store::kChosenOwn, base::WholeInt(found.at(0, 2))};
      const std::string key = "group " + run_.name.Sql() + " " + version_ + std::to_string(chosen.group_id);
      std::shared_ptr<KeptModel> kept = FindKept(key);
      return kept != nullptr ? kept : Keep(key, store::OpenGroupModel(run_, chosen));
    }
    if (!global_mst_key_ || !run_.has_global) return nullptr;
    const std::string table = run_.name.WithSuffix(store::kGlobalSuffix).Sql();
    const std::string key = "table " + table + " " + std::to_string(*global_mst_key_) + " " + store::StoredVersion(table, global_mst_key_);
    std::shared_ptr<KeptModel> kept = FindKept(key);
    return kept != nullptr ? kept : Keep(key, store::OpenOneModel(table, global_mst_key_));
  }

 private:
  static store::ModelTable TableOf(const store::GroupRunTable& run) {
    store::ModelTable table;
    table.name = run.name;
    table.data = run.data;
    table.dependent_vartype = run.dependent_vartype;
    table.float64 = run.float64;
    if (!run.models.empty()) table.models.push_back(run.models.begin()->second);
    return table;
  }

  const store::GroupRunTable run_;
  const store::ModelTable any_;  // for the fields, which all groups have
  const RowPacker packer_;
  std::vector<std::string> key_columns_;
  std::optional<int> global_mst_key_;
  std::string version_;
};

const std::vector<std::string>& OpenModel::key_columns() const { return router_->key_columns(); }

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
  open.role_ = pg::CurrentRoleId();
  open.command_ = pg::CurrentCommand();
  // before it is read: a change that comes in between is seen again
  pg::WatchTable(store::RegistryTable());
  open.changes_ = pg::WatchedChanges();
  if (const std::optional<store::RegisteredVersion> version = FindVersion(name, pinned)) {
    open.origin_ = Origin::kRegistry;
    const std::string key = "registered " + version->Text() + " " + version->digest;
    open.model_ = FindKept(key);
    if (open.model_ == nullptr) open.model_ = Keep(key, store::OpenRegistered(*version));
    return open;
  }
  open.origin_ = Origin::kTable;
  const auto [table, mst_key] = TableAndKey(name);
  if (IsTable(table)) RequireTables(table);
  if (!mst_key && store::IsGroupRun(pg::ParseTableName(table, "model"))) {
    open.router_ = std::make_shared<GroupRouter>(table);
    return open;
  }
  const std::string stored = store::StoredVersion(table, mst_key);
  const std::string key = "table " + pg::ParseTableName(table, "model").Sql() + " " + (mst_key ? std::to_string(*mst_key) : "") + " " + stored;
  open.model_ = stored.empty() ? nullptr : FindKept(key);
  if (open.model_ == nullptr) open.model_ = Keep(key, store::OpenOneModel(table, mst_key));
  return open;
}

OpenModel OpenModel::Of(std::string bytes) {
  OpenModel open;
  open.origin_ = Origin::kBytes;
  const std::string key = "bytes " + base::ToHex(base::Hash(bytes.data(), bytes.size(), 0)) + " " + std::to_string(bytes.size());
  open.model_ = FindKept(key);
  if (open.model_ == nullptr) open.model_ = Keep(key, store::OpenModelBytes(std::move(bytes), "given as bytes"));
  return open;
}

bool OpenModel::IsCurrent() const {
  switch (origin_) {
    case Origin::kBytes: return true;
    case Origin::kRegistry: return role_ == pg::CurrentRoleId() && changes_ == pg::WatchedChanges();
    case Origin::kTable: return role_ == pg::CurrentRoleId() && command_ == pg::CurrentCommand();
  }
  return false;
}

const std::vector<RowField>& OpenModel::fields() const { return router_ != nullptr ? router_->fields() : model_->fields(); }
const std::vector<OutputInfo>& OpenModel::outputs() const { return model_->outputs(); }

std::unique_ptr<RowScorer> OpenModel::ScorerFor(const std::vector<pg::Column>& columns) const {
  return std::unique_ptr<RowScorer>(new RowScorer(model_, model_->Take(columns)));
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
