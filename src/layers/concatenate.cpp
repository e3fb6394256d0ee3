// Concatenate: axis -1. No weights. Inputs of one rank, all dimensions but the axis equal.
#include "layers/attributes.hpp"

namespace layers {
namespace {

base::Shape OutputShape(const base::Layer& layer, const Shapes& inputs) {
  const size_t axis = Axes(layer, inputs[0])[0];
  base::Shape shape = inputs[0];
  for (size_t n = 1; n < inputs.size(); ++n) {
    bool fits = inputs[n].size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i) fits = i == axis || inputs[n][i] == shape[i];
    if (!fits) {
      Unfit(layer, "inputs of shapes " + base::FormatShape(inputs[0]) + " and " + base::FormatShape(inputs[n]) +
                       " cannot be concatenated along axis " + std::to_string(Int(layer, "axis")),
            "All other dimensions must be equal.");
    }
    shape[axis] += inputs[n][axis];
  }
  return shape;
}

LayerDefinition Define() {
  LayerDefinition concatenate;
  concatenate.kind = base::LayerKind::kConcatenate;
  concatenate.class_names = {"Concatenate"};
  concatenate.arguments = {{"axis", ArgumentType::kAxis, "-1"}};
  concatenate.max_inputs = kMostInputs;
  concatenate.shape = OutputShape;
  concatenate.cost.work = Work::kElements;
  concatenate.exchange.onnx = "Concat";
  return concatenate;
}

}  // namespace

const LayerDefinition kConcatenate = Define();

}  // namespace layers
