// Dropout: rate !, noise_shape null or list with the batch in front, entries null or integer; seed null. AlphaDropout:
// likewise. SpatialDropout1D: rate !, seed null; drops whole channels of (time, channels). SpatialDropout2D: rate !,
// seed null, data_format channels_last; of (height, width, channels). No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

constexpr Argument kRateOfDrops{"rate", T::kRate};
constexpr Argument kOwnSeed{"seed", T::kSeed, "None"};

Shape ShapeWithNoise(const Layer& layer, const Shapes& inputs) {
  const base::Value& noise = *layer.attributes.Find("noise_shape");
  if (noise.is_null()) return inputs[0];
  bool fits = noise.list().size() == inputs[0].size() + 1;
  for (size_t i = 0; fits && i < noise.list().size(); ++i) {
    const base::Value& size = noise.list()[i];
    fits = size.is_null() || size.integer() == 1 || (i > 0 && size.integer() == inputs[0][i - 1]);
  }
  if (!fits) {
    Unfit(layer, "argument \"noise_shape\" does not fit the input " + base::FormatShape(inputs[0]), "It starts with the batch: null or 1.");
  }
  return inputs[0];
}

// Factor and shift bring mean and variance back.
double FlopsOfAlpha(const Layer&, const Shapes&, const Shape& output) { return 3 * Elements(output); }

LayerDefinition Define(LayerKind kind, const char* class_name, std::vector<Argument> arguments,
                       Shape (*shape)(const Layer&, const Shapes&)) {
  LayerDefinition dropout;
  dropout.kind = kind;
  dropout.class_names = {class_name};
  dropout.arguments = std::move(arguments);
  dropout.shape = shape;
  dropout.cost.work = Work::kDraws;
  dropout.cost.flops = OneAnElement;
  dropout.zeros = KeepsZeros;
  dropout.range = RangeOfInput;
  return dropout;
}

LayerDefinition DefineDropout() {
  LayerDefinition dropout =
      Define(LayerKind::kDropout, "Dropout", {kRateOfDrops, {"noise_shape", T::kNoiseShape, "None"}, kOwnSeed}, ShapeWithNoise);
  dropout.exchange.onnx = "Dropout";
  return dropout;
}

LayerDefinition DefineAlphaDropout() {
  LayerDefinition dropout =
      Define(LayerKind::kAlphaDropout, "AlphaDropout", {kRateOfDrops, {"noise_shape", T::kNoiseShape, "None"}, kOwnSeed}, ShapeWithNoise);
  dropout.cost.flops = FlopsOfAlpha;
  dropout.zeros = nullptr;
  return dropout;
}

template <const Shape& (*Input)(const Layer&, const Shapes&)>
Shape SpatialShape(const Layer& layer, const Shapes& inputs) {
  return Input(layer, inputs);
}

}  // namespace

const LayerDefinition kDropout = DefineDropout();
const LayerDefinition kAlphaDropout = DefineAlphaDropout();
const LayerDefinition kSpatialDropout1D =
    Define(LayerKind::kSpatialDropout1D, "SpatialDropout1D", {kRateOfDrops, kOwnSeed, Absent("noise_shape")}, SpatialShape<Sequence>);
const LayerDefinition kSpatialDropout2D = Define(LayerKind::kSpatialDropout2D, "SpatialDropout2D",
                                                 {kRateOfDrops, kOwnSeed, kDataFormat, Absent("noise_shape")}, SpatialShape<Image>);

}  // namespace layers
