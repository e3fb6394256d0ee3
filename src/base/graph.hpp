// An architecture as a plain graph. src/wire reads it from Keras JSON, checks it and keeps it as protobuf; src/engine builds modules
// from it; src/plan costs it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "base/value.hpp"

namespace base {

/// kInput, kDense, ...: the list is base/kinds.inc. Numbers are in stored graphs.
enum class LayerKind : int {
#define CEREBRO_LAYER(name, number) k##name = number,
#define CEREBRO_RESERVED_LAYER(name, number) k##name = number,
#include "base/kinds.inc"
};

/// One weight tensor of a layer, in Keras's order and layout.
struct WeightSpec {
  std::string name;        // "kernel", "bias", "gamma", "moving_mean", ...
  Shape shape;             // Dense (in, out); Conv2D (kh, kw, in, out)
  bool trainable = true;   // false for moving statistics and for frozen layers
  Value initializer;       // {"class_name": ..., "config": {...}}
  Value regularizer;       // null or {"class_name": "L1L2", "config": {"l1": .., "l2": ..}}
  Value constraint;        // null or {"class_name": "MaxNorm"|"NonNeg", "config": {...}}
};

/// A layer: its weights exist once, however often it is called.
struct Layer {
  std::string name;
  LayerKind kind = LayerKind::kInput;
  /// Keras's arguments under Keras's names, normalised by the reader: every argument of the layer's table is present with its
  /// default, activations are lower-case names, pairs such as strides are lists of two integers.
  Value attributes;
  bool trainable = true;
  std::vector<WeightSpec> weights;
  /// Keras's TimeDistributed: how many leading dimensions of its inputs and its output belong to the batch, as far as the layer is
  /// concerned. A call whose input has the shape (10, 28, 28, 1) runs a Conv2D of time_distributed = 1 on 10 images (28, 28, 1) a row,
  /// with one set of weights. Call::output_shape has these dimensions, Call::forward_flops counts them. 0 for all but a few layers.
  int time_distributed = 0;
};

/// One use of a layer. Residual connections and shared layers are several calls.
struct Call {
  int layer = 0;             // index into Graph::layers
  std::vector<int> inputs;   // indexes into Graph::calls, all smaller than this call's own
  Shape output_shape;        // without the batch
  double forward_flops = 0;  // multiply and add counted as two, for one row
  /// Keras's training = False of a call: the layer computes as in scoring in training, too. Gradients pass as ever.
  bool inference = false;
  /// Whether the call belongs to the model's frozen part (layers/frozen.hpp): it computes in training what it computes in scoring, from the
  /// rows alone. A random layer there is left out in training, too. wire::GraphBuilder sets it; it follows from the rest of the graph.
  bool frozen = false;
  /// The call's index in the whole graph: random streams are keyed by it, so that they stay the same when the graph is cut
  /// (base/graph_cut.hpp).
  int site = 0;
};

struct Graph {
  std::string name;
  std::vector<Layer> layers;  // in the JSON's order: the order of the weights
  std::vector<Call> calls;    // in topological order
  std::vector<int> inputs;    // calls of Input layers, in the model's order
  std::vector<int> outputs;   // calls whose values the model returns
  /// Keras's names of the outputs, where they are other ones than those of the layers: as many as outputs, or none.
  std::vector<std::string> output_names;
  /// Of a graph that was cut: the whole one, as whose part it is trained and scored. Who makes a program of it sets it.
  std::shared_ptr<const Graph> whole;

  int64_t WeightCount() const;      // elements of all weights
  int64_t TrainableCount() const;
  double ForwardFlops() const;      // one row
  const std::string& OutputName(size_t output) const;
};

/// What a layer of time_distributed = n sees of a shape: the dimensions behind the first n. REQUIRES that it has these.
Shape ShapeOfEach(const Shape& shape, int time_distributed);

}  // namespace base
