// Flatten: data_format channels_last. Reshape: target_shape ! list of integers, at most one of them -1. No weights;
// both are views of their input.
#include <algorithm>

#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
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

}  // namespace

const LayerDefinition kFlatten = Define(base::LayerKind::kFlatten, "Flatten", {kDataFormat}, FlatShape);
const LayerDefinition kReshape =
    Define(base::LayerKind::kReshape, "Reshape", {{"target_shape", ArgumentType::kTargetShape}}, TargetShape);

}  // namespace layers
