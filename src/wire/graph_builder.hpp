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
  /// has_shapes: false for a model whose inputs state none. Its layers, arguments and connections are checked, and what Finish returns
  /// has neither shapes nor weights.
  explicit GraphBuilder(std::string name, bool has_shapes = true);

  /// `config`: Keras's arguments of the layer (an InputLayer's: {"shape": [..]}). Returns the layer's index.
  int AddLayer(const std::string& name, const layers::LayerDefinition& definition, const base::Value& config, bool trainable,
               int time_distributed = 0);

  /// Derives the output's shape and, at the layer's first call, its weights. `inputs`: indexes of earlier calls. Returns the call's index.
  int AddCall(int layer, std::vector<int> inputs, bool inference = false);

  /// For readers that follow calls through models inside of models: counts one more, against the same limit as AddCall. A text of a few
  /// kB could otherwise ask for any number of them without a layer in them.
  void CountFollowed();

  /// Of a call that was added.
  const base::Shape& OutputShape(int call) const { return graph_.calls[static_cast<size_t>(call)].output_shape; }
  const std::string& LayerName(int call) const {
    return graph_.layers[static_cast<size_t>(graph_.calls[static_cast<size_t>(call)].layer)].name;
  }
  bool has_shapes() const { return has_shapes_; }

  /// `inputs`: the calls of all Input layers, each once. Every layer must be called and every call lead to an output. output_names: none,
  /// or one an output, all different.
  base::Graph Finish(std::vector<int> inputs, std::vector<int> outputs, std::vector<std::string> output_names = {});

 private:
  /// What the layer sees of its inputs' shapes.
  layers::Shapes ShapesOfEach(const base::Layer& layer, const std::vector<int>& inputs) const;
  void MakeWeights(base::Layer* layer, const layers::LayerDefinition& definition, const layers::Shapes& inputs, bool first);

  base::Graph graph_;
  std::unordered_set<std::string> names_;
  std::vector<int> calls_of_layer_;
  bool has_shapes_;
  size_t followed_ = 0;
};

}  // namespace wire
