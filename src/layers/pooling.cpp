// MaxPooling2D, AveragePooling2D: pool_size (2, 2), strides pair (pool_size), padding valid | same, data_format
// channels_last. MaxPooling1D, AveragePooling1D: likewise with lists of one size. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = UnderWindow(layer, inputs, "pool_size");
  for (size_t i = 0; i + 1 < shape.size(); ++i) {
    shape[i] = Slide(layer, inputs[0], i, "the pool", ListElement(layer, "pool_size", i), ListElement(layer, "strides", i));
  }
  return shape;
}

double Flops(const Layer& layer, const Shapes&, const Shape& output) { return Elements(output) * WindowElements(layer, "pool_size"); }

LayerDefinition Define(LayerKind kind, std::vector<const char*> class_names, T size, T size_or, const char* onnx) {
  LayerDefinition pooling;
  pooling.kind = kind;
  pooling.class_names = std::move(class_names);
  pooling.arguments = {{"pool_size", size, "2"}, {"strides", size_or, "None", "pool_size"}, kWindowPadding, kDataFormat};
  pooling.shape = OutputShape;
  pooling.cost.work = Work::kElements;
  pooling.range = RangeOfInput;
  pooling.cost.flops = Flops;
  pooling.exchange.onnx = onnx;
  return pooling;
}

}  // namespace

const LayerDefinition kMaxPooling1D =
    Define(LayerKind::kMaxPooling1D, {"MaxPooling1D", "MaxPool1D"}, T::kSingle, T::kSingleOr, "MaxPool");
const LayerDefinition kMaxPooling2D = Define(LayerKind::kMaxPooling2D, {"MaxPooling2D", "MaxPool2D"}, T::kPair, T::kPairOr, "MaxPool");
const LayerDefinition kAveragePooling1D =
    Define(LayerKind::kAveragePooling1D, {"AveragePooling1D", "AvgPool1D"}, T::kSingle, T::kSingleOr, "AveragePool");
const LayerDefinition kAveragePooling2D =
    Define(LayerKind::kAveragePooling2D, {"AveragePooling2D", "AvgPool2D"}, T::kPair, T::kPairOr, "AveragePool");

}  // namespace layers
