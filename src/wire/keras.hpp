// Keras's to_json() texts -> base::Graph: Sequential and functional models of Keras 2.0 to 3, with models inside of models; a model.json of
// TensorFlow.js, or a text that holds the model under "model_config", as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"

namespace wire {

/// Reads and checks an architecture. Unknown layers, arguments, values or shapes that do not fit throw base::Error whose message names the
/// layer and the argument: kSyntax for text that is no JSON, kFeatureNotSupported for an unknown layer or argument value, kLimitExceeded
/// for tensors or models past all bounds, kInvalidParameter otherwise. data: the table whose columns give the shapes of inputs that the
/// text leaves open; nullptr: they are refused.
base::Graph ReadKeras(std::string_view json, const base::DataSpec* data = nullptr);

/// Reads an architecture for which there is no table yet. nullopt: it leaves the shape of an input open; its layers, arguments and
/// connections were checked. Errors: ReadKeras's.
std::optional<base::Graph> CheckKeras(std::string_view json);

/// What the text asks for that has no effect, a phrase each: types other than float32 (the engine has one type for all), seeds of layers'
/// draws, settings for training, classes of other packages that are read as Keras's. REQUIRES a text that ReadKeras takes.
std::vector<std::string> IgnoredSettings(std::string_view json);

/// The canonical protobuf form. ReadGraph throws kDataCorrupted for bytes that are no graph; it checks every index and length.
std::string WriteGraph(const base::Graph& graph);
base::Graph ReadGraph(std::string_view bytes);

/// Digest of what decides a model's shape and function (names of layers left out): 32 hexadecimal digits.
std::string GraphDigest(const base::Graph& graph);

}  // namespace wire
