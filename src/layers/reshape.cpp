// Flatten: data_format channels_last. Reshape: target_shape ! list of integers, at most one of them -1. Both are views
// of their input. Permute: dims ! list of the positions 1 to n (0 would be the batch) in their new order. RepeatVector:
// n ! positive. No weights.
#include <algorithm>

#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;

Shape FlatShape(const Layer&, const Shapes& inputs) { return {base::ElementCount(inputs[0])}; }

Shape TargetShape(const Layer& layer, const Shapes& inputs) {
  const int64_t count = base::ElementCount(inputs[0]);
  Shape shape;
  double known = 1;  // a product of sizes up to 2^31: may pass what an integer holds
  for (const base::Value& size : layer.attributes.Find("target_shape")->list()) {
    shape.push_back(size.integer());
    if (shape.back() > 0) known *= static_cast<double>(shape.back());
  }
  const auto open = std::find(shape.begin(), shape.end(), -1);
  const bool fits = known <= static_cast<double>(count) &&
                    (open == shape.end() ? static_cast<int64_t>(known) == count : count % static_cast<int64_t>(known) == 0);
  if (!fits) {
    Unfit(layer, "the " + std::to_string(count) + " elements of the input " + base::FormatShape(inputs[0]) + " do not fit target_shape " +
                     base::FormatShape(shape));
  }
  if (open != shape.end()) *open = count / static_cast<int64_t>(known);
  return shape;
}

LayerDefinition Define(base::LayerKind kind, const char* class_name, std::vector<Argument> arguments,
                       Shape (*shape)(const Layer&, const Shapes&)) {
  LayerDefinition view;
  view.kind = kind;
  view.class_names = {class_name};
  view.arguments = std::move(arguments);
  view.shape = shape;
  view.cost.work = Work::kElements;
  view.cost.operations = 0;
  view.zeros = KeepsZeros;
  view.range = RangeOfInput;
  view.exchange.onnx = class_name;
  return view;
}

size_t Position(const Layer& layer, size_t i) { return static_cast<size_t>(ListElement(layer, "dims", i)) - 1; }

Shape PermutedShape(const Layer& layer, const Shapes& inputs) {
  const size_t count = layer.attributes.Find("dims")->list().size();
  if (count != inputs[0].size()) {
    Unfit(layer, "argument \"dims\" names " + std::to_string(count) + " dimensions, the input " + base::FormatShape(inputs[0]) + " has " +
                     std::to_string(inputs[0].size()),
          "The batch is not counted: the first dimension behind it is 1.");
  }
  Shape shape;
  for (size_t i = 0; i < count; ++i) shape.push_back(inputs[0][Position(layer, i)]);
  return shape;
}

// What added up to 1 over the last dimension does so over another one.
Range RangeOfPermuted(const Layer& layer, size_t rank) {
  return rank > 0 && Position(layer, rank - 1) == rank - 1 ? Range::kOfInput : Range::kUnknown;
}

LayerDefinition DefinePermute() {
  LayerDefinition permute = Define(LayerKind::kPermute, "Permute", {{"dims", ArgumentType::kPermutation}}, PermutedShape);
  permute.cost.operations = 1;
  permute.range = RangeOfPermuted;
  permute.exchange.onnx = "Transpose";
  return permute;
}

Shape RepeatedShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 1) {
    Unfit(layer, "needs an input of shape (features), got " + base::FormatShape(inputs[0]), "A Flatten in front of it makes one.");
  }
  return {Int(layer, "n"), inputs[0][0]};
}

LayerDefinition DefineRepeatVector() {
  LayerDefinition repeat = Define(LayerKind::kRepeatVector, "RepeatVector", {{"n", ArgumentType::kPositive}}, RepeatedShape);
  repeat.cost.operations = 1;
  repeat.exchange.onnx = nullptr;
  return repeat;
}

}  // namespace

const LayerDefinition kFlatten = Define(LayerKind::kFlatten, "Flatten", {kDataFormat}, FlatShape);
const LayerDefinition kReshape =
    Define(LayerKind::kReshape, "Reshape", {{"target_shape", ArgumentType::kTargetShape}}, TargetShape);
const LayerDefinition kPermute = DefinePermute();
const LayerDefinition kRepeatVector = DefineRepeatVector();

}  // namespace layers
