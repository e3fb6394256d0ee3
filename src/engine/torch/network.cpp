#include "engine/torch/network.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace engine::torch {

Network::Network(const base::Graph& graph) : outputs_(graph.outputs) {
  modules_.reserve(graph.layers.size());
  for (const base::Layer& layer : graph.layers) modules_.push_back(MakeModule(layer));

  const int calls = static_cast<int>(graph.calls.size());
  std::vector<int> last_reader(graph.calls.size(), -1);
  for (int i = 0; i < calls; ++i) {
    for (int input : graph.calls[i].inputs) last_reader[input] = i;
  }
  for (int output : outputs_) last_reader[output] = calls;
  nodes_.resize(graph.calls.size());
  for (int i = 0; i < calls; ++i) {
    nodes_[i].layer = graph.calls[i].layer;
    nodes_[i].inputs = graph.calls[i].inputs;
    if (last_reader[i] >= 0 && last_reader[i] < calls) nodes_[last_reader[i]].finished.push_back(i);
  }
  for (size_t k = 0; k < graph.inputs.size(); ++k) nodes_[graph.inputs[k]].input_index = static_cast<int>(k);
  for (const Node& node : nodes_) {
    if (node.input_index < 0 && node.inputs.empty()) {
      throw base::Error(base::ErrorCode::kInternal, "layer \"" + graph.layers[node.layer].name + "\" is called without an input");
    }
  }
}

std::vector<Value> Network::Forward(const std::vector<at::Tensor>& inputs, const std::vector<Weights>& weights, Context context) const {
  std::vector<Value> values(nodes_.size());
  Inputs arguments;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.input_index >= 0) {
      values[i].data = inputs[static_cast<size_t>(node.input_index)];
      continue;
    }
    arguments.clear();
    for (int input : node.inputs) arguments.push_back(&values[static_cast<size_t>(input)]);
    context.site = i;
    values[i] = modules_[static_cast<size_t>(node.layer)]->Forward(arguments, weights[static_cast<size_t>(node.layer)], context);
    for (int call : node.finished) values[static_cast<size_t>(call)] = {};
  }
  std::vector<Value> results;
  for (int output : outputs_) results.push_back(values[static_cast<size_t>(output)]);
  return results;
}

}  // namespace engine::torch
