#include "wire/keras_layer.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;

// The list of layers: the configuration itself (Keras until 2.2.2) or its entry "layers".
const Value& LayerList(const Value& config) {
  if (config.is_list()) return config;
  const Value* layers = config.Find("layers");
  if (layers == nullptr) throw base::Error(ErrorCode::kInvalidParameter, "the model's config has no \"layers\"");
  return *layers;
}

// Keras: the first layer's own statement, else the shape that the model was built with.
Value FirstInputShape(const KerasLayer& first, const Value& config) {
  Value shape = StatedInputShape(first);
  if (!shape.is_null()) return shape;
  const Value* built = config.Find("build_input_shape");
  const Where where = first.where().Inside("build_input_shape");
  if (built != nullptr && built->is_list()) return KnownSizes(WithoutBatch(*built, where), where);
  Refuse(ErrorCode::kInvalidParameter, first.where(), "the first layer of a Sequential model states no input shape",
         first.row->kind == base::LayerKind::kEmbedding ? "Give Embedding an input_length, or begin with an InputLayer."
                                                        : "Give it an input_shape, or begin with an InputLayer.");
}

}  // namespace

base::Graph ReadSequential(const Value& config, const std::string& name, bool frozen) {
  const std::vector<KerasLayer> layers = ReadLayers(LayerList(config), frozen);
  GraphBuilder builder(name);
  size_t next = 0;
  int input = 0;
  if (layers[0].row->kind == base::LayerKind::kInput) {
    input = builder.AddLayer(layers[0].name, *layers[0].row, InputConfig(layers[0]), true);
    next = 1;
  } else {
    const Value shape = FirstInputShape(layers[0], config);
    const base::Dict input_config = {{"shape", shape}};
    std::string input_name = layers[0].name.substr(0, kLongestName - 6) + "_input";
    for (const KerasLayer& layer : layers) {
      if (layer.name == input_name) input_name += "_0";
    }
    input = builder.AddLayer(input_name, *FindLayer(base::LayerKind::kInput), Value(input_config), true);
  }
  const int first = builder.AddCall(input, {});
  int last = first;
  for (; next < layers.size(); ++next) {
    const KerasLayer& layer = layers[next];
    if (layer.row->kind == base::LayerKind::kInput) {
      Refuse(ErrorCode::kInvalidParameter, layer.where(), "stands inside a Sequential model, an InputLayer can only be the first layer");
    }
    last = builder.AddCall(builder.AddLayer(layer.name, *layer.row, *layer.config, layer.trainable), {last});
  }
  if (last == first) throw base::Error(ErrorCode::kInvalidParameter, "the model has no layer but its input");
  return builder.Finish({first}, {last});
}

}  // namespace wire
