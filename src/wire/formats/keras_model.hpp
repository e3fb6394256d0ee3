// Where the model is in a text. Inside of src/wire/formats only.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/value.hpp"

namespace wire {

/// Bytes of an architecture's text. As values it takes up to twenty times as many.
constexpr size_t kLongestArchitecture = size_t{64} << 20;

/// Throws kSyntax with a hint for text that is no JSON, kLimitExceeded for one that is too long.
base::Value ParseArchitecture(std::string_view json);

/// The dictionary with "class_name" and "config": the text itself, or what it holds as "modelTopology" (a model.json of TensorFlow.js)
/// or "model_config" (an HDF5 file's attribute, a checkpoint's). Errors: kInvalidParameter, kFeatureNotSupported for other formats.
const base::Value& FindModel(const base::Value& text);

}  // namespace wire
