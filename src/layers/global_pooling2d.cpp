// GlobalAveragePooling2D, GlobalMaxPooling2D: data_format channels_last, keepdims false. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  const Shape& image = Image(layer, inputs);
  return Bool(layer, "keepdims") ? Shape{1, 1, image[2]} : Shape{image[2]};
}

double Flops(const Layer&, const Shapes& inputs, const Shape&) { return Elements(inputs[0]); }

LayerDefinition Define(base::LayerKind kind, std::vector<const char*> class_names, const char* onnx) {
  LayerDefinition pooling;
  pooling.kind = kind;
  pooling.class_names = std::move(class_names);
  pooling.arguments = {kDataFormat, {"keepdims", ArgumentType::kBool, "False"}};
  pooling.shape = OutputShape;
  pooling.cost.work = Work::kElements;
  pooling.range = RangeOfInput;
  pooling.cost.flops = Flops;
  pooling.exchange.onnx = onnx;
  return pooling;
}

}  // namespace

const LayerDefinition kGlobalAveragePooling2D =
    Define(base::LayerKind::kGlobalAveragePooling2D, {"GlobalAveragePooling2D", "GlobalAvgPool2D"}, "GlobalAveragePool");
const LayerDefinition kGlobalMaxPooling2D =
    Define(base::LayerKind::kGlobalMaxPooling2D, {"GlobalMaxPooling2D", "GlobalMaxPool2D"}, "GlobalMaxPool");

}  // namespace layers
