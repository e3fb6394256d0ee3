// Add, Subtract (of two inputs), Multiply, Average, Maximum, Minimum: no arguments, no weights. Inputs of one rank, dimensions equal or 1.
#include <algorithm>

#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = inputs[0];
  for (const Shape& input : inputs) {
    bool fits = input.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i) {
      fits = input[i] == shape[i] || input[i] == 1 || shape[i] == 1;
      shape[i] = std::max(shape[i], input[i]);
    }
    if (!fits) {
      Unfit(layer, "the shapes of its inputs differ: " + base::FormatShape(inputs[0]) + " and " + base::FormatShape(input),
            "Dimensions must be equal or 1.");
    }
  }
  return shape;
}

double Flops(const Layer&, const Shapes& inputs, const Shape& output) {
  return static_cast<double>(inputs.size() - 1) * Elements(output);
}

LayerDefinition Define(LayerKind kind, const char* class_name, const char* onnx, size_t most_inputs = kMostInputs) {
  LayerDefinition merge;
  merge.kind = kind;
  merge.class_names = {class_name};
  merge.min_inputs = 2;
  merge.max_inputs = most_inputs;
  merge.shape = OutputShape;
  merge.cost.work = Work::kElements;
  merge.cost.flops = Flops;
  merge.exchange.onnx = onnx;
  return merge;
}

}  // namespace

const LayerDefinition kAdd = Define(LayerKind::kAdd, "Add", "Sum");
const LayerDefinition kMultiply = Define(LayerKind::kMultiply, "Multiply", nullptr);  // ONNX multiplies two tensors only
const LayerDefinition kAverage = Define(LayerKind::kAverage, "Average", "Mean");
const LayerDefinition kMaximum = Define(LayerKind::kMaximum, "Maximum", "Max");
const LayerDefinition kMinimum = Define(LayerKind::kMinimum, "Minimum", "Min");
const LayerDefinition kSubtract = Define(LayerKind::kSubtract, "Subtract", "Sub", 2);

}  // namespace layers
