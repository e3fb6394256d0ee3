#include "wire/formats/keras_layer.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;
using layers::Refuse;
using layers::Where;

// The list of layers: the configuration itself (Keras until 2.2.2) or its entry "layers".
const Value& LayerList(const Value& config) {
  if (config.is_list()) return config;
  const Value* list = config.Find("layers");
  if (list == nullptr) throw base::Error(ErrorCode::kInvalidParameter, "the model's config has no \"layers\"");
  return *list;
}

// Keras: the first layer's own statement, else the shape that the model was built with.
Value FirstInputShape(const KerasLayer& first, const Value& config) {
  Value shape = StatedInputShape(first);
  if (!shape.is_null()) return shape;
  const Value* built = config.Find("build_input_shape");
  const Where where = first.where().Inside("build_input_shape");
  if (built != nullptr && built->is_list()) return KnownSizes(WithoutBatch(*built, where), where);
  Refuse(ErrorCode::kInvalidParameter, first.where(), "the first layer of a Sequential model states no input shape",
         layers::HasArgument(*first.definition, "input_length")
             ? std::string("Give ") + first.definition->class_names[0] + " an input_length, or begin with an InputLayer."
             : "Give it an input_shape, or begin with an InputLayer.");
}

}  // namespace

base::Graph ReadSequential(const Value& config, const std::string& name, bool frozen) {
  const std::vector<KerasLayer> entries = ReadLayers(LayerList(config), frozen);
  GraphBuilder builder(name);
  size_t next = 0;
  int input = 0;
  if (entries[0].definition->kind == base::LayerKind::kInput) {
    input = builder.AddLayer(entries[0].name, *entries[0].definition, InputConfig(entries[0]), true);
    next = 1;
  } else {
    const Value shape = FirstInputShape(entries[0], config);
    const base::Dict input_config = {{"shape", shape}};
    std::string input_name = entries[0].name.substr(0, kLongestName - 6) + "_input";
    for (const KerasLayer& layer : entries) {
      if (layer.name == input_name) input_name += "_0";
    }
    input = builder.AddLayer(input_name, layers::kInput, Value(input_config), true);
  }
  const int first = builder.AddCall(input, {});
  int last = first;
  for (; next < entries.size(); ++next) {
    const KerasLayer& layer = entries[next];
    if (layer.definition->kind == base::LayerKind::kInput) {
      Refuse(ErrorCode::kInvalidParameter, layer.where(), "stands inside a Sequential model, an InputLayer can only be the first layer");
    }
    last = builder.AddCall(builder.AddLayer(layer.name, *layer.definition, *layer.config, layer.trainable), {last});
  }
  if (last == first) throw base::Error(ErrorCode::kInvalidParameter, "the model has no layer but its input");
  return builder.Finish({first}, {last});
}

}  // namespace wire
