// The graph as the engine walks it: modules, calls in topological order, and when a call's value is read for the last time.
#pragma once

#include <memory>
#include <vector>

#include "base/graph.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

class Network {
 public:
  explicit Network(const base::Graph& graph);

  /// One forward pass. inputs: one tensor (batch, ...) an Input call, in Graph::inputs' order; undefined where no call reads it. weights[l]:
  /// tensors of layer l. Returns the values of Graph::outputs. A value is dropped as soon as no later call reads it (autograd keeps what it needs).
  std::vector<Value> Forward(const std::vector<at::Tensor>& inputs, const std::vector<Weights>& weights,
                             const Context& context) const;

 private:
  struct Node {
    int layer = 0;
    std::vector<int> inputs;
    std::vector<int> finished;  // calls whose value nobody reads after this one
    int input_index = -1;       // of an Input call: its position in `inputs`
    int time_distributed = 0;   // base::Layer's
    bool inference = false;     // computes as in scoring, always
    uint64_t site = 0;          // base::Call's
  };

  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<Node> nodes_;
  std::vector<int> outputs_;
};

}  // namespace engine::torch
