// Architecture tables, as training reads them (src/run/configs.* writes them).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/graph.hpp"
#include "engine/model.hpp"

namespace run {

struct Architecture {
  int model_id = 0;
  base::Graph graph;
  std::string json;                    // as loaded
  std::optional<std::string> weights;  // raw float32, Keras order: transfer weights
  std::string name;
};

/// Reads one row. Errors: the table or the model_id does not exist (hint: load_model()), the architecture is NULL or cannot be read.
Architecture ReadArchitecture(std::string_view model_arch_table, int model_id);

/// Overwrites a block's initial weights with the architecture's, where it has any. Errors: kInvalidParameter for a wrong length.
void LoadArchitectureWeights(const Architecture& architecture, const engine::Model& model, void* block);

}  // namespace run
