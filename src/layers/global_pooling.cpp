// GlobalAveragePooling2D, GlobalMaxPooling2D, GlobalAveragePooling1D, GlobalMaxPooling1D: data_format channels_last,
// keepdims false. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;

template <const Shape& (*Input)(const Layer&, const Shapes&)>
Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  const Shape& input = Input(layer, inputs);
  if (!Bool(layer, "keepdims")) return {input.back()};
  Shape shape(input.size(), 1);
  shape.back() = input.back();
  return shape;
}

double Flops(const Layer&, const Shapes& inputs, const Shape&) { return Elements(inputs[0]); }

LayerDefinition Define(LayerKind kind, std::vector<const char*> class_names, Shape (*shape)(const Layer&, const Shapes&), const char* onnx) {
  LayerDefinition pooling;
  pooling.kind = kind;
  pooling.class_names = std::move(class_names);
  pooling.arguments = {kDataFormat, {"keepdims", ArgumentType::kBool, "False"}};
  pooling.shape = shape;
  pooling.cost.work = Work::kElements;
  pooling.range = RangeOfInput;
  pooling.cost.flops = Flops;
  pooling.exchange.onnx = onnx;
  return pooling;
}

}  // namespace

const LayerDefinition kGlobalAveragePooling1D = Define(
    LayerKind::kGlobalAveragePooling1D, {"GlobalAveragePooling1D", "GlobalAvgPool1D"}, OutputShape<Sequence>, "GlobalAveragePool");
const LayerDefinition kGlobalAveragePooling2D =
    Define(LayerKind::kGlobalAveragePooling2D, {"GlobalAveragePooling2D", "GlobalAvgPool2D"}, OutputShape<Image>, "GlobalAveragePool");
const LayerDefinition kGlobalMaxPooling1D =
    Define(LayerKind::kGlobalMaxPooling1D, {"GlobalMaxPooling1D", "GlobalMaxPool1D"}, OutputShape<Sequence>, "GlobalMaxPool");
const LayerDefinition kGlobalMaxPooling2D =
    Define(LayerKind::kGlobalMaxPooling2D, {"GlobalMaxPooling2D", "GlobalMaxPool2D"}, OutputShape<Image>, "GlobalMaxPool");

}  // namespace layers
