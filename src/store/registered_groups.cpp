#include "store/registered_groups.hpp"

#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "base/hash.hpp"
#include "pg/key_type.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/role.hpp"
#include "store/loaded_model.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int64_t kGroupsAtOnce = 64;                      // that are fetched
constexpr size_t kMostBatchBytes = size_t{4} << 20;        // of weights that are written by one statement
constexpr uint64_t kDigestSeed = 0x67726f757073;           // "groups": a format, since digests are kept
constexpr uint64_t kLookupSeed = 0x6b657973;               // "keys": likewise

std::string Hex(const std::string& bytes) {
  static const char* const kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void Add(const std::string& text, base::Hasher* hasher) {
  hasher->UpdateU64(text.size());
  hasher->Update(text.data(), text.size());
}

std::string ReplaceValue(const std::string& sql, const std::string& value) {
  const size_t at = sql.find('$');
  return sql.substr(0, at) + value + sql.substr(at + 1);
}

/// The key columns of a run, as they are kept and compared.
class KeyTexts {
 public:
  KeyTexts(const std::vector<pg::Column>& keys, const std::vector<std::string>& kinds) : keys_(keys) {
    for (const std::string& kind : kinds) kinds_.push_back(KindNamed(kind));
  }

  /// Texts of the key columns of a table with this alias, for a SELECT list.
  std::string List(const std::string& alias) const {
    std::string list;
    for (size_t k = 0; k < keys_.size(); k++)
      list += ", " + ReplaceValue(kinds_[k].sql, alias + "." + pg::QuoteIdent(keys_[k].name));
    return list;
  }
  /// Of what List or Texts has given.
  void Finish(std::vector<pg::Cell>* texts) const {
    for (size_t k = 0; k < texts->size(); k++) {
      if ((*texts)[k] && kinds_[k].number) (*texts)[k] = PlainNumber(*(*texts)[k]);
      if ((*texts)[k] && kinds_[k].real) (*texts)[k] = PlainReal(*(*texts)[k]);
    }
  }
  /// Of keys as texts of any form that their types read.
  std::vector<pg::Cell> Texts(const std::vector<pg::Cell>& keys) {
    pg::Params params;
    if (!texts_) {
      std::string list;
      for (size_t k = 0; k < keys_.size(); k++)
        list += (k > 0 ? ", " : "") +
                ReplaceValue(kinds_[k].sql, "($" + std::to_string(k + 1) + "::" + keys_[k].sql_type + ")");
      texts_.emplace("SELECT " + list, std::vector<std::string>(keys_.size(), "text"));
    }
    for (const pg::Cell& key : keys) params.push_back(key ? pg::Param(*key) : pg::Param(pg::Null{}));
    std::vector<pg::Cell> texts = texts_->Run(params).rows.at(0);
    Finish(&texts);
    return texts;
  }
  /// By which groups are found.
  std::string Lookup(const std::vector<pg::Cell>& texts) const {
    std::string exact;
    for (size_t k = 0; k < texts.size(); k++) {
      if (kinds_[k].exact || !texts[k]) exact += JoinKeys({texts[k]});
    }
    return base::ToHex(base::Hash(exact.data(), exact.size(), kLookupSeed));
  }
  /// The one of the candidates that equals the keys for the server; candidates have the lookup of the keys.
  std::optional<size_t> FindEqual(const std::vector<std::vector<pg::Cell>>& candidates, const std::vector<pg::Cell>& keys) {
    std::vector<size_t> left;  // those that the server must compare
    for (size_t c = 0; c < candidates.size(); c++) {
      if (candidates[c] == keys) return c;
      bool may_equal = false;
      for (size_t k = 0; k < keys.size(); k++) {
        if (candidates[c].at(k) == keys[k]) continue;
        may_equal = !kinds_[k].exact && candidates[c][k] && keys[k];
        if (!may_equal) break;
      }
      if (may_equal) left.push_back(c);
    }
    if (left.empty()) return std::nullopt;
    std::vector<int64_t> numbers(left.begin(), left.end());
    pg::Params params = {std::move(numbers)};
    std::string nulls;
    for (size_t k = 0; k < keys.size(); k++) {
      nulls += keys[k] ? '-' : 'N';
      if (kinds_[k].exact || !keys[k]) continue;
      std::vector<std::string> texts;
      for (const size_t c : left) texts.push_back(*candidates[c][k]);
      params.emplace_back(std::move(texts));
      params.emplace_back(*keys[k]);
    }
    auto found = equal_.find(nulls);
    if (found == equal_.end()) found = equal_.emplace(nulls, EqualStatement(keys, params)).first;
    const pg::Result equal = found->second.Run(params);
    if (equal.empty()) return std::nullopt;
    return static_cast<size_t>(equal.Int());
  }

 private:
  // Numbers and texts of the candidates are arrays, $1 and $2, $4, ...; $3, $5, ... are the keys.
  pg::Statement EqualStatement(const std::vector<pg::Cell>& keys, const pg::Params& params) const {
    std::string unnested = "pg_catalog.unnest($1)", names = "n", condition;
    std::vector<std::string> types;
    for (const pg::Param& param : params) types.emplace_back(pg::TypeNameOf(param));
    int number = 1;
    for (size_t k = 0; k < keys.size(); k++) {
      if (kinds_[k].exact || !keys[k]) continue;
      const std::string& type = keys_[k].sql_type;
      const std::string texts = std::to_string(++number), key = std::to_string(++number);
      unnested += ", pg_catalog.unnest($" + texts + ")";
      names += ", t" + texts;
      condition += (condition.empty() ? "" : " AND ") + ("(u.t" + texts + "::" + type + ") ") +
                   pg::KeyTypeNamed(type).equal + " ($" + key + "::" + type + ")";
    }
    return pg::Statement("SELECT u.n FROM ROWS FROM (" + unnested + ") AS u(" + names + ") WHERE " + condition +
                             " ORDER BY u.n LIMIT 1",
                         types);
  }

  const std::vector<pg::Column> keys_;
  std::vector<KeyKind> kinds_;
  std::optional<pg::Statement> texts_;
  std::map<std::string, pg::Statement> equal_;  // by which keys are NULL
};

/// Groups on their way into the registry.
class GroupBatch {
 public:
  GroupBatch(const std::string& name, int version, const RegistryStatement& change)
      : name_(name), version_(version), change_(change) {}

  void Add(int64_t id, const std::string& lookup, const std::string& keys, int64_t mst_key, const pg::Cell& constants,
           const std::string& weights) {
    ids_.push_back(id);
    lookups_.push_back(lookup);
    keys_.push_back(keys);
    mst_keys_.push_back(mst_key);
    constants_.push_back(constants.value_or(""));
    weights_.push_back(Hex(weights));
    bytes_ += weights.size();
    if (bytes_ >= kMostBatchBytes) Write();
  }
  void Write() {
    if (ids_.empty()) return;
    change_("INSERT INTO " + std::string(kRegisteredGroupModels) +
                " (name, version, group_id, lookup, keys, mst_key, constants, weights) SELECT $1, $2::pg_catalog.int4,"
                " u.id, u.lookup, u.keys, u.k::pg_catalog.int4, NULLIF(u.constants, ''),"
                " pg_catalog.decode(u.weights, 'hex') FROM ROWS FROM (pg_catalog.unnest($3::pg_catalog.int8[]),"
                " pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.text[]),"
                " pg_catalog.unnest($6::pg_catalog.int8[]), pg_catalog.unnest($7::pg_catalog.text[]),"
                " pg_catalog.unnest($8::pg_catalog.text[])) AS u(id, lookup, keys, k, constants, weights)",
            {name_, static_cast<int64_t>(version_), ids_, lookups_, keys_, mst_keys_, constants_, weights_});
    ids_.clear();
    mst_keys_.clear();
    for (std::vector<std::string>* texts : {&lookups_, &keys_, &constants_, &weights_}) texts->clear();
    bytes_ = 0;
  }

 private:
  const std::string name_;
  const int version_;
  const RegistryStatement& change_;
  std::vector<int64_t> ids_, mst_keys_;
  std::vector<std::string> lookups_, keys_, constants_, weights_;
  size_t bytes_ = 0;
};

/// The head of a configuration's states. It has all but weights.
std::string HeadOf(const ModelTable& table, StateEncoder* encoder) {
  const StoredModel& stored = table.models.front();
  const ModelSpec spec = ScoringSpec(stored);
  const std::unique_ptr<engine::Model> model = BuildModel(spec, table.data, ScoringOptions(table, false));
  const engine::StateLayout& layout = model->program().layout();
  const Block block(layout.bytes);
  return encoder->Head(spec, layout, block.data());
}

const char* const kOfVersion =
    " AS t WHERE t.name OPERATOR(pg_catalog.=) $1 AND t.version OPERATOR(pg_catalog.=) $2::pg_catalog.int4";

/// A statement over rows of one version, with the registry's owner's rights.
pg::Result ReadOwned(const std::string& sql, const RegisteredVersion& version) {
  const pg::AsOwnerOf owner(RegistryTable());
  return pg::Read(sql, {version.name, static_cast<int64_t>(version.version)});
}

[[noreturn]] void Lost(const RegisteredVersion& version) {
  throw Error(ErrorCode::kDataCorrupted, "registered model " + version.Text() + " has lost its groups", "",
              "Restore the tables of the registry, or register the model again.");
}

/// "pg_catalog.text COLLATE x" -> "text", as the server names the type of a row's column.
std::string NameOfType(std::string sql_type) {
  static const std::string kServers = "pg_catalog.";
  sql_type = sql_type.substr(0, sql_type.find(" COLLATE "));
  return sql_type.rfind(kServers, 0) == 0 ? sql_type.substr(kServers.size()) : sql_type;
}

struct RegisteredRun {
  GroupRunTable run;
  std::vector<std::string> kinds;
  int global_mst_key = 0;  // where there is one
};

RegisteredRun ReadRun(const RegisteredVersion& version) {
  RegisteredRun read;
  const pg::Result row = ReadOwned("SELECT t.grouping_cols::pg_catalog.text, t.grouping_types::pg_catalog.text,"
                                   " t.grouping_kinds::pg_catalog.text, t.global_mst_key FROM " +
                                       std::string(kRegisteredGroupRuns) + kOfVersion,
                                   version);
  if (row.empty()) Lost(version);
  const std::vector<pg::Cell> names = pg::ParseArrayText(*row.at(0, 0)), types = pg::ParseArrayText(*row.at(0, 1)),
                              kinds = pg::ParseArrayText(*row.at(0, 2));
  if (names.size() != types.size() || names.size() != kinds.size()) Lost(version);
  GroupRunTable& run = read.run;
  run.name.name = version.Text();
  run.name.bare = true;
  for (size_t k = 0; k < names.size(); k++) {
    pg::Column column;
    column.name = names[k].value_or("");
    column.sql_type = column.type = types[k].value_or("");
    column.base_type = NameOfType(column.sql_type);
    run.keys.push_back(std::move(column));
    read.kinds.push_back(kinds[k].value_or(""));
  }
  run.has_global = row.at(0, 3).has_value();
  if (run.has_global) read.global_mst_key = base::WholeInt(row.at(0, 3));
  std::map<std::string, std::shared_ptr<const base::Graph>> graphs;  // by digest
  const pg::Result heads = ReadOwned(
      "SELECT t.mst_key, t.head FROM " + std::string(kRegisteredGroupConfigs) + kOfVersion + " ORDER BY 1", version);
  if (heads.empty()) Lost(version);
  for (const auto& cells : heads.rows) {
    const StateView view(*cells[1]);
    if (run.models.empty()) {
      run.data = base::ReadDataSpec(view.header().data_spec);
      run.seed = static_cast<int64_t>(view.header().seed);
      run.float64 = view.header().precision == base::DType::kFloat64;
    }
    const ModelSpec spec = view.Spec();
    StoredModel model;
    model.mst_key = base::WholeInt(cells[0]);
    model.compile_params = spec.compile_params;
    model.fit_params = spec.fit_params;
    model.status = kStatusTrained;
    std::shared_ptr<const base::Graph>& graph = graphs[view.header().graph_digest];
    if (graph == nullptr) graph = spec.graph;
    model.graph = graph;
    model.config = spec.config;
    run.models.emplace(model.mst_key, std::move(model));
  }
  return read;
}

class RegisteredGroupModels : public GroupModels {
 public:
  RegisteredGroupModels(RegisteredRun read, const RegisteredVersion& version)
      : GroupModels(std::move(read.run), "registered " + version.Text() + " " + version.digest),
        version_(version),
        global_mst_key_(read.global_mst_key),
        texts_(run_.keys, read.kinds) {}

  std::optional<ChosenModel> Find(const std::vector<pg::Cell>& keys) override {
    const std::vector<pg::Cell> texts = texts_.Texts(keys);
    pg::Result found;
    {
      const pg::AsOwnerOf owner(RegistryTable());
      if (!find_) {
        find_.emplace("SELECT t.group_id, t.mst_key, t.keys FROM " + std::string(kRegisteredGroupModels) + kOfVersion +
                          " AND t.lookup OPERATOR(pg_catalog.=) $3",
                      std::vector<std::string>{"text", "int8", "text"});
      }
      found = find_->Run({version_.name, static_cast<int64_t>(version_.version), texts_.Lookup(texts)});
    }
    std::vector<std::vector<pg::Cell>> candidates;
    for (const auto& row : found.rows) {
      candidates.push_back(SplitKeys(row[2].value_or("")));
      if (candidates.back().size() != texts.size()) Lost(version_);
    }
    const std::optional<size_t> equal = texts_.FindEqual(candidates, texts);
    if (!equal) return std::nullopt;
    const auto& row = found.rows.at(*equal);
    return ChosenModel{base::WholeNumber(row[0]), kChosenOwn, base::WholeInt(row[1])};
  }

  GroupWeights Read(const ChosenModel& model) override {
    const pg::AsOwnerOf owner(RegistryTable());
    if (!read_) {
      read_.emplace("SELECT t.weights, t.constants FROM " + std::string(kRegisteredGroupModels) + kOfVersion +
                        " AND t.group_id OPERATOR(pg_catalog.=) $3",
                    std::vector<std::string>{"text", "int8", "int8"});
    }
    const pg::Result row = read_->Run({version_.name, static_cast<int64_t>(version_.version), model.group_id});
    if (row.empty() || !row.at(0, 0)) Lost(version_);
    return {*row.at(0, 0), row.at(0, 1)};
  }

  std::optional<ModelTable> Global() override {
    if (!run_.has_global) return std::nullopt;
    RegisteredVersion global = version_;
    global.groups = false;
    ModelTable table = OpenRegistered(global);
    table.models.front().mst_key = global_mst_key_;
    return table;
  }
  std::string GlobalIdentity() override { return run_.has_global ? identity_ + " global" : ""; }

  bool IsTemporary() const override { return true; }
  pg::TableName Groups() override {
    const pg::TableName table{"pg_temp", "cerebro_groups_to_predict"};
    std::string columns = "group_id pg_catalog.int8", types;
    for (const pg::Column& key : run_.keys) columns += ", " + pg::QuoteIdent(key.name) + " " + key.sql_type;
    pg::Execute("CREATE TEMPORARY TABLE " + pg::QuoteIdent(table.name) + " (" + columns +
                ", chosen pg_catalog.text, mst_key pg_catalog.int4) ON COMMIT DROP");
    std::string values, unnested = "pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.int8[])",
                        names = "id, k";
    for (size_t k = 0; k < run_.keys.size(); k++) {
      const std::string number = std::to_string(k + 3), name = "u.t" + number;
      unnested += ", pg_catalog.unnest($" + number + "::pg_catalog.text[])";
      names += ", t" + number;
      // a value's text begins with "=", so that NULL is not mistaken for a text
      values += ", (CASE WHEN " + name + " OPERATOR(pg_catalog.<>) '' THEN pg_catalog.substr(" + name + ", 2) END)::" +
                run_.keys[k].sql_type;
    }
    const std::string insert = "INSERT INTO " + table.Sql() + " SELECT u.id" + values + ", '" + kChosenOwn +
                               "', u.k::pg_catalog.int4 FROM ROWS FROM (" + unnested + ") AS u(" + names + ")";
    int64_t last = 0;
    for (;;) {
      pg::Result rows;
      {
        const pg::AsOwnerOf owner(RegistryTable());
        rows = pg::Read("SELECT t.group_id, t.mst_key, t.keys FROM " + std::string(kRegisteredGroupModels) +
                            kOfVersion + " AND t.group_id OPERATOR(pg_catalog.>) $3::pg_catalog.int8 ORDER BY 1"
                            " LIMIT 1000",
                        {version_.name, static_cast<int64_t>(version_.version), last});
      }
      if (rows.empty()) break;
      std::vector<int64_t> ids, mst_keys;
      std::vector<std::vector<std::string>> keys(run_.keys.size());
      for (const auto& row : rows.rows) {
        ids.push_back(base::WholeNumber(row[0]));
        mst_keys.push_back(base::WholeNumber(row[1]));
        const std::vector<pg::Cell> texts = SplitKeys(row[2].value_or(""));
        for (size_t k = 0; k < keys.size(); k++) keys[k].push_back(texts.at(k) ? "=" + *texts[k] : std::string());
      }
      last = ids.back();
      pg::Params params = {std::move(ids), std::move(mst_keys)};
      for (std::vector<std::string>& texts : keys) params.emplace_back(std::move(texts));
      pg::Execute(insert, params);
    }
    pg::Execute("ANALYZE " + table.Sql());
    return table;
  }

 private:
  const RegisteredVersion version_;
  const int global_mst_key_;
  KeyTexts texts_;
  std::optional<pg::Statement> find_, read_;
};

}  // namespace

