// What can be called in a Keras text: a layer, a wrapper of one, or a whole model. Inside of src/wire/formats only.
//
// A graph knows plain layers with one output each. A block makes them: a model inside a model is taken apart, its
// layers are named "outer/inner"; a Bidirectional layer is two layers, a Reverse of what the backward one gives, and a merge; outputs of
// a layer that returns its state are Slices of one output; a TimeDistributed layer is its layer with base::Layer::time_distributed.
// Layers with weights are added in the order in which Keras lists their weights, layers without when they are first called.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "wire/formats/keras_layer.hpp"
#include "wire/graph_builder.hpp"

namespace wire {

/// Where a block stands.
struct Scope {
  std::string prefix;        // of its layers' names
  int time_distributed = 0;  // leading dimensions that belong to the batch
};

struct CallRequest {
  std::vector<int> inputs;   // calls of the builder
  bool inference = false;    // base::Call's
  std::set<size_t> wanted;   // which outputs are read; one that is not is not made
};

class Block {
 public:
  virtual ~Block() = default;
  virtual size_t OutputCount() const { return 1; }
  virtual void AddLayers(GraphBuilder* builder) = 0;
  /// REQUIRES AddLayers. The calls of its outputs, -1 for one that is not wanted.
  virtual std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) = 0;
  /// The shape that a first layer states for its input, as StatedInputShape.
  virtual base::Value FirstInputShape(std::string* argument) const = 0;
};

/// causal: its calls ask for a causal mask. `layer` and the text outlive the block.
std::unique_ptr<Block> MakeBlock(const KerasLayer& layer, const Scope& scope, bool causal);

/// A model, as a whole or inside of another one.
class ModelBlock : public Block {
 public:
  /// Adds the model itself: its inputs, layers and calls. Once, and nothing else.
  virtual base::Graph Build(const InputShapes& shapes) = 0;
  /// Whether the text states no size for a dimension of an input.
  virtual bool HasOpenInput() const = 0;
};

/// name: the model's, of the top of a text. config: the model's dictionary, or a Sequential model's list.
std::unique_ptr<ModelBlock> MakeSequential(const base::Value& config, const KerasLayer& model, const Scope& scope);
std::unique_ptr<ModelBlock> MakeFunctional(const base::Value& config, const KerasLayer& model, const Scope& scope);

}  // namespace wire
