// ZeroPadding2D: padding [[top, bottom], [left, right]] (1 each), data_format channels_last. Cropping2D: cropping (0
// each), likewise. ZeroPadding1D: padding [front, behind] (1 each), data_format channels_last. Cropping1D: cropping (1
// each), likewise. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::List;
using base::Shape;

// Both ends of dimension i: the list is one pair, or one a dimension.
const List& Ends(const base::Value& sides, size_t i) { return sides.list()[0].is_list() ? sides.list()[i].list() : sides.list(); }

const Shape& Input(const Layer& layer, const base::Value& sides, const Shapes& inputs) {
  return sides.list()[0].is_list() ? Image(layer, inputs) : Sequence(layer, inputs);
}

Shape PaddedShape(const Layer& layer, const Shapes& inputs) {
  const base::Value& padding = *layer.attributes.Find("padding");
  Shape shape = Input(layer, padding, inputs);
  for (size_t i = 0; i + 1 < shape.size(); ++i) shape[i] += Ends(padding, i)[0].integer() + Ends(padding, i)[1].integer();
  return shape;
}

Shape CroppedShape(const Layer& layer, const Shapes& inputs) {
  const base::Value& cropping = *layer.attributes.Find("cropping");
  Shape shape = Input(layer, cropping, inputs);
  for (size_t i = 0; i + 1 < shape.size(); ++i) {
    const int64_t front = Ends(cropping, i)[0].integer(), behind = Ends(cropping, i)[1].integer();
    if (front + behind >= shape[i]) {
      Unfit(layer, "argument \"cropping\" takes " + std::to_string(front) + " and " + std::to_string(behind) + " of the " +
                       std::to_string(shape[i]) + " elements of a dimension, the input is " + base::FormatShape(inputs[0]),
            "At least one element must be left.");
    }
    shape[i] -= front + behind;
  }
  return shape;
}

LayerDefinition Define(LayerKind kind, const char* class_name, Argument argument, Shape (*shape)(const Layer&, const Shapes&),
                       const char* onnx) {
  LayerDefinition border;
  border.kind = kind;
  border.class_names = {class_name};
  border.arguments = {argument, kDataFormat};
  border.shape = shape;
  border.cost.work = Work::kElements;
  border.range = RangeOfInput;
  border.exchange.onnx = onnx;
  return border;
}

LayerDefinition DefineCropping(LayerKind kind, const char* class_name, Argument argument) {
  LayerDefinition cropping = Define(kind, class_name, argument, CroppedShape, "Slice");
  cropping.zeros = KeepsZeros;
  return cropping;
}

}  // namespace

const LayerDefinition kZeroPadding1D =
    Define(LayerKind::kZeroPadding1D, "ZeroPadding1D", {"padding", ArgumentType::kEnds, "1"}, PaddedShape, "Pad");
const LayerDefinition kZeroPadding2D =
    Define(LayerKind::kZeroPadding2D, "ZeroPadding2D", {"padding", ArgumentType::kPadding, "1"}, PaddedShape, "Pad");
const LayerDefinition kCropping1D =
    DefineCropping(LayerKind::kCropping1D, "Cropping1D", {"cropping", ArgumentType::kEnds, "1"});
const LayerDefinition kCropping2D =
    DefineCropping(LayerKind::kCropping2D, "Cropping2D", {"cropping", ArgumentType::kPadding, "0"});

}  // namespace layers
