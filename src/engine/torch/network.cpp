#include "engine/torch/network.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace engine::torch {

namespace {

// A layer that is distributed over n dimensions sees them as a part of the batch. A mask of (batch, n dimensions) is about the rows that
// the layer sees, and passes it by; one of more dimensions is the layer's own.
Value Folded(const Value& value, int64_t n) {
  Value folded;
  folded.data = value.data.flatten(0, n);
  if (value.mask.defined() && value.mask.dim() > n + 1) folded.mask = value.mask.flatten(0, n);
  return folded;
}

at::Tensor Unfold(const at::Tensor& tensor, at::IntArrayRef leading) {
  if (!tensor.defined()) return {};
  std::vector<int64_t> shape = leading.vec();
  shape.insert(shape.end(), tensor.sizes().begin() + 1, tensor.sizes().end());
  return tensor.reshape(shape);
}

Value ForwardEach(const Module& module, int64_t n, const Inputs& inputs, const Weights& weights, const Context& context) {
  std::vector<Value> folded;
  Inputs arguments;
  for (const Value* input : inputs) folded.push_back(Folded(*input, n));
  for (const Value& value : folded) arguments.push_back(&value);
  const at::IntArrayRef leading = inputs[0]->data.sizes().slice(0, static_cast<size_t>(n) + 1);
  Value out = module.Forward(arguments, weights, context);
  out.data = Unfold(out.data, leading);
  out.logits = Unfold(out.logits, leading);
  out.mask = Unfold(out.mask, leading);
  const at::Tensor& outer = inputs[0]->mask;
  if (!out.mask.defined() && outer.defined() && outer.dim() <= n + 1) out.mask = outer;
  return out;
}

}  // namespace

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
    nodes_[i].time_distributed = graph.layers[static_cast<size_t>(graph.calls[i].layer)].time_distributed;
    nodes_[i].inference = graph.calls[i].inference || graph.calls[i].frozen;
    nodes_[i].site = static_cast<uint64_t>(graph.calls[i].site);
    if (last_reader[i] >= 0 && last_reader[i] < calls) nodes_[last_reader[i]].finished.push_back(i);
  }
  for (size_t k = 0; k < graph.inputs.size(); ++k) nodes_[graph.inputs[k]].input_index = static_cast<int>(k);
  for (const Node& node : nodes_) {
    if (node.input_index < 0 && node.inputs.empty()) {
      throw base::Error(base::ErrorCode::kInternal, "layer \"" + graph.layers[node.layer].name + "\" is called without an input");
    }
  }
}

std::vector<Value> Network::Forward(const std::vector<at::Tensor>& inputs, const std::vector<Weights>& weights,
                                    const Context& context) const {
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
    Context own = context;
    own.site = node.site;
    own.training = context.training && !node.inference;
    const Module& module = *modules_[static_cast<size_t>(node.layer)];
    const Weights& tensors = weights[static_cast<size_t>(node.layer)];
    values[i] = node.time_distributed > 0 ? ForwardEach(module, node.time_distributed, arguments, tensors, own)
                                          : module.Forward(arguments, tensors, own);
    for (int call : node.finished) values[static_cast<size_t>(call)] = {};
  }
  std::vector<Value> results;
  for (int output : outputs_) results.push_back(values[static_cast<size_t>(output)]);
  return results;
}

}  // namespace engine::torch
