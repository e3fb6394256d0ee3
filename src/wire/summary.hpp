// A graph as a table of text, in the manner of Keras's model.summary(), with the FLOPs of each layer. Called by
// store/builders.hpp.
#pragma once

#include <string>
#include <vector>

#include "base/graph.hpp"

namespace wire {

/// The lines. A layer has one row, and one more for each further input; FLOPs are those of the forward pass of one row,
/// all calls of the layer together. REQUIRES a graph with shapes.
std::vector<std::string> Summarize(const base::Graph& graph);

}  // namespace wire
