// The weights of a graph that an optimizer moves, and where they lie in a block of state: what all trainers of a program
// share. In trainer.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "engine/api/constraint.hpp"
#include "engine/api/state.hpp"
#include "engine/native/constraint.hpp"

namespace engine::native {

/// A weight that the optimizer moves, wherever its model's block lies.
struct TrainedWeight {
  size_t tensor = 0;  // index into StateLayout::tensors
  size_t first_slot = 0;
  size_t index = 0;  // in the layer's weights
  int64_t count = 0;
  Regularizer regularizer;
  std::optional<WeightConstraint> constraint;
  std::string name;  // "<layer>/<weight>"
};

struct TrainedWeights {
  /// layout: of the same graph.
  TrainedWeights(const base::Graph& graph, const StateLayout& layout);

  std::vector<size_t> offsets;                     // of the state's tensors
  std::vector<size_t> counts;                      // by graph layer: of its weights, trained or not
  std::vector<std::vector<TrainedWeight>> layers;  // by graph layer
  size_t slots = 0;                                // of a trained weight
  int64_t elements = 0;                            // of all weights, trained or not
};

}  // namespace engine::native
