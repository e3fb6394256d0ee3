#include <algorithm>

#include "base/error.hpp"
#include "layers/definition.hpp"

namespace layers {
namespace {

// Arguments that any Keras layer may have and that change nothing here: types are the engine's, shapes are read from
// the graph, `name` and `trainable` are fields of base::Layer.
const char* const kIgnoredEverywhere[] = {
    "name", "trainable", "dtype", "input_dtype", "batch_input_shape", "batch_shape", "input_shape", "build_input_shape", "build_config",
    "input_dim", "input_length", "autocast", "quantization_config",
};

}  // namespace

const std::vector<const LayerDefinition*>& Definitions() {
  static const std::vector<const LayerDefinition*> all = {
#define CEREBRO_LAYER(name, number) &k##name,
#include "base/kinds.inc"
  };
  return all;
}

const LayerDefinition* FindLayer(const std::string& class_name) {
  for (const LayerDefinition* definition : Definitions()) {
    for (const char* known : definition->class_names) {
      if (class_name == known) return definition;
    }
  }
  return nullptr;
}

const LayerDefinition* FindLayer(base::LayerKind kind) {
  for (const LayerDefinition* definition : Definitions()) {
    if (definition->kind == kind) return definition;
  }
  return nullptr;
}

const LayerDefinition& DefinitionOf(const base::Layer& layer) {
  if (const LayerDefinition* definition = FindLayer(layer.kind)) return *definition;
  throw base::Error(base::ErrorCode::kInternal, "layer kind " + std::to_string(static_cast<int>(layer.kind)) + " has no definition");
}

bool HasArgument(const LayerDefinition& definition, const std::string& name) {
  return std::any_of(definition.arguments.begin(), definition.arguments.end(),
                     [&name](const Argument& argument) { return name == argument.name; });
}

std::string KnownLayers() {
  std::vector<std::string> names;
  for (const LayerDefinition* definition : Definitions()) names.emplace_back(definition->class_names[0]);
  std::sort(names.begin(), names.end());
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  return known;
}

base::Value NormalizeArguments(const LayerDefinition& definition, const std::string& layer_name, const base::Value& config) {
  std::vector<const char*> ignored = definition.ignored;
  ignored.insert(ignored.end(), std::begin(kIgnoredEverywhere), std::end(kIgnoredEverywhere));
  return base::Value(ReadArguments(definition.arguments, ignored, config, {layer_name, definition.class_names[0], ""}));
}

}  // namespace layers
