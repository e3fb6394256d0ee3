// Activation: activation !. ReLU: max_value double >= 0 or null (null), negative_slope 0.0, threshold 0.0. LeakyReLU:
// alpha 0.3. ELU: alpha 1.0. ThresholdedReLU: theta 1.0. Softmax: axis -1. No weights.
// PReLU: alpha_initializer, alpha_regularizer, alpha_constraint, shared_axes axes ([]). Weights: alpha, shaped like the
// input with 1 for the shared axes.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

Shape ActivationShape(const Layer& layer, const Shapes& inputs) {
  const bool softmax = Text(layer, "activation").find("softmax") != std::string::npos;
  if (softmax && inputs[0].empty()) Unfit(layer, "needs an input with a dimension, got a scalar");
  return inputs[0];
}

Zeros ZerosOfReLU(const Layer& layer) {
  const base::Value* slope = layer.attributes.Find("negative_slope");
  return slope == nullptr || !slope->is_number() || slope->number() == 0 ? Zeros::kMade : Zeros::kNone;
}

Range RangeOfReLU(const Layer& layer, size_t) {
  return layer.attributes.Find("negative_slope")->number() == 0 ? Range::kNotNegative : Range::kAny;
}

// Over another dimension than the last one it gives no distribution there.
Range RangeOfSoftmax(const Layer& layer, size_t rank) {
  const int64_t axis = Int(layer, "axis");
  return axis == -1 || axis == static_cast<int64_t>(rank) ? Range::kSoftmax : Range::kZeroToOne;
}

LayerDefinition Define(LayerKind kind, const char* class_name, std::vector<Argument> arguments, const char* onnx) {
  LayerDefinition activation;
  activation.kind = kind;
  activation.class_names = {class_name};
  activation.arguments = std::move(arguments);
  activation.shape = SameShape;
  activation.cost.work = Work::kElements;
  activation.cost.flops = OneAnElement;
  activation.range = AnyRange;
  activation.exchange.onnx = onnx;
  return activation;
}

LayerDefinition DefineActivation() {
  LayerDefinition activation = Define(LayerKind::kActivation, "Activation", {{"activation", T::kActivation}}, nullptr);
  activation.shape = ActivationShape;
  activation.zeros = ZerosOfActivation;
  activation.range = RangeOfActivation;
  return activation;
}

LayerDefinition DefineReLU() {
  LayerDefinition relu = Define(
      LayerKind::kReLU, "ReLU",
      {{"max_value", T::kNonNegativeOrNull, "None"}, {"negative_slope", T::kNonNegative, "0.0"}, {"threshold", T::kNonNegative, "0.0"}},
      "Relu");
  relu.zeros = ZerosOfReLU;
  relu.range = RangeOfReLU;
  return relu;
}

LayerDefinition DefineSoftmax() {
  LayerDefinition softmax = Define(LayerKind::kSoftmax, "Softmax", {{"axis", T::kAxis, "-1"}}, "Softmax");
  softmax.shape = NormalizedShape;
  softmax.range = RangeOfSoftmax;
  return softmax;
}

LayerDefinition DefineThresholdedReLU() {
  LayerDefinition relu = Define(LayerKind::kThresholdedReLU, "ThresholdedReLU", {{"theta", T::kNonNegative, "1.0"}}, "ThresholdedRelu");
  relu.zeros = [](const Layer&) { return Zeros::kMade; };
  relu.range = [](const Layer&, size_t) { return Range::kNotNegative; };
  return relu;
}

// Refuses axes that are not there.
Shape ShapeOfPReLU(const Layer& layer, const Shapes& inputs) {
  Positions(layer, "shared_axes", inputs[0]);
  return inputs[0];
}

std::vector<base::WeightSpec> WeightsOfPReLU(const Layer& layer, const Shapes& inputs) {
  Shape shape = inputs[0];
  for (const size_t position : Positions(layer, "shared_axes", inputs[0])) shape[position] = 1;
  return {Weight(layer, "alpha", "alpha", shape)};
}

double FlopsOfPReLU(const Layer&, const Shapes&, const Shape& output) { return 2 * Elements(output); }

LayerDefinition DefinePReLU() {
  LayerDefinition relu = Define(
      LayerKind::kPReLU, "PReLU",
      {Initializer("alpha_initializer", "'zeros'"), Regularizer("alpha_regularizer"), Constraint("alpha_constraint"),
       {"shared_axes", T::kAxesOrNone, "None"}},
      "PRelu");
  relu.shape = ShapeOfPReLU;
  relu.weights = WeightsOfPReLU;
  relu.cost.operations = 4;
  relu.cost.flops = FlopsOfPReLU;
  return relu;
}

}  // namespace

const LayerDefinition kActivation = DefineActivation();
const LayerDefinition kReLU = DefineReLU();
const LayerDefinition kLeakyReLU = Define(LayerKind::kLeakyReLU, "LeakyReLU", {{"alpha", T::kNonNegative, "0.3"}}, "LeakyRelu");
const LayerDefinition kELU = Define(LayerKind::kELU, "ELU", {{"alpha", T::kNumber, "1.0"}}, "Elu");
const LayerDefinition kThresholdedReLU = DefineThresholdedReLU();
const LayerDefinition kPReLU = DefinePReLU();
const LayerDefinition kSoftmax = DefineSoftmax();

}  // namespace layers