namespace {

/// Whoever predicts reads keys as their types do.
void RequireKeepable(const pg::Column& key, const pg::KeyType& type) {
  if (!type.is_composed) return;
  throw Error(ErrorCode::kFeatureNotSupported, "a run over groups by column \"" + key.name + "\" of type " + key.type + " cannot be registered",
              "A row or a range has values of other types, and reading them may run code of whoever made these.",
              "Pack by columns of plain types, such as those of the row.");
}

/// The type in which keys are kept and compared. Labels are texts: a cast to the enum might be a function of whoever made it.
std::string KeptType(const pg::Column& key, const pg::KeyType& type) {
  if (type.holds_enum) return key.is_array ? "pg_catalog.text[]" : "pg_catalog.text";
  return key.sql_type + type.collate;
}

}  // namespace

WrittenGroups WriteRegisteredGroups(GroupModels* models, const std::optional<int>& global_mst_key,
                                    const std::string& name, int version, const RegistryStatement& change) {
  const GroupRunTable& run = models->run();
  const auto number = static_cast<int64_t>(version);
  WrittenGroups written;
  base::Hasher hasher(kDigestSeed);
  StateEncoder encoder(run.data);
  std::map<int, int64_t> parameters;  // by mst_key
  for (const auto& [mst_key, stored] : run.models) {
    pg::CheckInterrupts();
    const std::string head = HeadOf(models->Bare(mst_key), &encoder);
    const StateView view(head);
    for (const std::string& text : {view.header().graph_digest, view.header().compile_params, view.header().fit_params,
                                    view.header().data_spec, std::string(base::DTypeName(view.header().precision))})
      Add(text, &hasher);
    hasher.UpdateU64(static_cast<uint64_t>(mst_key));
    parameters[mst_key] = static_cast<int64_t>(view.WeightCount());
    change("INSERT INTO " + std::string(kRegisteredGroupConfigs) +
               " (name, version, mst_key, head) VALUES ($1, $2::pg_catalog.int4, $3::pg_catalog.int4, $4)",
           {name, number, static_cast<int64_t>(mst_key), pg::Bytea{head}});
    written.bytes += static_cast<int64_t>(head.size());
  }
  std::vector<std::string> names, types, kinds;
  for (const pg::Column& key : run.keys) {
    const pg::KeyType type = pg::KeyTypeOf(run.Tables().groups, key.name);
    RequireKeepable(key, type);
    names.push_back(key.name);
    types.push_back(KeptType(key, type));
    kinds.push_back(KindOfKey(key, type));
    for (const std::string& text : {names.back(), types.back()}) Add(text, &hasher);
  }
  const KeyTexts texts(run.keys, kinds);
  GroupBatch batch(name, version, change);
  int64_t own = 0;
  pg::Cursor cursor("SELECT g.group_id, g.mst_key, m.model_weights, g.constants::pg_catalog.text" + texts.List("g") +
                        " FROM " + run.Tables().groups.Sql() + " AS g JOIN " + run.name.Sql() +
                        " AS m ON m.group_id OPERATOR(pg_catalog.=) g.group_id AND m.mst_key OPERATOR(pg_catalog.=) "
                        "g.mst_key WHERE g.chosen OPERATOR(pg_catalog.=) '" +
                        kChosenOwn + "' ORDER BY g.group_id",
                    {}, false);
  for (;;) {
    const pg::Result rows = cursor.Fetch(kGroupsAtOnce);
    if (rows.empty()) break;
    for (const auto& row : rows.rows) {
      pg::CheckInterrupts();
      std::vector<pg::Cell> keys(row.begin() + 4, row.end());
      texts.Finish(&keys);
      const std::string joined = JoinKeys(keys);
      batch.Add(base::WholeNumber(row[0]), texts.Lookup(keys), joined, base::WholeNumber(row[1]), row[3], row[2].value_or(""));
      for (const std::string& text : {joined, *row[1], row[2].value_or(""), row[3].value_or("")}) Add(text, &hasher);
      written.bytes += static_cast<int64_t>(joined.size() + row[2].value_or("").size());
      written.parameters += parameters[base::WholeInt(row[1])];
      own++;
    }
  }
  batch.Write();
  change("INSERT INTO " + std::string(kRegisteredGroupRuns) +
             " (name, version, grouping_cols, grouping_types, grouping_kinds, own_models, global_mst_key) VALUES ($1,"
             " $2::pg_catalog.int4, $3, $4, $5, $6, $7::pg_catalog.int4)",
         {name, number, names, types, kinds, own,
          global_mst_key ? pg::Param(std::to_string(*global_mst_key)) : pg::Param(pg::Null{})});
  written.digest = base::ToHex(hasher.Finish());
  return written;
}

std::unique_ptr<GroupModels> OpenRegisteredGroups(const RegisteredVersion& version) {
  return std::make_unique<RegisteredGroupModels>(ReadRun(version), version);
}

void RequireOneModel(const RegisteredVersion& version) {
  if (!version.groups) return;
  throw Error(ErrorCode::kWrongObjectType, "registered model " + version.Text() + " has a model for each group",
              "It is a run over groups; one model is wanted here.",
              "Predict with it by cerebro.predict(), which chooses the model by a row's grouping columns.");
}

}  // namespace store
