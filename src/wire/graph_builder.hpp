// Makes a checked graph, layer by layer and call by call. Keras texts and stored graphs both go through it, so that a graph is the
// same wherever it came from, and whoever reads a base::Graph need not check it again.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "base/graph.hpp"
#include "layers/definition.hpp"

namespace wire {

// Far above what is trained in a database; a text of a few MB could otherwise ask for days of checking.
constexpr size_t kMostLayers = 10000;
constexpr size_t kMostCalls = 100000;
constexpr size_t kMostDimensions = 8;
constexpr size_t kLongestName = 256;  // bytes

class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name);

  /// `config`: Keras's arguments of the layer (an InputLayer's: {"shape": [..]}). Returns the layer's index.
  int AddLayer(const std::string& name, const layers::LayerDefinition& definition, const base::Value& config, bool trainable);

  /// Derives the output's shape and, at the layer's first call, its weights. `inputs`: indexes of earlier calls. Returns the call's index.
  int AddCall(int layer, std::vector<int> inputs);

  /// `inputs`: the calls of all Input layers, each once. Every layer must be called and every call lead to an output.
  base::Graph Finish(std::vector<int> inputs, std::vector<int> outputs);

 private:
  void MakeWeights(base::Layer* layer, const layers::LayerDefinition& definition, const layers::Shapes& inputs, bool first);

  base::Graph graph_;
  std::unordered_set<std::string> names_;
  std::vector<int> calls_of_layer_;
};

}  // namespace wire
