// A stored architecture as Keras 2 writes it: what model_from_json of Keras 2 and cerebro.load_model read. Called by
// store/builders.hpp.
#pragma once

#include <string>
#include <string_view>

#include "base/graph.hpp"

namespace wire {

/// The text of a functional model with every argument of every layer; ReadKeras reads it as the same graph, by
/// GraphDigest. Where the layers that a model was taken apart into cannot be said so (as of models inside of models
/// that are called more than once), the stored text itself, if it is of Keras 2. stored: a text that ReadKeras reads as
/// `graph`. Errors: kFeatureNotSupported for the others.
std::string Keras2Json(const base::Graph& graph, std::string_view stored);

}  // namespace wire
