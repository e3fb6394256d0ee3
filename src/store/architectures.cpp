#include "store/architectures.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/graph.hpp"
#include "base/literal.hpp"
#include "base/value.hpp"
#include "pg/cluster.hpp"
#include "pg/large_value.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "wire/keras.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kArgument = "model_arch_table";
constexpr int kMostKeysListed = 10;

void RequireArchitectureColumns(const pg::TableName& table) {
  const std::vector<pg::Column> columns = pg::TableColumns(table, kArgument);
  std::string missing;
  for (const char* needed : {"model_id", "model_arch", "model_weights", "name", "description", "__internal_madlib_id__"}) {
    if (pg::FindColumn(columns, needed) == nullptr) missing += std::string(missing.empty() ? "" : ", ") + needed;
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::kUndefinedColumn, "table " + table.Text() + " is no architecture table, missing columns: " + missing, "",
              "Choose another name, or drop the table: cerebro.load_model() makes it when it does not exist.");
}

// Tables of version 0.1 do not have it.
bool HasWeightLayers(const pg::TableName& table) { return pg::FindColumn(pg::TableColumns(table, kArgument), "weight_layers") != nullptr; }

// Two sessions that load their first model at the same time must not both create the table.
void CreateArchitectureTable(const pg::TableName& table) {
  pg::RequireCreate(table);
  pg::AwaitOutput(table);
  if (pg::TableExists(table)) return;
  pg::Execute("CREATE TABLE " + table.Sql() +
              " (model_id pg_catalog.int4 PRIMARY KEY, model_arch pg_catalog.json, model_weights pg_catalog.bytea,"
              " name pg_catalog.text, description pg_catalog.text, __internal_madlib_id__ pg_catalog.text, weight_layers pg_catalog.text[])" + pg::DistributedBy("model_id"));
  pg::Notice("created architecture table " + table.Text());
}

// A weight that is no number makes every model of the architecture diverge at once.
void RequireFinite(const base::Graph& graph, const std::string& weights, const std::string& what) {
  const char* at = weights.data();
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      for (int64_t i = 0; i < base::ElementCount(weight.shape); i++, at += sizeof(float)) {
        float value = 0;
        std::memcpy(&value, at, sizeof(value));
        if (std::isfinite(value)) continue;
        throw Error(ErrorCode::kInvalidData,
                    what + " holds " + pg::NumberText(static_cast<double>(value)) + " at element " + std::to_string(i + 1) +
                        " of \"" + weight.name + "\" of layer \"" + layer.name + "\"",
                    "", "Take the weights from a model that has not diverged, and write them as little-endian float32.");
      }
    }
  }
}

void CheckWeights(const base::Graph& graph, const std::string& weights) {
  const int64_t count = graph.WeightCount();
  const auto bytes = static_cast<int64_t>(weights.size());
  if (bytes == count * static_cast<int64_t>(sizeof(float))) return RequireFinite(graph, weights, "model_weights");
  throw Error(ErrorCode::kInvalidParameter,
              "model_weights has " + std::to_string(bytes) + " bytes, the architecture needs " + std::to_string(count * sizeof(float)),
              "The architecture has " + std::to_string(count) + " weights, each a float32 of 4 bytes.",
              "Concatenate the arrays of model.get_weights() in their order as little-endian float32.");
}

void NoticeIgnored(const std::vector<std::string>& settings) {
  constexpr size_t kMostListed = 10;
  if (settings.empty()) return;
  std::string list;
  for (size_t i = 0; i < settings.size() && i < kMostListed; i++) list += (i > 0 ? "; " : "") + settings[i];
  if (settings.size() > kMostListed) list += "; and " + std::to_string(settings.size() - kMostListed) + " more";
  pg::Notice("settings of the architecture that have no effect: " + list,
             "Models are trained in the type that cerebro.precision says, with random numbers by the run's seed, as the model selection table "
             "says.");
}

pg::Param OptionalText(const std::optional<std::string>& text) { return text ? pg::Param(*text) : pg::Param(pg::Null{}); }

