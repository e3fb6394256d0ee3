// UpSampling2D: size pair (2, 2), data_format channels_last, interpolation choice nearest | bilinear (nearest).
// UpSampling1D: size list of one (2). No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = UnderWindow(layer, inputs, "size");
  for (size_t i = 0; i + 1 < shape.size(); ++i) shape[i] *= ListElement(layer, "size", i);
  return shape;
}

Zeros ZerosOf(const Layer& layer) {
  const base::Value* interpolation = layer.attributes.Find("interpolation");
  return interpolation == nullptr || interpolation->string() == "nearest" ? Zeros::kKept : Zeros::kNone;
}

LayerDefinition Define(LayerKind kind, const char* class_name, std::vector<Argument> arguments) {
  LayerDefinition sampling;
  sampling.kind = kind;
  sampling.class_names = {class_name};
  sampling.arguments = std::move(arguments);
  sampling.shape = OutputShape;
  sampling.cost.work = Work::kElements;
  sampling.zeros = ZerosOf;
  sampling.range = RangeOfInput;
  sampling.exchange.onnx = "Resize";
  return sampling;
}

}  // namespace

const LayerDefinition kUpSampling1D =
    Define(LayerKind::kUpSampling1D, "UpSampling1D", {{"size", T::kSingle, "2"}});
const LayerDefinition kUpSampling2D = Define(
    LayerKind::kUpSampling2D, "UpSampling2D",
    {{"size", T::kPair, "2"}, kDataFormat, {"interpolation", T::kChoice, "'nearest'", "nearest bilinear"}});

}  // namespace layers
