// Which packed columns feed which inputs and outputs of a graph, and whether they fit.
#pragma once

#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"

namespace engine {

/// The columns of one input layer, side by side in the last dimension (one column but for tabular data).
struct InputBinding {
  std::vector<int> columns;  // indexes into DataSpec::inputs
  base::Shape shape;         // of one row, as the model sees it
};

/// Columns belong to input layers in order. A column fits when its shape is the layer's, trailing dimensions of 1 not counted: (28, 28)
/// feeds (28, 28, 1), a scalar feeds (1). A model with one input of shape (k) may also be fed by several columns, scalars or vectors, of
/// k elements together: they are concatenated in the table's order. Throws kInvalidParameter naming column, shapes and layer.
std::vector<InputBinding> BindInputs(const base::Graph& graph, const base::DataSpec& data);

/// Checks that targets and losses fit the outputs, in order: dense losses ask for the output's shape (trailing ones not counted), sparse
/// ones for the output's shape without the last dimension and no more classes than it has. Whether a loss makes sense for what the column
/// means is checked before (plan/training_check.hpp). Returns the loss of every output. Throws kInvalidParameter naming column, loss and
/// output layer.
std::vector<base::LossConfig> BindTargets(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data);

/// Name of the layer that makes an output.
const std::string& OutputName(const base::Graph& graph, size_t output);

}  // namespace engine