std::string KnownModels(const pg::TableName& table) {
  const pg::Result ids =
      pg::Read("SELECT model_id FROM " + table.Sql() + " ORDER BY model_id LIMIT " + std::to_string(kMostKeysListed + 1));
  if (ids.empty()) return "The table is empty.";
  std::string list;
  for (size_t i = 0; i < ids.rows.size() && i < static_cast<size_t>(kMostKeysListed); i++) {
    list += (i > 0 ? ", " : "") + ids.at(i, 0).value_or("NULL");
  }
  if (ids.rows.size() > static_cast<size_t>(kMostKeysListed)) list += ", ...";
  return "The table has model_id " + list + ".";
}

}  // namespace

int LoadModel(std::string_view model_arch_table, std::string_view model_arch, const std::optional<std::string>& model_weights,
              const std::optional<std::string>& name, const std::optional<std::string>& description) {
  const pg::TableName table = pg::ParseTableName(model_arch_table, kArgument);
  const std::optional<base::Graph> graph = wire::CheckKeras(model_arch);
  if (graph && model_weights) CheckWeights(*graph, *model_weights);
  NoticeIgnored(wire::IgnoredSettings(model_arch));
  if (!graph) {
    pg::Notice("the architecture leaves the shape of an input open: it takes that of the packed table's column when it is trained",
               "Shapes and weights are checked then.");
  }
  NewArchitecture row;
  row.json = model_arch;
  row.weights = model_weights;
  row.name = name;
  row.description = description;
  return AddArchitecture(table, row);
}

int AddArchitecture(const pg::TableName& table, const NewArchitecture& row) {
  if (!pg::TableExists(table)) CreateArchitectureTable(table);
  RequireArchitectureColumns(table);
  // the lock lets readers in and keeps other loads out, so that the greatest model_id stays the greatest
  pg::Execute("LOCK TABLE " + table.Sql() + " IN SHARE ROW EXCLUSIVE MODE");
  const bool partial = !row.weight_layers.empty();
  if (partial && !HasWeightLayers(table)) {
    pg::Execute("ALTER TABLE " + table.Sql() + " ADD COLUMN weight_layers pg_catalog.text[]");
    pg::Notice("added column weight_layers to architecture table " + table.Text());
  }
  const int64_t model_id =
      pg::Execute("SELECT coalesce(pg_catalog.max(model_id), 0)::pg_catalog.int8 OPERATOR(pg_catalog.+) 1 FROM " + table.Sql()).Int();
  pg::Params params = {model_id, row.json, OptionalText(row.name), OptionalText(row.description),
                       row.weights ? pg::Param(pg::Bytea{*row.weights}) : pg::Param(pg::Null{})};
  if (partial) params.push_back(row.weight_layers);
  pg::Execute("INSERT INTO " + table.Sql() + " (model_id, model_arch, name, description, model_weights" + (partial ? ", weight_layers" : "") +
                  ") VALUES ($1::pg_catalog.int4, $2::pg_catalog.json, $3, $4, $5::pg_catalog.bytea" + (partial ? ", $6)" : ")"),
              params);
  return static_cast<int>(model_id);
}

