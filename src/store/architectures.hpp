// Architecture tables: the networks that a user has loaded.
//
//   architecture table      model_id INTEGER PRIMARY KEY, model_arch JSON, model_weights BYTEA, name TEXT, description TEXT,
//                           __internal_madlib_id__ TEXT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/graph.hpp"
#include "engine/core/program.hpp"
#include "pg/names.hpp"

namespace store {

struct Architecture {
  int model_id = 0;
  std::shared_ptr<const base::Graph> graph;
  std::string json;                    // as loaded
  std::optional<std::string> weights;  // raw float32, Keras order: transfer weights
  std::string name;
};

/// Reads one row. data: the packed table that the model is for; an input whose shape the architecture leaves open has its column's.
/// Errors: the table or the model_id does not exist (hint: load_model()), the architecture is NULL or cannot be read.
Architecture ReadArchitecture(std::string_view model_arch_table, int model_id, const base::DataSpec& data);
Architecture ReadArchitecture(const pg::TableName& table, int model_id, const base::DataSpec& data);
/// Without a table of rows: an input shape that the architecture leaves open is refused.
Architecture ReadArchitecture(std::string_view model_arch_table, int model_id);

/// Overwrites a block's initial weights with the architecture's, where it has any. Errors: kInvalidParameter for a
/// wrong length.
void LoadArchitectureWeights(const Architecture& architecture, const engine::Program& program, void* block);

/// cerebro.load_model: checks an architecture and its weights and adds them to the table, which is made when it is not
/// there. weights: raw little-endian float32 in Keras's order, or none. Returns the model_id: one more than the
/// greatest in the table. A model that states no input shape takes that of the packed table when it is trained, and its weights are counted
/// then. Errors: what wire::ReadKeras refuses; weights of a wrong length; a table that is no
/// architecture table.
int LoadModel(std::string_view model_arch_table, std::string_view model_arch, const std::optional<std::string>& model_weights,
              const std::optional<std::string>& name, const std::optional<std::string>& description);

/// Overwrites the weights of a row, which the caller has read. Errors: kInvalidData for weights that are no finite numbers.
void StoreWeights(std::string_view model_arch_table, const Architecture& architecture, const std::string& weights);

/// cerebro.delete_model: removes one architecture, and the table with its last one where the caller owns it.
void DeleteModel(std::string_view model_arch_table, int model_id);

}  // namespace store
