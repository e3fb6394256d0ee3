// ZeroPadding2D: padding [[top, bottom], [left, right]] (1 each), data_format channels_last. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

base::Shape OutputShape(const base::Layer& layer, const Shapes& inputs) {
  base::Shape shape = Image(layer, inputs);
  const base::List& sides = layer.attributes.Find("padding")->list();
  for (size_t i = 0; i < 2; ++i) shape[i] += sides[i].list()[0].integer() + sides[i].list()[1].integer();
  return shape;
}

LayerDefinition Define() {
  LayerDefinition padding;
  padding.kind = base::LayerKind::kZeroPadding2D;
  padding.class_names = {"ZeroPadding2D"};
  padding.arguments = {{"padding", ArgumentType::kPadding, "1"}, kDataFormat};
  padding.shape = OutputShape;
  padding.cost.work = Work::kElements;
  padding.range = RangeOfInput;
  padding.exchange.onnx = "Pad";
  return padding;
}

}  // namespace

const LayerDefinition kZeroPadding2D = Define();

}  // namespace layers