void StoreWeights(std::string_view model_arch_table, const Architecture& architecture, const std::string& weights) {
  const pg::TableName table = pg::ParseTableName(model_arch_table, kArgument);
  RequireFinite(*architecture.graph, weights, "the file");
  const pg::Result updated = pg::Execute("UPDATE " + table.Sql() +
                                             " SET model_weights = $1::pg_catalog.bytea" + (HasWeightLayers(table) ? ", weight_layers = NULL" : "") +
                                             " WHERE model_id OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                                         {pg::Bytea{weights}, static_cast<int64_t>(architecture.model_id)});
  if (updated.processed == 1) return;
  throw Error(ErrorCode::kUndefinedObject, "model_id " + std::to_string(architecture.model_id) + " of table " + table.Text() +
                                               " was not changed", "Another session has deleted it, or row-level security keeps it from being changed.");
}

void DeleteModel(std::string_view model_arch_table, int model_id) {
  const pg::TableName table = pg::ParseTableName(model_arch_table, kArgument);
  RequireArchitectureColumns(table);
  const pg::Result deleted = pg::Execute("DELETE FROM " + table.Sql() + " WHERE model_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
                                         {static_cast<int64_t>(model_id)});
  if (deleted.processed == 0) {
    throw Error(ErrorCode::kUndefinedObject, "model_id " + std::to_string(model_id) + " is not in table " + table.Text(), "",
                KnownModels(table));
  }
  pg::Execute("LOCK TABLE " + table.Sql() + " IN SHARE ROW EXCLUSIVE MODE");
  if (!pg::Execute("SELECT 1 FROM " + table.Sql() + " LIMIT 1").empty()) return;
  // another role's table stays, empty: only its owner may drop it
  const pg::Result owned = pg::Execute(
      "SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass"
      " AND pg_catalog.pg_has_role(c.relowner, 'USAGE')",
      {table.Sql()});
  if (owned.empty()) return;
  pg::Execute("DROP TABLE " + table.Sql());
  pg::Notice("dropped architecture table " + table.Text() + ": its last model was deleted");
}

std::string ExpandWeights(const base::Graph& graph, const std::vector<bool>& given, const std::string& weights, const std::string& what) {
  std::string whole;
  size_t from = 0, needed = 0;
  for (size_t layer = 0; layer < graph.layers.size(); layer++) {
    size_t bytes = 0;
    for (const base::WeightSpec& weight : graph.layers[layer].weights) bytes += static_cast<size_t>(base::ElementCount(weight.shape)) * sizeof(float);
    if (!given[layer]) {
      whole.append(bytes, '\0');
      continue;
    }
    needed += bytes;
    if (from + bytes <= weights.size()) whole.append(weights, from, bytes);
    from += bytes;
  }
  if (needed == weights.size()) return whole;
  throw Error(ErrorCode::kInvalidParameter,
              what + " has " + std::to_string(weights.size()) + " bytes, the layers that it holds need " + std::to_string(needed), "",
              "weight_layers names the layers, in the architecture's order.");
}

void LoadGivenWeights(const engine::Program& program, const base::Graph& graph, const std::vector<bool>& given, const std::string& weights, void* block) {
  std::vector<float> values(weights.size() / sizeof(float));
  std::memcpy(values.data(), weights.data(), weights.size());
  if (!given.empty()) {
    std::string initial;
    program.StoreWeights(block, &initial, pg::CheckInterrupts);
    size_t at = 0;
    for (size_t layer = 0; layer < given.size(); layer++) {
      for (const base::WeightSpec& weight : graph.layers[layer].weights) {
        const auto count = static_cast<size_t>(base::ElementCount(weight.shape));
        if (!given[layer]) std::memcpy(values.data() + at, initial.data() + at * sizeof(float), count * sizeof(float));
        at += count;
      }
    }
  }
  program.LoadWeights(block, values.data(), static_cast<int64_t>(values.size()), pg::CheckInterrupts);
}

namespace {

// names: a JSON list, as the row has it.
std::vector<bool> GivenLayers(const base::Graph& graph, const std::string& names, int model_id) {
  std::vector<bool> given(graph.layers.size());
  const base::Value list = base::ParseLiteral(names);
  for (const base::Value& name : list.list()) {
    const auto same = std::find_if(graph.layers.begin(), graph.layers.end(), [&](const base::Layer& layer) { return name.is_string() && layer.name == name.string(); });
    if (same == graph.layers.end()) {
      throw Error(ErrorCode::kInvalidParameter,
                  "weight_layers of model_id " + std::to_string(model_id) + " names a layer that the architecture does not have: " + base::FormatJson(name));
    }
    given[static_cast<size_t>(same - graph.layers.begin())] = true;
  }
  return given;
}

Architecture Read(const pg::TableName& table, int model_id, const base::DataSpec* data) {
  const std::vector<pg::Column> columns = pg::TableColumns(table, "model_arch_table");
  for (const char* needed : {"model_id", "model_arch", "model_weights", "name"}) {
    if (pg::FindColumn(columns, needed) == nullptr) {
      throw base::Error(base::ErrorCode::kUndefinedColumn,
                        "table " + table.Text() + " has no column \"" + needed + "\": it is no architecture table", "",
                        "Fill architecture tables by cerebro.load_model().");
    }
  }
  const std::string from = "FROM " + table.Sql() + " WHERE model_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4";
  const pg::Params key = {static_cast<int64_t>(model_id)};
  const bool partial = pg::FindColumn(columns, "weight_layers") != nullptr;
  const pg::Result result = pg::Read("SELECT model_arch::pg_catalog.text, name, " +
                                         std::string(partial ? "pg_catalog.array_to_json(weight_layers)::pg_catalog.text " : "NULL::pg_catalog.text ") + from,
                                     key);
  if (result.empty()) {
    throw base::Error(base::ErrorCode::kUndefinedObject, "model_id " + std::to_string(model_id) + " is not in table " + table.Text(),
                      pg::HiddenRowsDetail(table), "Load the architecture by cerebro.load_model().");
  }
  if (!result.at(0, 0)) {
    throw base::Error(base::ErrorCode::kNullValue,
                      "model_arch of model_id " + std::to_string(model_id) + " in table " + table.Text() + " is NULL");
  }
  Architecture architecture;
  architecture.model_id = model_id;
  architecture.json = *result.at(0, 0);
  try {
    architecture.graph = std::make_shared<const base::Graph>(wire::ReadKeras(architecture.json, data));
  } catch (const base::Error& error) {
    throw base::Error(error.code(), "model_id " + std::to_string(model_id) + ": " + error.what(), error.detail(), error.hint());
  }
  architecture.weights = pg::ReadLargeValue("model_weights", from, key).bytes;
  if (architecture.weights && result.at(0, 2)) {
    const std::string what = "model_weights of model_id " + std::to_string(model_id);
    architecture.given = GivenLayers(*architecture.graph, *result.at(0, 2), model_id);
    architecture.weights = ExpandWeights(*architecture.graph, architecture.given, *architecture.weights, what);
  }
  if (architecture.weights && architecture.weights->size() == static_cast<size_t>(architecture.graph->WeightCount()) * sizeof(float)) {
    RequireFinite(*architecture.graph, *architecture.weights, "model_weights of model_id " + std::to_string(model_id));
  }
  architecture.name = result.at(0, 1).value_or("");
  return architecture;
}

}  // namespace

Architecture ReadArchitecture(std::string_view model_arch_table, int model_id, const base::DataSpec& data) {
  return ReadArchitecture(pg::ParseTableName(model_arch_table, "model_arch_table"), model_id, data);
}

Architecture ReadArchitecture(const pg::TableName& table, int model_id, const base::DataSpec& data) { return Read(table, model_id, &data); }

Architecture ReadArchitecture(std::string_view model_arch_table, int model_id) {
  return Read(pg::ParseTableName(model_arch_table, "model_arch_table"), model_id, nullptr);
}

void LoadArchitectureWeights(const Architecture& architecture, const engine::Program& program, void* block) {
  if (!architecture.weights) return;
  const std::string& raw = *architecture.weights;
  const int64_t needed = program.layout().weight_count;
  if (raw.size() != static_cast<size_t>(needed) * sizeof(float)) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "model_weights of model_id " + std::to_string(architecture.model_id) + " has " + std::to_string(raw.size()) +
                          " bytes, the architecture needs " + std::to_string(needed * sizeof(float)),
                      "Weights are float32 in Keras's order, " + std::to_string(needed) + " numbers for this architecture.",
                      "Load the weights of the same architecture, or NULL.");
  }
  LoadGivenWeights(program, *architecture.graph, architecture.given, raw, block);
}

}  // namespace store
