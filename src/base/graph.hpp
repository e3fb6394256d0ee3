// An architecture as a plain graph. src/wire reads it from Keras JSON, checks it and keeps it as protobuf; src/engine builds modules
// from it; src/plan costs it.
#pragma once

#include <cstdint>
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
};

/// One use of a layer. Residual connections and shared layers are several calls.
struct Call {
  int layer = 0;             // index into Graph::layers
  std::vector<int> inputs;   // indexes into Graph::calls, all smaller than this call's own
  Shape output_shape;        // without the batch
  double forward_flops = 0;  // multiply and add counted as two, for one row
};

struct Graph {
  std::string name;
  std::vector<Layer> layers;  // in the JSON's order: the order of the weights
  std::vector<Call> calls;    // in topological order
  std::vector<int> inputs;    // calls of Input layers, in the model's order
  std::vector<int> outputs;   // calls whose values the model returns

  int64_t WeightCount() const;      // elements of all weights
  int64_t TrainableCount() const;
  double ForwardFlops() const;      // one row
};

}  // namespace base
