// Keras to_json() texts -> base::Graph. Sequential (list form and {layers} form, Keras 2.1-2.10), Functional / Model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"

namespace wire {

/// Reads and checks an architecture. Unknown layers, arguments, values or shapes that do not fit throw base::Error whose message names the
/// layer and the argument: kSyntax for text that is no JSON, kFeatureNotSupported for an unknown layer or argument value, kLimitExceeded
/// for tensors or models past all bounds, kInvalidParameter otherwise.
base::Graph ReadKeras(std::string_view json);

/// What the text asks for that has no effect, a phrase each: types other than float32 (the engine has one type for all), seeds of layers'
/// draws, settings for training, classes of other packages that are read as Keras's. REQUIRES a text that ReadKeras takes.
std::vector<std::string> IgnoredSettings(std::string_view json);

/// The canonical protobuf form. ReadGraph throws kDataCorrupted for bytes that are no graph; it checks every index and length.
std::string WriteGraph(const base::Graph& graph);
base::Graph ReadGraph(std::string_view bytes);

/// Digest of what decides a model's shape and function (names of layers left out): 32 hexadecimal digits.
std::string GraphDigest(const base::Graph& graph);

}  // namespace wire
