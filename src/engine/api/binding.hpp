// Which packed columns feed which inputs and outputs of a graph, and whether they fit.
#pragma once

#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"

namespace engine {

/// Consecutive elements of a packed column's rows.
struct InputPart {
  int column = 0;     // index into DataSpec::inputs
  int64_t first = 0;  // element
  int64_t count = 0;  // elements
};

inline bool operator==(const InputPart& a, const InputPart& b) { return a.column == b.column && a.first == b.first && a.count == b.count; }

/// What feeds one input layer, side by side in the last dimension (one part but for tabular data).
struct InputBinding {
  std::vector<InputPart> parts;
  base::Shape shape;  // of one row, as the model sees it
  bool read = true;   // by a call, or an output of the model; what nobody reads need not be in a buffer
};

/// Columns belong to input layers in order; the members of a packed column count as scalar columns. A column fits when its shape is the
/// layer's, trailing dimensions of 1 not counted: (28, 28) feeds (28, 28, 1), a scalar feeds (1). An input of shape (k) may also be fed by
/// several consecutive columns, scalars or vectors, of k elements together: they are concatenated in the table's order. Feature columns belong to
/// the feature Inputs of their names (base/graph_cut.hpp), and to no others. Throws kInvalidParameter naming column, shapes and layer.
std::vector<InputBinding> BindInputs(const base::Graph& graph, const base::DataSpec& data);

/// By column of the data: whether a graph's calls read it. Errors: BindInputs's.
std::vector<bool> ColumnsRead(const base::Graph& graph, const base::DataSpec& data);

/// Throws kInternal, naming partition and buffer, when a buffer with rows lacks one of these columns.
void RequireColumns(const std::vector<bool>& columns, const base::Buffer& buffer);

/// Whether the input of a binding takes its one column as it is packed, without scale and standardisation: when only Embeddings read it.
/// call: the input's, an element of Graph::inputs.
bool TakesIndexes(const base::Graph& graph, const InputBinding& binding, int call);

/// Checks that targets and losses fit the outputs, in order: dense losses ask for the output's shape (trailing ones not counted), sparse
/// ones for the output's shape without the last dimension and no more classes than it has. Whether a loss makes sense for what the column
/// means is checked before (plan/training_check.hpp). Returns the loss of every output. Throws kInvalidParameter naming column, loss and
/// output layer.
std::vector<base::LossConfig> BindTargets(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data);

/// Name of the layer that makes an output.
const std::string& OutputName(const base::Graph& graph, size_t output);

}  // namespace engine
