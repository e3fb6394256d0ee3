// Architectures made of a given one for transfer learning: frozen up to a layer, with another head, with adapters.
//
// A variant keeps layers of the source, as a graph of its own, and has new ones. Weights of the layers that it keeps go with it; new layers are
// drawn when a model is trained. Errors: kInvalidParameter, naming the layer; wire::ReadKeras's for a head that is given as JSON;
// kFeatureNotSupported for layers that are not written for Keras.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"

namespace wire {

/// What replaces the end of a model. Either layers or hidden, or neither: then the model keeps its own.
struct HeadRequest {
  std::optional<std::string> layers;       // a JSON list of Keras's layers, or a Sequential model
  std::optional<std::vector<int>> hidden;  // units of Dense layers with a ReLU, before one that gives the outputs
  std::optional<int> classes;              // units of that one; none: as many as the model's own
  std::optional<std::string> on;           // the layer that the head reads; none: what the last layer with weights reads
  bool given() const { return layers || hidden; }
};

struct Variant {
  base::Graph graph;
  std::string architecture;  // JSON that ReadKeras reads as this graph
  std::vector<int> from;     // by layer: its index in the source; -1: a new one
  int frozen = 0;            // layers that are marked as not trainable
};

/// Everything up to and including layer `up_to` is marked as not trainable, all other layers as trainable; none: nothing is frozen.
/// truncate: the head reads layer up_to, and what the source has behind it is left out.
Variant FreezeVariant(const base::Graph& source, const std::optional<std::string>& up_to, const HeadRequest& head, bool truncate);

/// All layers are marked as not trainable but for the head: the one that is given, or the last layer with weights. Behind each of the named layers
/// comes a trained adapter, x + up(relu(down(x))), of `units` units; `up` begins with zeros, so that the model begins as it was.
Variant AdapterVariant(const base::Graph& source, const std::vector<std::string>& layers, int units, const HeadRequest& head);

}  // namespace wire
