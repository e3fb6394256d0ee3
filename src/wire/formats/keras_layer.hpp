// What Sequential and functional texts have in common: an entry of their lists of layers.
#pragma once

#include <string>
#include <vector>

#include "base/value.hpp"
#include "layers/refusal.hpp"
#include "wire/graph_builder.hpp"

namespace wire {

/// An entry as it was written. Pointers into the text's value, which must outlive it.
struct KerasLayer {
  const layers::LayerDefinition* definition = nullptr;
  std::string name;
  const base::Value* config = nullptr;
  const base::Value* inbound_nodes = nullptr;  // or nullptr
  bool trainable = true;

  layers::Where where() const { return {name, definition->class_names[0], ""}; }
};

/// Reads the entries of a list of layers: known classes, dictionaries as configurations. A layer without a name gets
/// one as Keras makes them ("dense", "dense_1"). `frozen`: the model itself is not trainable, so no layer is.
std::vector<KerasLayer> ReadLayers(const base::Value& list, bool frozen);

/// The shape that a layer's configuration states for the model's input (batch_input_shape, batch_shape, input_shape,
/// input_dim), without the batch, as a list; null when it states none. A dimension of unknown size is an error.
base::Value StatedInputShape(const KerasLayer& layer);

/// An InputLayer's configuration as its definition has it: the shape under the name "shape".
base::Value InputConfig(const KerasLayer& layer);

/// A shape with the batch in front, [null, 28, 28], as a list without it.
base::Value WithoutBatch(const base::Value& shape, const layers::Where& where);

/// Checks a shape without the batch: all sizes are there and positive.
base::Value KnownSizes(const base::Value& list, const layers::Where& where);

// The two forms of a model; config: the model's dictionary.
base::Graph ReadSequential(const base::Value& config, const std::string& name, bool frozen);
base::Graph ReadFunctional(const base::Value& config, const std::string& name, bool frozen);

}  // namespace wire
