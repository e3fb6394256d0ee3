// Where every tensor of a model lies in its block (engine/state.hpp).
#pragma once

#include <string>
#include <vector>

#include "base/graph.hpp"
#include "engine/state.hpp"

namespace engine {

constexpr size_t kTensorAlignment = 64;

/// Counters, then weights in Keras's order, then for every trainable weight its slots in the order of `slots`.
StateLayout MakeStateLayout(const base::Graph& graph, const std::vector<std::string>& slots, base::DType precision);

}  // namespace engine
