// Messages about a layer: all of them name the layer, its class and the argument. Called by the definitions and by
// whoever reads layers.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/value.hpp"

namespace layers {

/// What a message is about. `argument` may be empty, or a path such as "kernel_initializer.scale". Without a class it
/// is no layer but an entry of the model, such as "input_layers".
struct Where {
  std::string layer;
  std::string class_name;
  std::string argument;

  Where Inside(const std::string& key) const { return {layer, class_name, argument.empty() ? key : argument + "." + key}; }
};

/// Throws: layer "dense_1" (Dense): argument "units" <problem>
[[noreturn]] void Refuse(base::ErrorCode code, const Where& where, const std::string& problem, const std::string& hint = {});

/// In double quotes, cut to a length that a message can bear.
std::string Quote(const std::string& text);

/// ", got -3": the value as JSON, cut likewise.
std::string Got(const base::Value& value);

}  // namespace layers
