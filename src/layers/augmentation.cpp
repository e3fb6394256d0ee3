// Images that are changed at random in training and left alone otherwise. All take (height, width, channels) and have
// seed null and data_format channels_last. No weights. The draws belong to the run: engine/torch/layers/augmentation.cpp.
//
// RandomFlip: mode choice horizontal_and_vertical | horizontal | vertical.
// RandomRotation: factor ! span, in full circles. RandomTranslation: height_factor ! span, width_factor ! span, in
// heights and widths, from -1 to 1. RandomZoom: height_factor ! span, width_factor span or null (then as the height),
// from -1 (excluded) to 1; 0.1 shows a tenth more of the image. All three: fill_mode choice reflect | constant | wrap |
// nearest, interpolation choice bilinear | nearest, fill_value 0.0.
// RandomContrast: factor ! spread [lower, upper]: (x - mean) * f + mean of each channel with f from 1 - lower to 1 +
// upper; value_range two ascending numbers ([0, 255]), to which the result is cut.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

double End(const Layer& layer, const char* name, size_t i) { return layer.attributes.Find(name)->list()[i].number(); }

Shape ImageShape(const Layer& layer, const Shapes& inputs) { return Image(layer, inputs); }

Shape TranslatedShape(const Layer& layer, const Shapes& inputs) {
  for (const char* name : {"height_factor", "width_factor"}) {
    if (End(layer, name, 0) < -1 || End(layer, name, 1) > 1) {
      Unfit(layer, "argument " + Quote(name) + " must lie from -1 to 1" + Got(*layer.attributes.Find(name)), "1 is the whole image.");
    }
  }
  return Image(layer, inputs);
}

Shape ZoomedShape(const Layer& layer, const Shapes& inputs) {
  for (const char* name : {"height_factor", "width_factor"}) {
    if (layer.attributes.Find(name)->is_null()) continue;
    if (End(layer, name, 0) <= -1 || End(layer, name, 1) > 1) {
      Unfit(layer, "argument " + Quote(name) + " must be greater than -1 and at most 1" + Got(*layer.attributes.Find(name)),
            "-1 would show nothing of the image.");
    }
  }
  return Image(layer, inputs);
}

Shape ContrastedShape(const Layer& layer, const Shapes& inputs) {
  if (End(layer, "factor", 0) > 1) {
    Unfit(layer, "argument \"factor\" must not go more than 1 below" + Got(*layer.attributes.Find("factor")), "1 takes all contrast away.");
  }
  return Image(layer, inputs);
}

// Four pixels with their shares.
double FlopsOfTransform(const Layer&, const Shapes&, const Shape& output) { return 8 * Elements(output); }
double FlopsOfContrast(const Layer&, const Shapes&, const Shape& output) { return 6 * Elements(output); }

LayerDefinition Define(LayerKind kind, const char* class_name, std::vector<Argument> arguments, Shape (*shape)(const Layer&, const Shapes&),
                       double (*flops)(const Layer&, const Shapes&, const Shape&)) {
  LayerDefinition random;
  random.kind = kind;
  random.class_names = {class_name};
  random.arguments = std::move(arguments);
  random.arguments.push_back({"seed", T::kSeed, "None"});
  random.arguments.push_back(kDataFormat);
  random.arguments.push_back(Absent("bounding_box_format"));
  random.shape = shape;
  random.cost.work = Work::kDraws;
  random.cost.operations = 12;
  random.cost.flops = flops;
  random.range = RangeOfInput;
  return random;
}

LayerDefinition DefineTransform(LayerKind kind, const char* class_name, std::vector<Argument> factors,
                                Shape (*shape)(const Layer&, const Shapes&)) {
  factors.push_back({"fill_mode", T::kChoice, "'reflect'", "reflect constant wrap nearest"});
  factors.push_back({"interpolation", T::kChoice, "'bilinear'", "bilinear nearest"});
  factors.push_back({"fill_value", T::kNumber, "0.0"});
  return Define(kind, class_name, std::move(factors), shape, FlopsOfTransform);
}

}  // namespace

const LayerDefinition kRandomFlip = Define(
    LayerKind::kRandomFlip, "RandomFlip",
    {{"mode", T::kChoice, "'horizontal_and_vertical'", "horizontal_and_vertical horizontal vertical"}}, ImageShape, nullptr);
const LayerDefinition kRandomRotation = DefineTransform(LayerKind::kRandomRotation, "RandomRotation", {{"factor", T::kSpan}}, ImageShape);
const LayerDefinition kRandomTranslation =
    DefineTransform(LayerKind::kRandomTranslation, "RandomTranslation", {{"height_factor", T::kSpan}, {"width_factor", T::kSpan}},
                    TranslatedShape);
const LayerDefinition kRandomZoom = DefineTransform(
    LayerKind::kRandomZoom, "RandomZoom", {{"height_factor", T::kSpan}, {"width_factor", T::kSpanOrNull, "None"}}, ZoomedShape);
const LayerDefinition kRandomContrast =
    Define(LayerKind::kRandomContrast, "RandomContrast", {{"factor", T::kSpread}, {"value_range", T::kInterval, "[0, 255]"}}, ContrastedShape,
           FlopsOfContrast);

}  // namespace layers
