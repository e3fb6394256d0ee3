// Architecture tables: the networks that a user has loaded.
//
//   architecture table      model_id INTEGER PRIMARY KEY, model_arch JSON, model_weights BYTEA, name TEXT, description TEXT,
//                           __internal_madlib_id__ TEXT, weight_layers TEXT[]
//
// weight_layers: the layers whose weights model_weights holds, in the architecture's order, where these are not all. The others are drawn by each
// model for itself: a new head on a trunk that was trained before. Tables of version 0.1 have no such column; it is added when it is needed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"
#include "engine/core/program.hpp"
#include "pg/names.hpp"

namespace store {

struct Architecture {
  int model_id = 0;
  std::shared_ptr<const base::Graph> graph;
  std::string json;                    // as loaded
  std::optional<std::string> weights;  // raw float32, Keras order: transfer weights; zeros where none are given
  std::vector<bool> given;             // by layer: whether its weights are; empty: all of them, where there are weights
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

/// Weights of some layers -> those of all, with zeros for the others. given: Architecture::given. Errors: kInvalidParameter, naming `what`, for a
/// wrong length.
std::string ExpandWeights(const base::Graph& graph, const std::vector<bool>& given, const std::string& weights, const std::string& what);

/// Overwrites the weights of the given layers in a block. weights: of all layers. REQUIRES the length that the program says.
void LoadGivenWeights(const engine::Program& program, const base::Graph& graph, const std::vector<bool>& given, const std::string& weights, void* block);

/// Adds a row to a table, which is made when it is not there; nothing is checked but the table. weight_layers: empty when model_weights has all.
/// Returns the model_id: one more than the greatest in the table.
struct NewArchitecture {
  std::string json;
  std::optional<std::string> weights, name, description;
  std::vector<std::string> weight_layers;
};
int AddArchitecture(const pg::TableName& table, const NewArchitecture& row);

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
