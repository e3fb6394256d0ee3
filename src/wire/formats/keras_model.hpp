// Where the model is in a text. Inside of src/wire/formats only.
#pragma once

#include <string_view>

#include "base/value.hpp"

namespace wire {

/// Throws kSyntax with a hint for text that is no JSON.
base::Value ParseArchitecture(std::string_view json);

/// The dictionary with "class_name" and "config": the text itself, or what it holds as "modelTopology" (a model.json of TensorFlow.js)
/// or "model_config" (an HDF5 file's attribute, a checkpoint's). Errors: kInvalidParameter, kFeatureNotSupported for other formats.
const base::Value& FindModel(const base::Value& text);

}  // namespace wire
