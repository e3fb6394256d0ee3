// Masking: mask_value 0.0. Time steps of which every feature is mask_value are masked, and become zeros.
// Reverse: no arguments. The first dimension in the opposite order; a mask stays as it is. It follows the backward half
// of a Bidirectional layer, whose output is in the order in which it was computed, while its mask is in the order of the sequence.
// Slice: begin 0 count, size ! positive, squeeze false. Indexes begin .. begin + size - 1 of the first dimension;
// squeeze, with a size of 1, leaves the dimension out.
// No weights. Keras has no layers of the last two names: readers make them.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

Shape MaskedShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() < 2) Unfit(layer, "needs an input of shape (time, features), got " + base::FormatShape(inputs[0]));
  return inputs[0];
}

Shape ReversedShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].empty()) Unfit(layer, "needs an input with a dimension, got a scalar");
  return inputs[0];
}

Shape SlicedShape(const Layer& layer, const Shapes& inputs) {
  const int64_t begin = Int(layer, "begin"), size = Int(layer, "size");
  const bool squeeze = Bool(layer, "squeeze");
  if (inputs[0].empty() || begin + size > inputs[0][0]) {
    Unfit(layer, "the input " + base::FormatShape(inputs[0]) + " has no indexes " + std::to_string(begin) + " to " +
                     std::to_string(begin + size - 1));
  }
  if (squeeze && size != 1) Unfit(layer, "argument \"squeeze\" needs a size of 1, got " + std::to_string(size));
  Shape shape = inputs[0];
  shape[0] = size;
  if (squeeze) shape.erase(shape.begin());
  return shape;
}

LayerDefinition Define(LayerKind kind, const char* class_name, std::vector<Argument> arguments, Shape (*shape)(const Layer&, const Shapes&)) {
  LayerDefinition definition;
  definition.kind = kind;
  definition.class_names = {class_name};
  definition.arguments = std::move(arguments);
  definition.shape = shape;
  definition.cost.work = Work::kElements;
  definition.zeros = KeepsZeros;
  return definition;
}

LayerDefinition DefineMasking() {
  LayerDefinition masking = Define(LayerKind::kMasking, "Masking", {{"mask_value", T::kNumber, "0.0"}}, MaskedShape);
  masking.cost.operations = 3;
  masking.cost.flops = OneAnElement;
  return masking;
}

LayerDefinition DefineReverse() {
  LayerDefinition reverse = Define(LayerKind::kReverse, "Reverse", {}, ReversedShape);
  reverse.range = RangeOfInput;
  return reverse;
}

}  // namespace

const LayerDefinition kMasking = DefineMasking();
const LayerDefinition kReverse = DefineReverse();
const LayerDefinition kSlice = Define(LayerKind::kSlice, "Slice", {{"begin", T::kCount, "0"}, {"size", T::kPositive}, {"squeeze", T::kBool, "False"}},
                                      SlicedShape);

}  // namespace layers
