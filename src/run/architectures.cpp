#include "run/architectures.hpp"

#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "wire/keras.hpp"

namespace run {

Architecture ReadArchitecture(std::string_view model_arch_table, int model_id) {
  const pg::TableName table = pg::ParseTableName(model_arch_table, "model_arch_table");
  const std::vector<pg::Column> columns = pg::TableColumns(table, "model_arch_table");
  for (const char* needed : {"model_id", "model_arch", "model_weights", "name"}) {
    if (pg::FindColumn(columns, needed) == nullptr) {
      throw base::Error(base::ErrorCode::kUndefinedColumn,
                        "table " + table.Sql() + " has no column \"" + needed + "\": it is no architecture table", "",
                        "Fill architecture tables by cerebro.load_model().");
    }
  }
  const pg::Result result = pg::Read("SELECT model_arch::pg_catalog.text, model_weights, name FROM " + table.Sql() +
                                         " WHERE model_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
                                     {static_cast<int64_t>(model_id)});
  if (result.empty()) {
    throw base::Error(base::ErrorCode::kUndefinedObject, "model_id " + std::to_string(model_id) + " is not in table " + table.Sql(), "",
                      "Load the architecture by cerebro.load_model().");
  }
  if (!result.at(0, 0)) {
    throw base::Error(base::ErrorCode::kNullValue,
                      "model_arch of model_id " + std::to_string(model_id) + " in table " + table.Sql() + " is NULL");
  }
  Architecture architecture;
  architecture.model_id = model_id;
  architecture.json = *result.at(0, 0);
  try {
    architecture.graph = wire::ReadKeras(architecture.json);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), "model_id " + std::to_string(model_id) + ": " + error.what(), error.detail(), error.hint());
  }
  architecture.weights = result.at(0, 1);
  architecture.name = result.at(0, 2).value_or("");
  return architecture;
}

void LoadArchitectureWeights(const Architecture& architecture, const engine::Model& model, void* block) {
  if (!architecture.weights) return;
  const std::string& raw = *architecture.weights;
  const int64_t needed = model.layout().weight_count;
  if (raw.size() != static_cast<size_t>(needed) * sizeof(float)) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "model_weights of model_id " + std::to_string(architecture.model_id) + " has " + std::to_string(raw.size()) +
                          " bytes, the architecture needs " + std::to_string(needed * sizeof(float)),
                      "Weights are float32 in Keras's order, " + std::to_string(needed) + " numbers for this architecture.",
                      "Load the weights of the same architecture, or NULL.");
  }
  std::vector<float> weights(static_cast<size_t>(needed));
  std::memcpy(weights.data(), raw.data(), raw.size());
  model.LoadWeights(block, weights.data(), needed);
}

}  // namespace run
