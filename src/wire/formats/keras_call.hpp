// The calls of layers in a functional text ("inbound nodes"), and its inputs and outputs. Inside of src/wire/formats only.
//
// Keras 2: a call is a list of [layer, node index, tensor index, arguments], or one such tuple alone (TensorFlow 2.4 and
// later).
// Keras 3: a call is {"args": [..], "kwargs": {..}}, with tensors {"class_name": "__keras_tensor__", "config":
// {"keras_history": [..]}} in its arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/formats/keras_layer.hpp"

namespace wire {

/// Output number `tensor` of call number `node` of a layer.
struct Reference {
  std::string layer;
  int64_t node = 0;
  int64_t tensor = 0;
};

struct KerasCall {
  std::vector<Reference> inputs;
  bool inference = false;  // training = False
  bool causal = false;     // use_causal_mask = True
  std::optional<double> operand;  // an operation's second one, where it is a number
};

/// Reads one of the layer's inbound nodes. Arguments of a call that are tensors become inputs in Keras's order.
KerasCall ReadCall(const base::Value& call, const KerasLayer& layer);

struct Ends {
  std::vector<Reference> references;
  std::vector<std::string> names;  // keys of a dictionary, or the layers' names
};

/// input_layers and output_layers: a list of references, one reference alone, or a dictionary of them, which Keras sorts
/// by key.
Ends ReadEnds(const base::Value& config, const char* what);

}  // namespace wire
