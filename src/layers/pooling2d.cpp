// MaxPooling2D, AveragePooling2D: pool_size (2, 2), strides pair (pool_size), padding valid | same, data_format
// channels_last. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = Image(layer, inputs);
  for (size_t i = 0; i < 2; ++i) {
    shape[i] = Slide(layer, inputs[0], i, "the pool", PairElement(layer, "pool_size", i), PairElement(layer, "strides", i));
  }
  return shape;
}

double Flops(const Layer& layer, const Shapes&, const Shape& output) {
  return Elements(output) *
         (static_cast<double>(PairElement(layer, "pool_size", 0)) * static_cast<double>(PairElement(layer, "pool_size", 1)));
}

LayerDefinition Define(base::LayerKind kind, std::vector<const char*> class_names, const char* onnx) {
  LayerDefinition pooling;
  pooling.kind = kind;
  pooling.class_names = std::move(class_names);
  pooling.arguments = {{"pool_size", ArgumentType::kPair, "2"}, {"strides", ArgumentType::kPairOr, "None", "pool_size"}, kWindowPadding,
                       kDataFormat};
  pooling.shape = OutputShape;
  pooling.cost.work = Work::kElements;
  pooling.range = RangeOfInput;
  pooling.cost.flops = Flops;
  pooling.exchange.onnx = onnx;
  return pooling;
}

}  // namespace

const LayerDefinition kMaxPooling2D = Define(base::LayerKind::kMaxPooling2D, {"MaxPooling2D", "MaxPool2D"}, "MaxPool");
const LayerDefinition kAveragePooling2D = Define(base::LayerKind::kAveragePooling2D, {"AveragePooling2D", "AvgPool2D"}, "AveragePool");

}  // namespace layers
